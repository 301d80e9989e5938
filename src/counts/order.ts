/** The order of {@link WordCounts}, checked and made. */
import type { WordCounts } from './types'

/** Whether counts fall and, where they are equal, words rise by their bytes, none standing twice in a row. */
export function isOrdered(table: WordCounts): boolean {
  const { counts } = table
  for (let i = 1; i < counts.length; i++) {
    if (counts[i] > counts[i - 1]) return false
    if (counts[i] === counts[i - 1] && compareWords(table, i - 1, i) >= 0) return false
  }
  return true
}

/**
 * The same words in order, each once, the counts of equal words added up. For tables that other tools wrote; ours are
 * written in order.
 */
export function orderWords(table: WordCounts): WordCounts {
  const byWord = Uint32Array.from(table.counts, (_, i) => i).sort((a, b) => compareWords(table, a, b))
  const sums = new Float64Array(table.counts.length)
  let distinct = 0
  byWord.forEach((word, i) => {
    // Writing behind the place that is read: byWord becomes the list of distinct words.
    if (i > 0 && compareWords(table, byWord[distinct - 1], word) === 0) sums[distinct - 1] += table.counts[word]
    else {
      byWord[distinct] = word
      sums[distinct++] = table.counts[word]
    }
  })
  // The place in the order of words settles ties.
  const order = Uint32Array.from({ length: distinct }, (_, i) => i).sort((a, b) => sums[b] - sums[a] || a - b)
  const counts = new Float64Array(distinct)
  const offsets = new Uint32Array(distinct + 1)
  const bytes = new Uint8Array(table.bytes.length)
  let end = 0
  order.forEach((place, i) => {
    const word = byWord[place]
    const spelled = table.bytes.subarray(table.offsets[word], table.offsets[word + 1])
    bytes.set(spelled, end)
    end += spelled.length
    offsets[i + 1] = end
    counts[i] = sums[place]
  })
  return { bytes: bytes.slice(0, end), offsets, counts, meta: table.meta }
}

/** Negative, 0 or positive: words a and b of the table by their bytes. */
function compareWords({ bytes, offsets }: WordCounts, a: number, b: number): number {
  let i = offsets[a]
  let j = offsets[b]
  const endA = offsets[a + 1]
  const endB = offsets[b + 1]
  for (; i < endA && j < endB; i++, j++) if (bytes[i] !== bytes[j]) return bytes[i] - bytes[j]
  return endA - i - (endB - j)
}
