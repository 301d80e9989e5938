/** Sorting more words than the memory holds by their counts. Node only. */
import type { TableLimit } from './feed'
import { type MergeOptions, mergeRows } from './merge-rows'
import { byCountFalling } from './order'
import { release } from './release'
import { type RowStream, rowsAt, type WordRows } from './rows'
import { readRun, type SpilledRun, type SpillFile, writeRunSync } from './spill-file'

export interface OrderByCountOptions extends MergeOptions {
  /** What may be in memory at once. */
  limit: TableLimit
  /** Opens a file for what is more; called once at most. */
  spill: () => SpillFile
  /** For reading a run back. */
  bufferBytes?: number
}

/**
 * Words that come by bytes, in the order of counts.parquet: by count falling, then by bytes.
 *
 * As many words as fit are sorted by count alone, stably; each such run holds words that come behind those of the run
 * before, so that merging the runs never has to look at the bytes.
 */
export async function* orderByCount(stream: RowStream, options: OrderByCountOptions): AsyncGenerator<WordRows> {
  const { limit, rows } = options
  const held = createHeldRows(limit)
  const runs: SpilledRun[] = []
  let file: SpillFile | undefined
  try {
    for await (const batch of stream) {
      if (
        held.rows > 0 &&
        (held.rows + batch.counts.length > limit.words || held.used + batch.bytes.length > limit.bytes)
      ) {
        file ??= options.spill()
        runs.push(writeRunSync(file, sorted(held.take(), rows)))
      }
      held.add(batch)
    }
    if (runs.length === 0) {
      yield* sorted(held.take(), rows)
      return
    }
    if (held.rows > 0) runs.push(writeRunSync(file!, sorted(held.take(), rows)))
    held.drop()
    const sources = runs.map((run) => readRun(run, options.bufferBytes))
    yield* mergeRows(sources, 'count', options)
  } finally {
    held.drop()
  }
}

function sorted(words: WordRows, rows: number): Iterable<WordRows> {
  return rowsAt(words, byCountFalling(words.counts), rows)
}

/** Rows in arrays of the limit's size, of which memory is taken as they are written to; used again and again. */
function createHeldRows(limit: TableLimit) {
  let bytes = new Uint8Array(limit.bytes)
  let offsets = new Uint32Array(limit.words + 1)
  let counts = new Float64Array(limit.words)
  const held = {
    rows: 0,
    used: 0,
    add(batch: WordRows) {
      const { length } = batch.counts
      const start = batch.offsets[0]
      const end = batch.offsets[length]
      // One batch may be more than the limit.
      if (held.used + end - start > bytes.length) bytes = new Uint8Array(end - start)
      if (held.rows + length > counts.length) {
        offsets = new Uint32Array(length + 1)
        counts = new Float64Array(length)
      }
      bytes.set(batch.bytes.subarray(start, end), held.used)
      counts.set(batch.counts, held.rows)
      const shift = held.used - start
      for (let i = 1; i <= length; i++) offsets[held.rows + i] = batch.offsets[i] + shift
      held.rows += length
      held.used += end - start
    },
    /** The rows as views; the arrays are filled anew afterwards. */
    take(): WordRows {
      const { rows, used } = held
      held.rows = 0
      held.used = 0
      return {
        bytes: bytes.subarray(0, used),
        offsets: offsets.subarray(0, rows + 1),
        counts: counts.subarray(0, rows),
      }
    },
    drop() {
      release([bytes, offsets, counts])
      bytes = new Uint8Array(0)
      offsets = new Uint32Array(1)
      counts = new Float64Array(0)
    },
  }
  return held
}
