/** From sums to figures: a function each. docs/bench.md has the formulas with their sources. */
import type { MeasuredTokenizer } from '../tokenizers/types'
import { tokenLengths } from './lengths'
import { renyi } from './renyi'
import type { Tally } from './tally'
import type { Figures, Share, TextCounts } from './types'

/** All tokens of the text, those of Latin letters and punctuation too, by its Hangul syllables. Lower is cheaper. */
export function tokensPerSyllable(tokens: number, { syllables }: TextCounts): number | null {
  return ratio(tokens, syllables)
}

/** Code points by tokens, white space counted. Higher is cheaper. */
export function charactersPerToken(tokens: number, { characters }: TextCounts): number | null {
  return ratio(characters, tokens)
}

/** Bytes of UTF-8 by tokens (compression ratio). Higher is cheaper. */
export function bytesPerToken(tokens: number, { bytes }: TextCounts): number | null {
  return ratio(bytes, tokens)
}

/** Tokens an eojeol. Rust et al., ACL 2021 (arXiv 2012.15613), "fertility". */
export function fertility(tokens: number, { words }: TextCounts): number | null {
  return ratio(tokens, words)
}

/** Eojeols inside which a token begins, as they stand in the sentence. Rust et al., "proportion of continued words". */
export function splitWords({ splitWords, words }: Tally): Share {
  return shareOf(splitWords, words)
}

/** Tokens that are a byte or cut a character, by all tokens. */
export function byteTokens({ uses, tokens }: Tally, { byteIds }: Pick<MeasuredTokenizer, 'byteIds'>): Share {
  return shareOf(sumWhere(uses, byteIds), tokens)
}

/** Unknown tokens by all tokens: each stands for text that is gone. */
export function unknownTokens({ uses, tokens }: Tally, { unkId }: Pick<MeasuredTokenizer, 'unkId'>): Share {
  return shareOf(unkId < 0 ? 0 : uses[unkId], tokens)
}

/** Ids that the text uses, of those from `first` on that text can lead to. */
export function utilisation({ uses }: Tally, { special }: Pick<MeasuredTokenizer, 'special'>, first = 0): Share {
  let used = 0
  let all = 0
  for (let id = first; id < uses.length; id++) {
    if (special[id] === 1) continue
    all++
    if (uses[id] > 0) used++
  }
  return shareOf(used, all)
}

/** Boundaries before josa and eomi at which a token begins. */
export function morphemeAgreement({ boundaries, agreeing }: Tally): Share {
  return shareOf(agreeing, boundaries)
}

export interface FiguresOptions {
  /** First id that an extension added; null for none. */
  addedFrom: number | null
  /** Whether a morphological analyser was there. */
  morphemes: boolean
}

export function figuresOf(
  tally: Tally,
  text: TextCounts,
  tokenizer: MeasuredTokenizer,
  { addedFrom, morphemes }: FiguresOptions,
): Figures {
  const { tokens } = tally
  const ids = utilisation(tally, tokenizer)
  return {
    tokens,
    tokensPerSyllable: tokensPerSyllable(tokens, text),
    charactersPerToken: charactersPerToken(tokens, text),
    bytesPerToken: bytesPerToken(tokens, text),
    fertility: fertility(tokens, text),
    splitWords: splitWords(tally),
    unalignedLines: tally.unalignedLines,
    byteTokens: byteTokens(tally, tokenizer),
    unknownTokens: unknownTokens(tally, tokenizer),
    roundTrip: { lines: tally.lines, changed: tally.changedLines, lost: tally.lostLines },
    renyi: renyi(tally.uses, ids.of),
    utilisation: ids,
    addedUtilisation: addedFrom === null ? null : utilisation(tally, tokenizer, addedFrom),
    lengths: tokenLengths(tally.uses, tokenizer),
    morphemes: morphemes ? morphemeAgreement(tally) : null,
  }
}

export function ratio(a: number, b: number): number | null {
  return b > 0 ? a / b : null
}

function shareOf(count: number, of: number): Share {
  return { count, of, share: ratio(count, of) }
}

function sumWhere(uses: Float64Array, mask: Uint8Array): number {
  let sum = 0
  for (let id = 0; id < uses.length; id++) if (mask[id] === 1) sum += uses[id]
  return sum
}
