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

type Words = Pick<WordCounts, 'bytes' | 'offsets'>

/** Fills `places`, one a word, with the places of the words by their UTF-8 bytes, equal words in order of their places. */
export function sortPlaces(words: Words, places: Uint32Array, keys: Keys): void {
  for (let i = 0; i < places.length; i++) places[i] = i
  sortByBytes(words, places, 0, places.length, 0, keys)
}

/** The same words in order, each once, the counts of equal words added up. */
export function orderWords(table: WordCounts): WordCounts {
  const { bytes, offsets, counts } = table
  const byWord = new Uint32Array(counts.length)
  sortPlaces(table, byWord, createKeys(byWord.length))
  const sums = new Float64Array(counts.length)
  let distinct = 0
  for (let i = 0; i < byWord.length; i++) {
    const word = byWord[i]
    // Writing behind the place that is read: byWord becomes the list of distinct words.
    if (distinct > 0 && compareWords(table, byWord[distinct - 1], word) === 0) sums[distinct - 1] += counts[word]
    else {
      byWord[distinct] = word
      sums[distinct++] = counts[word]
    }
  }
  const places = byCountFalling(sums.subarray(0, distinct))
  const ordered: WordCounts = {
    bytes: new Uint8Array(bytes.length),
    offsets: new Uint32Array(distinct + 1),
    counts: new Float64Array(distinct),
    meta: table.meta,
  }
  let end = 0
  for (let i = 0; i < distinct; i++) {
    const word = byWord[places[i]]
    for (let from = offsets[word]; from < offsets[word + 1]; from++) ordered.bytes[end++] = bytes[from]
    ordered.offsets[i + 1] = end
    ordered.counts[i] = sums[places[i]]
  }
  ordered.bytes = ordered.bytes.subarray(0, end)
  return ordered
}

/** Places by value, the highest first, equal ones in order: a stable counting sort, with one bucket a distinct value. */
export function byCountFalling(values: Float64Array): Uint32Array {
  const distinct = Float64Array.from(new Set(values)).sort()
  const bucketOf = new Map<number, number>()
  for (let i = 0; i < distinct.length; i++) bucketOf.set(distinct[i], distinct.length - 1 - i)
  const starts = new Uint32Array(distinct.length + 1)
  for (let i = 0; i < values.length; i++) starts[bucketOf.get(values[i])! + 1]++
  for (let i = 0; i < distinct.length; i++) starts[i + 1] += starts[i]
  const places = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) places[starts[bucketOf.get(values[i])!]++] = i
  return places
}

/** Bytes of the word that one pass of the sort looks at; the other 24 bits of its 64 are the place. */
const PASS_BYTES = 5

/** Equal words share all their bytes: beyond this depth the rest is compared. */
const DEPTH_MAX = 60

export interface Keys {
  sorted: BigUint64Array
  halves: Uint32Array
  words: Uint32Array
}

/** Room to sort so many words in; more than 2^24 are sorted without it, which takes long. */
export function createKeys(size: number): Keys {
  const sorted = new BigUint64Array(Math.min(size, 2 ** 24))
  return { sorted, halves: new Uint32Array(sorted.buffer), words: new Uint32Array(sorted.length) }
}

const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/**
 * Sorts words[from .. to) by their bytes from `depth` on.
 *
 * Sorting millions of places with a comparison function takes tens of seconds; the engine sorts 64-bit numbers in tenths
 * of one. So five bytes and the place make one number, and ranges that stay equal go on with the next five.
 */
function sortByBytes(table: Words, words: Uint32Array, from: number, to: number, depth: number, keys: Keys): void {
  const size = to - from
  if (size < 2) return
  if (size < 24 || size > keys.sorted.length || depth > DEPTH_MAX) {
    words.subarray(from, to).sort((a, b) => compareWords(table, a, b) || a - b)
    return
  }
  const { bytes, offsets } = table
  const { sorted, halves } = keys
  for (let i = 0; i < size; i++) {
    const word = words[from + i]
    const at = offsets[word] + depth
    const left = offsets[word + 1] - at
    // A word that ends is before all that go on: each byte counts from 1. 257^5 does not fit 40 bits, so byte values are
    // shifted by one with the highest two sharing a number; UTF-8 has neither.
    let high = 0
    for (let b = 0; b < 4; b++) high = high * 256 + (b < left ? digit(bytes[at + b]) : 0)
    const last = left > 4 ? digit(bytes[at + 4]) : 0
    halves[2 * i + (LITTLE ? 1 : 0)] = high
    halves[2 * i + (LITTLE ? 0 : 1)] = (last << 24) | i
  }
  sorted.subarray(0, size).sort()
  const before = keys.words.subarray(0, size)
  before.set(words.subarray(from, to))
  for (let i = 0; i < size; i++) words[from + i] = before[halves[2 * i + (LITTLE ? 0 : 1)] & 0xffffff]
  // Ranges of words that share all five bytes. The keys are used again inside, so the ranges are found first.
  const ranges: number[] = []
  for (let start = 0, i = 1; i <= size; i++) {
    if (i < size && samePrefix(halves, i, start)) continue
    if (i - start > 1) ranges.push(from + start, from + i)
    start = i
  }
  for (let r = 0; r < ranges.length; r += 2)
    sortByBytes(table, words, ranges[r], ranges[r + 1], depth + PASS_BYTES, keys)
}

function samePrefix(halves: Uint32Array, a: number, b: number): boolean {
  const [high, low] = LITTLE ? [1, 0] : [0, 1]
  return halves[2 * a + high] === halves[2 * b + high] && halves[2 * a + low] >>> 24 === halves[2 * b + low] >>> 24
}

function digit(byte: number): number {
  return byte < 0xff ? byte + 1 : 0xff
}

/** Negative, 0 or positive: words a and b of the table by their bytes. */
function compareWords({ bytes, offsets }: Words, a: number, b: number): number {
  let i = offsets[a]
  let j = offsets[b]
  const endA = offsets[a + 1]
  const endB = offsets[b + 1]
  for (; i < endA && j < endB; i++, j++) if (bytes[i] !== bytes[j]) return bytes[i] - bytes[j]
  return endA - i - (endB - j)
}
