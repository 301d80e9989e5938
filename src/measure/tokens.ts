/** How many tokens a text costs, in the field's units. */
import { encodeUtf8 } from '../text/utf8'
import { countTokens, type Encoder } from '../tokenizer/encoder'

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
  let count = 0
  let tokens = 0
  let syllables = 0
  let words = 0
  let bytes = 0
  for (const line of lines) {
    count++
    tokens += countTokens(encoder, line)
    bytes += encodeUtf8(line).length
    let inWord = false
    for (let i = 0; i < line.length; i++) {
      const unit = line.charCodeAt(i)
      if (unit >= 0xac00 && unit <= 0xd7a3) syllables++
      const space = isSpace(unit)
      if (!space && !inWord) words++
      inWord = !space
    }
  }
  return {
    lines: count,
    tokens,
    syllables,
    words,
    bytes,
    tokensPerSyllable: tokens / syllables,
    tokensPerWord: tokens / words,
    bytesPerToken: bytes / tokens,
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0 || unit === 0x3000
}
