/** Merging sorted streams of words, in bounded memory. */
import { throwIfAborted } from '../errors'
import { createBatchBuilder, type RowOrder, type WordRows } from './rows'

/** Words in order, one at a time: bytes[start .. end), seen `count` times. */
export interface WordSource {
  bytes: Uint8Array
  start: number
  end: number
  count: number
  /** Goes to the next word of those in memory; false when there is none. */
  next: () => boolean
  /** Gets more words into memory; false when all have been seen. */
  load: () => Promise<boolean>
}

export interface MergeOptions {
  /** Words a batch. */
  rows: number
  signal?: AbortSignal
}

/**
 * One stream of several.
 *
 * - order `bytes`: each source by bytes, rising; a word that several have comes once, its counts added up;
 * - order `count`: each source by count, falling; of equal counts those of earlier sources come first, so that sources
 *   which follow each other by bytes give what sorting all of them by count, then by bytes gives. Words stay apart.
 *
 * A heap holds the sources, the one with the first word on top: a few comparisons a word.
 */
export async function* mergeRows(
  sources: readonly WordSource[],
  order: RowOrder,
  { rows, signal }: MergeOptions,
): AsyncGenerator<WordRows> {
  const { note, isBefore } = order === 'bytes' ? byBytes(sources) : byCount(sources)
  const heap = new Uint16Array(sources.length)
  let size = 0
  for (let i = 0; i < sources.length; i++) {
    if (!(await loadFirst(sources[i]))) continue
    note(i)
    heap[size++] = i
  }
  const sift = (from: number) => {
    const moved = heap[from]
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], moved)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = moved
  }
  for (let i = (size >> 1) - 1; i >= 0; i--) sift(i)

  const batch = createBatchBuilder(rows)
  // The word before: a batch that is handed out leaves it behind for words that follow.
  const adds = order === 'bytes'
  while (size > 0) {
    const first = sources[heap[0]]
    if (adds && batch.isLast(first.bytes, first.start, first.end)) batch.addToLast(first.count)
    else {
      // Not before it is clear that the last word of the batch has all its counts.
      if (batch.rows === rows) {
        throwIfAborted(signal)
        yield batch.take()
      }
      batch.add(first.bytes, first.start, first.end, first.count)
    }
    if (first.next() || (await loadFirst(first))) note(heap[0])
    else heap[0] = heap[--size]
    if (size > 1) sift(0)
  }
  throwIfAborted(signal)
  if (batch.rows > 0) yield batch.take()
}

async function loadFirst(source: WordSource): Promise<boolean> {
  while (await source.load()) if (source.next()) return true
  return false
}

interface Comparison {
  /** The source has gone to another word. */
  note: (source: number) => void
  isBefore: (a: number, b: number) => boolean
}

function byCount(sources: readonly WordSource[]): Comparison {
  return {
    note: () => {},
    isBefore(a, b) {
      const difference = sources[a].count - sources[b].count
      return difference === 0 ? a < b : difference > 0
    },
  }
}

/** The first eight bytes as two numbers decide most comparisons. */
function byBytes(sources: readonly WordSource[]): Comparison {
  const high = new Uint32Array(sources.length)
  const low = new Uint32Array(sources.length)
  return {
    note(i) {
      const { bytes, start, end } = sources[i]
      let a = 0
      let b = 0
      for (let at = start; at < start + 4; at++) a = (a << 8) | (at < end ? bytes[at] : 0)
      for (let at = start + 4; at < start + 8; at++) b = (b << 8) | (at < end ? bytes[at] : 0)
      high[i] = a
      low[i] = b
    },
    isBefore(i, j) {
      if (high[i] !== high[j]) return high[i] < high[j]
      if (low[i] !== low[j]) return low[i] < low[j]
      // A word that ends may equal one with zeros there, so the rest is compared from the beginning.
      const a = sources[i]
      const b = sources[j]
      const shared = Math.min(a.end - a.start, b.end - b.start)
      for (let k = 0; k < shared; k++) {
        const difference = a.bytes[a.start + k] - b.bytes[b.start + k]
        if (difference !== 0) return difference < 0
      }
      return a.end - a.start < b.end - b.start
    },
  }
}
