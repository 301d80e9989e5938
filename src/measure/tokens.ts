/** How many tokens a text costs, in the field's units. */
import { countTokens, type Encoder } from '../tokenizer/encoder'
import { addText, noText } from './text-counts'

export interface TokenMeasure {
  lines: number
  /** Without what a post-processor adds. */
  tokens: number
  /** Precomposed Hangul syllables, U+AC00 to U+D7A3. */
  syllables: number
  /** Eojeols: runs without white space. */
  words: number
  /** UTF-8; line ends are not counted. */
  bytes: number
  /** All tokens of the text by its Hangul syllables; NaN without any. */
  tokensPerSyllable: number
  /** Fertility: tokens an eojeol. */
  tokensPerWord: number
  bytesPerToken: number
}

/** Encodes every line as a text of its own and adds up. */
export function measureTokens(encoder: Encoder, lines: Iterable<string>): TokenMeasure {
  const text = noText()
  let tokens = 0
  for (const line of lines) {
    tokens += countTokens(encoder, line)
    addText(text, line)
  }
  return {
    lines: text.lines,
    tokens,
    syllables: text.syllables,
    words: text.words,
    bytes: text.bytes,
    tokensPerSyllable: tokens / text.syllables,
    tokensPerWord: tokens / text.words,
    bytesPerToken: text.bytes / tokens,
  }
}
