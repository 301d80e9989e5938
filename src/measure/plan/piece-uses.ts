import type { WordCounts } from '../../counts/types'
import { mergeWord } from '../../tokenizer/encode-words'
import { createEncoder } from '../../tokenizer/encoder'
import type { Tokenizer } from '../../tokenizer/types'
import { type TakenBack, takeBack } from './take-back'
import { countSyllables } from './token-curve'
import type { Rarest } from './types'

/**
 * How often each id stands in counted words, and their Hangul syllables. Words are merged as training merges them:
 * `ignore_merges` plays no part.
 */
export function usesInWords(tokenizer: Tokenizer, words: WordCounts): { uses: Float64Array; syllables: number } {
  const encoder = createEncoder(tokenizer)
  const { bytes, offsets, counts } = words
  const uses = new Float64Array(tokenizer.pieces.length)
  let syllables = 0
  for (let word = 0; word < counts.length; word++) {
    const start = offsets[word]
    const end = offsets[word + 1]
    const count = counts[word]
    syllables += count * countSyllables(bytes, start, end)
    encoder.text.set(bytes.subarray(start, end), 1)
    const size = mergeWord(encoder, 1, end - start + 1, true, true)
    for (let i = 0; i < size; i++) uses[encoder.word[i]] += count
  }
  return { uses, syllables }
}

/**
 * Calls back with the uses of the first n pieces at size n, in rising order, from the largest size to the smallest. A
 * piece that later ones are made of is used less the larger the size: what its pair was counted when it was learned says
 * little about how often it is a token in the end.
 *
 * @param sizes rising
 */
export function usesBySize(
  uses: Float64Array,
  steps: readonly TakenBack[][],
  firstNew: number,
  sizes: readonly number[],
  visit: (size: number, uses: Float64Array) => void,
): void {
  const left = uses.slice()
  let next = sizes.length - 1
  for (let size = steps.length - 1; size >= 0 && next >= 0; size--) {
    if (sizes[next] === size) {
      visit(size, left.slice(firstNew, firstNew + size).sort())
      next--
    }
    takeBack(left, steps[size])
  }
}

/** Of values in rising order, one or more. */
export function rarestOf(sorted: Float64Array): Rarest {
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return { least: sorted[0], p5: at(0.05), p10: at(0.1) }
}

/** How many values in rising order are below a limit. */
export function countBelow(sorted: Float64Array, limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < limit) low = middle + 1
    else high = middle
  }
  return low
}
