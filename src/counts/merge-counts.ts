/** Adding up files of counts, in bounded memory. Node only. */
import { writeFileAtomic } from '../corpus/atomic'
import { KoVocabError, throwIfAborted } from '../errors'
import { type CountBudget, countBudget } from './budget'
import { narrowed, type SpillOptions, type Tally, tallied } from './counted-rows'
import { type CountsInput, openInputs } from './counts-inputs'
import { mergeRows, type WordSource } from './merge-rows'
import { orderByCount } from './order-by-count'
import { encodeRows, ROWS_PER_GROUP } from './parquet'
import { type RowStream, tableByBytes, type WordRows } from './rows'
import { addText } from './scan-words'
import type { LeftOut } from './shard-folder'
import {
  closeSpillFile,
  openSpillFile,
  readRun,
  type SpilledRun,
  type SpillFile,
  writeRun,
  writeRunSync,
} from './spill-file'
import { clearWordTable, createWordTable, WORD_BYTES_MAX } from './word-table'

export interface MergeCountsOptions extends SpillOptions {
  /** Rows read so far, of all files. */
  onProgress?: (rows: number, total: number) => void
  signal?: AbortSignal
}

export interface MergedCounts extends Tally {
  meta: Record<string, string>
  /** Paths of the files that were added up. */
  files: string[]
  spilledBytes: number
  /** What was left out of the corpus because it could not be read, as the markers of shards tell it. */
  skipped: LeftOut
}

/** Unless another budget is given. */
const DEFAULT_MEMORY = 1e9

/** What a source takes a row of its row group: word, offset and count, twice while the next group is read. */
const SOURCE_ROW_BYTES = 60

/**
 * Adds up counts: of the shards of a corpus, which gives the bytes that counting it on one machine gives; or of several
 * corpora. Files by bytes (`ko_vocab.order`), as shards are, are merged as streams; all others are sorted first.
 *
 * @param inputs files, or folders of shards
 * @throws KoVocabError as openInputs; `bad-file` for rows that are not in the order that the file claims, or that are
 * not what the marker tells; `bad-option` for a budget that is too small; io; aborted
 */
export async function mergeCounts(
  inputs: readonly string[],
  out: string,
  options: MergeCountsOptions = {},
): Promise<MergedCounts> {
  const { tmp, signal } = options
  const { files, meta } = await openInputs(inputs)
  const budget = options.budget ?? countBudget(options.memory ?? DEFAULT_MEMORY, 1)
  const total = files.reduce((sum, { rows }) => sum + rows, 0)
  let done = 0
  const onRows = (rows: number) => {
    throwIfAborted(signal)
    done += rows
    options.onProgress?.(Math.min(done, total), total)
  }
  const spilled: SpillFile[] = []
  const spill = () => spilled[spilled.push(openSpillFile(tmp)) - 1]
  try {
    const sources = await sourcesOf(files, budget, spill, onRows, signal)
    const merged = mergeRows(sources, 'bytes', { rows: 8192, signal })
    const tally = { words: 0, occurrences: 0 }
    const counted = checked(tallied(merged, tally), tally, files)
    const rows = orderByCount(counted, { rows: ROWS_PER_GROUP, limit: budget.sort, spill, signal })
    await writeFileAtomic(out, encodeRows(rows, meta))
    const spilledBytes = spilled.reduce((sum, { end }) => sum + end, 0)
    return { ...tally, meta, files: files.map(({ name }) => name), spilledBytes, skipped: leftOutOf(files) }
  } finally {
    spilled.forEach(closeSpillFile)
  }
}

function leftOutOf(files: readonly CountsInput[]): LeftOut {
  const sum = (of: keyof LeftOut) => files.reduce((total, { marker }) => total + (marker?.skipped?.[of] ?? 0), 0)
  return { records: sum('records'), parts: sum('parts') }
}

/** So few sorted sources that all can be merged at once. */
async function sourcesOf(
  files: readonly CountsInput[],
  budget: CountBudget,
  spill: () => SpillFile,
  onRows: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<WordSource[]> {
  const isSorted = ({ meta }: CountsInput) => meta['ko_vocab.order'] === 'bytes'
  const sorted = files.filter(isSorted)
  const runs = await sortedRuns(
    files.filter((file) => !isSorted(file)),
    budget,
    spill,
    onRows,
  )
  const groupRows = Math.max(1, ...sorted.map(({ rows, groups }) => rows / Math.max(1, groups)))
  const atOnce = Math.max(2, Math.min(1024, Math.floor(budget.groupBytes / (groupRows * SOURCE_ROW_BYTES))))
  if (sorted.length + runs.length <= atOnce) {
    return [...sorted.map((file) => sourceOfFile(file, onRows)), ...runs.map((run) => readRun(run, budget.bufferBytes))]
  }
  for (let at = 0; at < sorted.length; at += atOnce) {
    const group = sorted.slice(at, at + atOnce).map((file) => sourceOfFile(file, onRows))
    runs.push(await writeRun(spill(), mergeRows(group, 'bytes', { rows: 8192, signal })))
  }
  return (await narrowed(runs, budget, spill, signal)).map((run) => readRun(run, budget.bufferBytes))
}

/** The words of files in any order, those of one run by bytes and each once. */
async function sortedRuns(
  files: readonly CountsInput[],
  { table: limit }: CountBudget,
  spill: () => SpillFile,
  onRows: (rows: number) => void,
): Promise<SpilledRun[]> {
  const runs: SpilledRun[] = []
  if (files.length === 0) return runs
  const file = spill()
  const table = createWordTable(limit.words + 1, limit.bytes, 1 << 12)
  const empty = () => {
    runs.push(writeRunSync(file, tableByBytes(table, 8192)))
    clearWordTable(table)
  }
  for (const input of files) {
    for (let group = 0; group < input.groups; group++) {
      const { bytes, offsets, counts } = await readGroup(input, group)
      for (let i = 0; i < counts.length; i++) {
        addText(table, bytes, offsets[i], offsets[i + 1], counts[i])
        if (table.size >= limit.words || table.used >= limit.bytes) empty()
      }
      onRows(counts.length)
    }
  }
  if (table.size > 0) empty()
  return runs
}

async function readGroup(file: CountsInput, group: number): Promise<WordRows> {
  const rows = await file.read(group)
  for (let i = 0; i < rows.counts.length; i++) {
    if (rows.offsets[i + 1] - rows.offsets[i] <= WORD_BYTES_MAX) continue
    const what = `${file.name}: row group ${group}, row ${i}: a word of ${rows.offsets[i + 1] - rows.offsets[i]} bytes`
    throw new KoVocabError('unsupported', what, `words have at most ${WORD_BYTES_MAX}, as count cuts them`)
  }
  return rows
}

/** The rows of a file by bytes, a row group in memory at a time. */
function sourceOfFile(file: CountsInput, onRows: (rows: number) => void): WordSource {
  let group = 0
  let rows: WordRows | undefined
  let row = 0
  let before = 0
  let last: Uint8Array | undefined
  const source: WordSource = {
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    count: 0,
    next() {
      if (!rows || row === rows.counts.length) return false
      source.start = rows.offsets[row]
      source.end = rows.offsets[row + 1]
      source.count = rows.counts[row++]
      return true
    },
    async load() {
      if (group === file.groups) return false
      if (rows) before += rows.counts.length
      rows = await readGroup(file, group++)
      row = 0
      source.bytes = rows.bytes
      const wrong = firstOutOfOrder(rows, last)
      if (wrong >= 0) {
        const what = `${file.name}: row ${before + wrong} is not behind the row before it, by bytes, as ko_vocab.order claims`
        throw new KoVocabError('bad-file', what, 'count the shard again')
      }
      const size = rows.counts.length
      if (size > 0) last = rows.bytes.slice(rows.offsets[size - 1], rows.offsets[size])
      onRows(size)
      return true
    },
  }
  return source
}

/** The first word that is not greater than the one before it, `last` for the first; -1 when all are. */
function firstOutOfOrder({ bytes, offsets, counts }: WordRows, last: Uint8Array | undefined): number {
  for (let i = 0; i < counts.length; i++) {
    if (i === 0 && last === undefined) continue
    const [before, from, to] = i === 0 ? [last!, 0, last!.length] : [bytes, offsets[i - 1], offsets[i]]
    let a = from
    let b = offsets[i]
    while (a < to && b < offsets[i + 1] && before[a] === bytes[b]) {
      a++
      b++
    }
    const isGreater = b < offsets[i + 1] && (a === to || before[a] < bytes[b])
    if (!isGreater) return i
  }
  return -1
}

/** When all have been added up, the sum must be what the markers told. */
async function* checked(rows: RowStream, tally: Tally, files: readonly CountsInput[]): AsyncGenerator<WordRows> {
  yield* rows
  if (files.some(({ marker }) => !marker)) return
  const told = files.reduce((sum, { marker }) => sum + marker!.occurrences, 0)
  if (told !== tally.occurrences) {
    const what = `the shards hold ${tally.occurrences} occurrences, and their markers tell of ${told}`
    throw new KoVocabError('bad-file', what, 'remove the folder and count again')
  }
}
