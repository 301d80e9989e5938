/** Counting parts of a corpus within a budget of memory, with a stream as the result. Node only. */
import { type CountBudget, countBudget } from './budget'
import { type CountWordsOptions, prepareCount } from './count'
import { countParts } from './count-parts'
import { mergeRows } from './merge-rows'
import { orderWords } from './order'
import { orderByCount } from './order-by-count'
import type { CorpusPart } from './read-part'
import { type RowOrder, type RowStream, slices, tableByBytes, type WordRows } from './rows'
import { closeSpillFile, openSpillFile, readRun, type SpilledRun, type SpillFile, writeRun } from './spill-file'
import { flattenTable } from './word-table'

export interface SpillOptions {
  /** Bytes that the process may take in all. Default: memory grows with the distinct words. */
  memory?: number
  /** For temporary files. Default: the system's folder for them. */
  tmp?: string
  /** Instead of `memory`. */
  budget?: CountBudget
}

export interface CountedRows {
  /** Batches of the size that was asked for, the last one apart. */
  rows: RowStream
  meta: Record<string, string>
}

export interface Tally {
  /** Distinct words. */
  words: number
  /** How often all of them were seen together. */
  occurrences: number
}

/**
 * Counts, and hands the words in order to `use`. The words, their order and the batches are the same whatever the
 * budget and the number of threads.
 *
 * @returns what `use` returns, and bytes that went to temporary files
 * @throws bad-option for a budget that is too small; as countWords; io for temporary files
 */
export async function withCountedRows<T>(
  parts: readonly CorpusPart[],
  options: CountWordsOptions & SpillOptions & { worker?: string },
  order: RowOrder,
  batchRows: number,
  use: (counted: CountedRows) => Promise<T>,
): Promise<{ result: T; spilledBytes: number }> {
  const { task, meta } = prepareCount(options)
  const { memory, tmp, signal, worker } = options
  const budget = options.budget ?? (memory === undefined ? undefined : countBudget(memory, task.threads))
  const isStreamed = parts.some(({ file }) => file.stream)
  const total = isStreamed ? 0 : parts.reduce((sum, { start, end }) => sum + end - start, 0)
  const counted = await countParts(parts, {
    ...task,
    ...(budget ? { threads: budget.threads, spilling: { limit: budget.table, folder: tmp } } : {}),
    onBytes: (bytes) => options.onProgress?.(total > 0 ? Math.min(bytes, total) : bytes, total),
    signal,
    worker,
  })
  const files: SpillFile[] = []
  const spill = () => files[files.push(openSpillFile(tmp)) - 1]
  try {
    let rows: RowStream
    if (counted.runs.length === 0) {
      const words = { ...flattenTable(counted.table), meta }
      rows =
        order === 'count'
          ? streamOf(slices(orderWords(words), batchRows))
          : streamOf(tableByBytes(counted.table, batchRows))
    } else {
      const runs = await narrowed(counted.runs, budget!, spill, signal)
      const sources = runs.map((run) => readRun(run, budget!.bufferBytes))
      const merged = mergeRows(sources, 'bytes', { rows: batchRows, signal })
      rows = order === 'bytes' ? merged : orderByCount(merged, { rows: batchRows, limit: budget!.sort, spill, signal })
    }
    const result = await use({ rows, meta })
    const spilledBytes = [...counted.runs.map(({ start, end }) => end - start), ...files.map(({ end }) => end)]
    return { result, spilledBytes: spilledBytes.reduce((sum, bytes) => sum + bytes, 0) }
  } finally {
    counted.close()
    files.forEach(closeSpillFile)
  }
}

/** So few runs that they can be merged at once: as many as that into one, as often as it takes. */
export async function narrowed(
  runs: readonly SpilledRun[],
  { fanIn, bufferBytes }: Pick<CountBudget, 'fanIn' | 'bufferBytes'>,
  spill: () => SpillFile,
  signal: AbortSignal | undefined,
): Promise<SpilledRun[]> {
  let left = [...runs]
  while (left.length > fanIn) {
    const file = spill()
    const fewer: SpilledRun[] = []
    for (let at = 0; at < left.length; at += fanIn) {
      const group = left.slice(at, at + fanIn).map((run) => readRun(run, bufferBytes))
      fewer.push(await writeRun(file, mergeRows(group, 'bytes', { rows: 4096, signal })))
    }
    left = fewer
  }
  return left
}

async function* streamOf(batches: Iterable<WordRows>): AsyncGenerator<WordRows> {
  yield* batches
}

/** Adds up what goes by. */
export async function* tallied(rows: RowStream, tally: Tally): AsyncGenerator<WordRows> {
  for await (const batch of rows) {
    tally.words += batch.counts.length
    for (const count of batch.counts) tally.occurrences += count
    yield batch
  }
}
