/** Words with counts as a stream of batches, for tables that do not fit the memory. */
import { createKeys, type Keys, sortPlaces } from './order'
import type { WordCounts } from './types'
import { type WordTable, wordCount, wordStart } from './word-table'

/** A batch: word i is `bytes[offsets[i] .. offsets[i + 1])`, counted `counts[i]` times. */
export type WordRows = Pick<WordCounts, 'bytes' | 'offsets' | 'counts'>

/** A stream of batches; a batch is the receiver's until it asks for the next one. */
export type RowStream = AsyncIterable<WordRows>

/** How the rows of a stream, or of a file, follow each other: by count falling and then by bytes, or by bytes alone. */
export type RowOrder = 'count' | 'bytes'

/** Collects words into batches of one size; the arrays are used again for the next batch. */
export interface BatchBuilder {
  rows: number
  add: (bytes: Uint8Array, start: number, end: number, count: number) => void
  /** Whether the word added last is these bytes. */
  isLast: (bytes: Uint8Array, start: number, end: number) => boolean
  addToLast: (count: number) => void
  /** The batch, as views; the builder is empty afterwards. */
  take: () => WordRows
}

/** @param rows words a batch, at most */
export function createBatchBuilder(rows: number): BatchBuilder {
  let bytes = new Uint8Array(rows * 16)
  const offsets = new Uint32Array(rows + 1)
  const counts = new Float64Array(rows)
  const builder: BatchBuilder = {
    rows: 0,
    add(from, start, end, count) {
      const at = offsets[builder.rows]
      const to = at + end - start
      if (to > bytes.length) {
        const larger = new Uint8Array(Math.max(2 * bytes.length, to))
        larger.set(bytes.subarray(0, at))
        bytes = larger
      }
      for (let i = at, j = start; i < to; i++, j++) bytes[i] = from[j]
      counts[builder.rows] = count
      offsets[++builder.rows] = to
    },
    isLast(from, start, end) {
      if (builder.rows === 0) return false
      const at = offsets[builder.rows - 1]
      const length = offsets[builder.rows] - at
      if (end - start !== length) return false
      // From the end: neighbours in a sorted list differ there.
      for (let i = length - 1; i >= 0; i--) if (from[start + i] !== bytes[at + i]) return false
      return true
    },
    addToLast(count) {
      counts[builder.rows - 1] += count
    },
    take() {
      const { rows } = builder
      builder.rows = 0
      return {
        bytes: bytes.subarray(0, offsets[rows]),
        offsets: offsets.subarray(0, rows + 1),
        counts: counts.subarray(0, rows),
      }
    },
  }
  return builder
}

/** The words at `places` of some rows, in that order, in batches. */
export function* rowsAt(words: WordRows, places: Uint32Array, rows: number): Generator<WordRows> {
  const { bytes, offsets, counts } = words
  const batch = createBatchBuilder(Math.min(rows, Math.max(1, places.length)))
  for (const place of places) {
    batch.add(bytes, offsets[place], offsets[place + 1], counts[place])
    if (batch.rows === rows) yield batch.take()
  }
  if (batch.rows > 0) yield batch.take()
}

/** Room to sort the words of a table in, where that is done again and again. */
export interface TableSorter {
  offsets: Uint32Array
  places: Uint32Array
  keys: Keys
}

/** @param words of the largest table; memory is taken as it is written to */
export function createTableSorter(words: number): TableSorter {
  return { offsets: new Uint32Array(words + 1), places: new Uint32Array(words), keys: createKeys(words) }
}

/** The words of a table by their bytes, in batches. */
export function* tableByBytes(
  table: WordTable,
  rows: number,
  sorter: TableSorter = createTableSorter(table.size),
): Generator<WordRows> {
  const { size, arena } = table
  const offsets = sorter.offsets.subarray(0, size + 1)
  for (let i = 0; i < size; i++) offsets[i] = wordStart(table, i)
  offsets[size] = table.used
  const places = sorter.places.subarray(0, size)
  sortPlaces({ bytes: arena, offsets }, places, sorter.keys)
  const batch = createBatchBuilder(Math.min(rows, Math.max(1, size)))
  for (const place of places) {
    batch.add(arena, offsets[place], offsets[place + 1], wordCount(table, place))
    if (batch.rows === rows) yield batch.take()
  }
  if (batch.rows > 0) yield batch.take()
}

/** A batch in batches of at most so many rows. */
export function* slices({ bytes, offsets, counts }: WordRows, rows: number): Generator<WordRows> {
  for (let from = 0; from < counts.length; from += rows) {
    const to = Math.min(from + rows, counts.length)
    yield { bytes, offsets: offsets.subarray(from, to + 1), counts: counts.subarray(from, to) }
  }
}
