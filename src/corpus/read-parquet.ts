/** Parquet: a column, or a field within one. Node only, as all reading of files. */
import { parquetScan, parquetSchema, type SchemaTree } from 'hyparquet'
import { isKoVocabError, KoVocabError } from '../errors'
import { carriedText, fieldPath, kindOf, textOf } from './field'
import { chooseField } from './format'
import { asParquet, compressors, groupStarts, type OpenParquet, openParquet } from './parquet-file'
import { flatPages } from './parquet-pages'
import type { CorpusRecord, RecordReader } from './records'

/**
 * The column that holds a field: the one of that name, or that of its first step.
 *
 * @throws KoVocabError as {@link chooseField}
 */
export function parquetColumn(path: string, columns: readonly string[], asked: string | undefined): string {
  const has = (field: string) => columns.includes(field) || columns.includes(field.split('.')[0])
  return chooseField(path, asked, columns, has)
}

/**
 * Row groups that begin in [start, end). Only the columns that are needed are read. A group that cannot be read is left
 * out from there to its end.
 */
export async function* readParquetRecords(reader: RecordReader): AsyncGenerator<CorpusRecord[]> {
  const { file, options, skipper } = reader
  const { start = 0, end = Number.POSITIVE_INFINITY, onBytes = () => {}, fields = [] } = options
  if (file.stream) {
    const what = `${file.path}: Parquet is read from its end, and a stream has none yet`
    throw new KoVocabError('unsupported', what, 'write it to a file')
  }
  let parquet: OpenParquet
  try {
    parquet = await openParquet(file.path)
  } catch (error) {
    if (!isKoVocabError(error) || error.code !== 'bad-file') throw error
    skipper.part(error, null)
    return
  }
  try {
    const { metadata, columns } = parquet
    const field = parquetColumn(file.path, columns, file.records?.field)
    const starts = groupStarts(metadata)
    let firstRow = 0
    let given = start
    for (const [group, { num_rows: rows }] of metadata.row_groups.entries()) {
      if (starts[group] >= start && starts[group] < end) {
        yield* groupRecords(parquet, group, field, firstRow, reader, fields)
        const upTo = Math.min(end, starts[group + 1] ?? file.size)
        onBytes(upTo - given)
        given = upTo
      }
      firstRow += Number(rows)
    }
    const last = Math.min(end, file.size)
    if (given < last) onBytes(last - given)
  } finally {
    await parquet.close()
  }
}

async function* groupRecords(
  { buffer, metadata, columns }: OpenParquet,
  group: number,
  field: string,
  firstRow: number,
  { file, skipper, options }: RecordReader,
  fields: readonly string[],
): AsyncGenerator<CorpusRecord[]> {
  const rows = Number(metadata.row_groups[group].num_rows)
  if (rows === 0) return
  const place = `row group ${group} (rows ${firstRow + 1} to ${firstRow + rows})`
  const columnOf = (name: string) => (columns.includes(name) ? name : name.split('.')[0])
  const carried = fields.filter((name) => columns.includes(columnOf(name)))
  const column = columnOf(field)
  const isFlat = isFlatLeaf(parquetSchema(metadata).children.find(({ element }) => element.name === column)!)
  const pages =
    isFlat && column === field
      ? flatPages(buffer, metadata, group, column)
      : (async function* () {
          const valueAt = fieldPath(field)
          const values = await wholeColumn({ buffer, metadata }, column, firstRow, rows)
          yield Array.from(values, (value) => valueAt({ [column]: value }))
        })()
  const others = new Map<string, ArrayLike<unknown>>()
  let row = firstRow
  try {
    await asParquet(file.path, place, async () => {
      for (const name of new Set(carried.map(columnOf))) {
        others.set(name, await wholeColumn({ buffer, metadata }, name, firstRow, rows))
      }
    })
    for (;;) {
      const { value: page, done } = await asParquet(file.path, place, () => pages.next())
      if (done) return
      const batch: CorpusRecord[] = []
      for (let i = 0; i < page.length; i++) {
        row++
        const text = textOf(page[i])
        if (text === null) {
          const what = `${file.path}: row ${row}: field ${field} is ${kindOf(page[i])}, no text`
          skipper.record(new KoVocabError('bad-file', what, 'name a field with text with --field'), null)
          continue
        }
        const record: CorpusRecord = { text, row, offset: null }
        if (carried.length > 0) record.fields = carriedOf(carried, columnOf, others, row - firstRow - 1)
        batch.push(record)
      }
      yield batch
    }
  } catch (error) {
    if (options.signal?.aborted || !isKoVocabError(error) || error.code !== 'bad-file') throw error
    skipper.part(error, null)
  }
}

function carriedOf(
  names: readonly string[],
  columnOf: (name: string) => string,
  columns: ReadonlyMap<string, ArrayLike<unknown>>,
  row: number,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const column = columnOf(name)
    const text = carriedText(fieldPath(name)({ [column]: columns.get(column)![row] }))
    if (text !== undefined) found[name] = text
  }
  return found
}

const isFlatLeaf = ({ element, children }: SchemaTree): boolean =>
  children.length === 0 && element.repetition_type !== 'REPEATED'

async function wholeColumn(
  { buffer, metadata }: Pick<OpenParquet, 'buffer' | 'metadata'>,
  column: string,
  firstRow: number,
  rows: number,
): Promise<ArrayLike<unknown>> {
  // A scan a row group: one over the whole file would keep what it has read.
  const { readColumn } = await parquetScan({ file: buffer, metadata, columns: [column], compressors })
  const values = await readColumn({ column, rowStart: firstRow, rowEnd: firstRow + rows })
  if (values.length !== rows) throw new Error(`a row group of ${rows} rows holds ${values.length}`)
  return values
}
