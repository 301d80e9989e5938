import type { MeasuredTokenizer } from '../tokenizers/types'
import type { TokenLengths } from './types'

/** The histogram's last column: tokens of that many characters and more. */
export const LONGEST_COLUMN = 16

/**
 * Characters a token: those that begin in it, so that the first of the three bytes of a syllable has the syllable and
 * the others have none, and the sum over a text is its characters. A space in a token counts. Tokens without text of
 * their own (unknown) are left out. Quantiles are by nearest rank: the smallest length that so many tokens do not exceed.
 */
export function tokenLengths(uses: Float64Array, tokenizer: Pick<MeasuredTokenizer, 'bytes'>): TokenLengths {
  const counts: number[] = []
  uses.forEach((count, id) => {
    const bytes = count > 0 ? tokenizer.bytes[id] : null
    if (!bytes) return
    const length = charactersOf(bytes)
    counts[length] = (counts[length] ?? 0) + count
  })
  const histogram = new Array<number>(LONGEST_COLUMN + 1).fill(0)
  let tokens = 0
  let characters = 0
  counts.forEach((count, length) => {
    histogram[Math.min(length, LONGEST_COLUMN)] += count
    tokens += count
    characters += count * length
  })
  return {
    histogram,
    mean: tokens > 0 ? characters / tokens : null,
    median: quantile(counts, tokens, 0.5),
    p90: quantile(counts, tokens, 0.9),
    p99: quantile(counts, tokens, 0.99),
    longest: tokens > 0 ? counts.length - 1 : null,
  }
}

function charactersOf(bytes: Uint8Array): number {
  let begins = 0
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) begins++
  return begins
}

function quantile(counts: readonly number[], tokens: number, share: number): number | null {
  let below = 0
  for (let length = 0; length < counts.length; length++) {
    below += counts[length] ?? 0
    if (below > 0 && below >= share * tokens) return length
  }
  return null
}
