/**
 * counts.parquet: the columns `word` (BYTE_ARRAY, STRING) and `count` (INT64), both required, and in the key-value
 * metadata of the file what the words were counted with. Read and written by DuckDB, pandas, pyarrow, Polars …
 */
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan, type SchemaElement } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { KoVocabError } from '../errors'
import { isValidUtf8 } from '../text/utf8'
import { isOrdered, orderWords } from './order'
import { type RowStream, slices, type WordRows } from './rows'
import type { WordCounts } from './types'

/** Value of the metadata key `ko_vocab.format`. */
export const COUNTS_FORMAT = '1'

/** Of files in the order of counts. */
export const ROWS_PER_GROUP = 100_000
const MAX_COUNT = 2 ** 53

const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 2 },
  {
    name: 'word',
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'REQUIRED',
  },
  { name: 'count', type: 'INT64', repetition_type: 'REQUIRED' },
]

/**
 * The bytes of counts.parquet, a chunk a row group (Snappy, 100,000 rows). The same table gives the same bytes.
 * `table.meta` becomes the file's metadata, keys sorted, with `ko_vocab.format` added.
 *
 * @throws KoVocabError `bad-option` for words out of order, a word that is not UTF-8, or a count that is no whole number from 1 to 2^53
 */
export function* encodeCounts(table: WordCounts): Generator<Uint8Array> {
  if (!isOrdered(table))
    throw new KoVocabError('bad-option', 'the words are not in order', 'order them with orderWords')
  const encoder = createEncoder(table.meta)
  for (const rows of slices(table, ROWS_PER_GROUP)) yield encoder.group(rows)
  yield encoder.end()
}

/**
 * {@link encodeCounts} of a stream, a row group a batch. The stream's order is not checked.
 *
 * @throws KoVocabError as {@link encodeCounts}, and as the stream does
 */
export async function* encodeRows(stream: RowStream, meta: Record<string, string>): AsyncGenerator<Uint8Array> {
  const encoder = createEncoder(meta)
  for await (const rows of stream) yield encoder.group(rows)
  yield encoder.end()
}

function createEncoder(given: Record<string, string>) {
  const meta: Record<string, string> = { ...given, 'ko_vocab.format': COUNTS_FORMAT }
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({
    writer,
    schema: SCHEMA,
    createdBy: 'ko-vocab',
    kvMetadata: Object.keys(meta)
      .sort()
      .map((key) => ({ key, value: meta[key] })),
  })
  let before = 0
  const written = (): Uint8Array => {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }
  return {
    group({ bytes, offsets, counts }: WordRows): Uint8Array {
      const { length } = counts
      const words: Uint8Array[] = new Array(length)
      const group = new BigInt64Array(length)
      for (let i = 0; i < length; i++) {
        if (!isValidUtf8(bytes, offsets[i], offsets[i + 1])) {
          const hint = 'replace broken bytes by U+FFFD before counting'
          throw new KoVocabError('bad-option', `word ${before + i} is not UTF-8`, hint)
        }
        if (!isCount(counts[i])) {
          const what = `word ${before + i} has the count ${counts[i]}, not a whole number from 1 to 2^53`
          throw new KoVocabError('bad-option', what)
        }
        words[i] = bytes.subarray(offsets[i], offsets[i + 1])
        group[i] = BigInt(counts[i])
      }
      before += length
      parquet.write({
        columnData: [
          // No word stands twice, and the falling counts compress as they are: dictionaries would be tried in vain.
          { name: 'word', data: words, encoding: 'PLAIN' },
          { name: 'count', data: group, encoding: 'PLAIN' },
        ],
        rowGroupSize: length,
      })
      keepOwnStatistics(parquet)
      return written()
    },
    end(): Uint8Array {
      parquet.finish()
      return written()
    },
  }
}

/**
 * The writer keeps the least and the greatest word of a row group until the footer is written, as the views that it was
 * given: they would hold all words in memory, or what has meanwhile been written over them.
 */
function keepOwnStatistics({ row_groups }: ParquetWriter): void {
  for (const { meta_data } of row_groups[row_groups.length - 1].columns) {
    const statistics = meta_data?.statistics
    if (!statistics) continue
    if (statistics.min_value instanceof Uint8Array) statistics.min_value = statistics.min_value.slice()
    if (statistics.max_value instanceof Uint8Array) statistics.max_value = statistics.max_value.slice()
  }
}

/** A file of counted words whose footer has been read and found fit. */
export interface OpenCounts {
  name: string
  /** As the file has it, the schema of pyarrow apart. */
  meta: Record<string, string>
  /** Of all row groups, as the footer has it. */
  rows: number
  groups: number
  /** The rows of a row group. @throws KoVocabError `bad-file` as {@link decodeCounts} */
  read: (group: number) => Promise<WordRows>
}

/** @throws KoVocabError as {@link decodeCounts} does for what stands in the footer */
export async function openCounts(file: AsyncBuffer, name: string): Promise<OpenCounts> {
  const metadata = await guarded(name, () => readMetadata(file, name))
  const meta: Record<string, string> = {}
  for (const { key, value } of metadata.key_value_metadata ?? []) {
    // pyarrow puts its own copy of the schema there.
    if (value !== undefined && key !== 'ARROW:schema') meta[key] = value
  }
  const format = meta['ko_vocab.format']
  if (format !== undefined && format !== COUNTS_FORMAT) {
    const hint = 'read it with a newer ko-vocab'
    throw new KoVocabError('unsupported', `${name}: is in counts format ${format}; ${COUNTS_FORMAT} is known`, hint)
  }
  checkSchema(metadata, name)
  const starts = [0]
  for (const { num_rows } of metadata.row_groups) starts.push(starts[starts.length - 1] + Number(num_rows))
  return {
    name,
    meta,
    rows: starts[starts.length - 1],
    groups: metadata.row_groups.length,
    read: (group) => readGroup(file, metadata, name, starts[group], starts[group + 1]),
  }
}

async function readGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  start: number,
  end: number,
): Promise<WordRows> {
  const table = growingRows()
  if (end === start) return table.finish()
  // A scan a row group: one over the whole file would keep what it has read.
  const { words, counts } = await guarded(name, async () => {
    const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes } // a string a word takes several times the memory
    const { readColumn } = await parquetScan({ file, metadata, columns: ['word', 'count'], compressors, parsers })
    const read = (column: string) => readColumn({ column, rowStart: start, rowEnd: end })
    return { words: await read('word'), counts: await read('count') }
  })
  if (words.length !== end - start || counts.length !== end - start) {
    const found = Math.min(words.length, counts.length)
    throw new KoVocabError('bad-file', `${name}: row ${start}: a row group of ${end - start} rows holds ${found}`)
  }
  for (let i = 0; i < words.length; i++) {
    const word: unknown = words[i]
    const count = Number(counts[i] ?? Number.NaN)
    if (!(word instanceof Uint8Array)) throw badRow(name, start + i, 'has no word')
    if (!isValidUtf8(word)) throw badRow(name, start + i, 'has a word that is not UTF-8')
    if (!isCount(count)) throw badRow(name, start + i, `has the count ${counts[i]}, not a whole number from 1 to 2^53`)
    table.push(word, 0, word.length, count)
  }
  return table.finish()
}

/**
 * Reads a table of words from Parquet, whoever wrote it: any order of rows (equal words are added up), any integer type
 * of `count`, further columns passed over. Memory: the table, and one row group.
 *
 * @param name the file, for errors
 * @throws KoVocabError `bad-file`: not Parquet, damaged, columns missing or of another type, empty values, counts
 * outside 1..2^53, words that are not UTF-8; `unsupported`: written in a later format
 */
export async function decodeCounts(file: AsyncBuffer, name: string): Promise<WordCounts> {
  const open = await openCounts(file, name)
  const table = growingRows()
  for (let group = 0; group < open.groups; group++) {
    const { bytes, offsets, counts } = await open.read(group)
    for (let i = 0; i < counts.length; i++) table.push(bytes, offsets[i], offsets[i + 1], counts[i])
  }
  const whole = { ...table.finish(), meta: open.meta }
  // A file of another tool may hold a word twice even where its rows are in order.
  return open.meta['ko_vocab.format'] !== undefined && isOrdered(whole) ? whole : orderWords(whole)
}

async function readMetadata(file: AsyncBuffer, name: string): Promise<FileMetaData> {
  const magic = new TextDecoder('latin1').decode(await file.slice(0, Math.min(4, file.byteLength)))
  if (magic !== 'PAR1') {
    throw new KoVocabError('bad-file', `${name}: is not a Parquet file`, 'counts are written by ko-vocab count')
  }
  return await parquetMetadataAsync(file)
}

function checkSchema({ schema }: FileMetaData, name: string): void {
  const columns = schema.slice(1)
  const integer = ['INT32', 'INT64']
  for (const [column, types] of [
    ['word', ['BYTE_ARRAY']],
    ['count', integer],
  ] as const) {
    const found = columns.find((element) => element.name === column)
    if (!found) {
      const names = columns.map((element) => element.name).join(', ')
      throw new KoVocabError(
        'bad-file',
        `${name}: has no column ${column}, only ${names}`,
        'rename the columns to word and count',
      )
    }
    const plain = types.some((type) => type === found.type) && found.repetition_type !== 'REPEATED'
    // DECIMAL, DATE, JSON … are other things in the same bytes.
    const meant = ['UTF8', 'INT_64', 'INT_32', 'UINT_64', 'UINT_32', 'INT_16', 'INT_8', 'UINT_16', 'UINT_8', undefined]
    if (!plain || !meant.includes(found.converted_type)) {
      const type = [found.type ?? 'a group', found.converted_type].filter(Boolean).join(' ')
      const want = column === 'word' ? 'a string' : 'an integer'
      throw new KoVocabError(
        'bad-file',
        `${name}: column ${column} is ${type}, not ${want}`,
        `cast it to ${column === 'word' ? 'VARCHAR' : 'BIGINT'}`,
      )
    }
  }
}

/** Grows by what is really there: the row counts in a damaged footer must not decide how much memory is taken. */
function growingRows() {
  let bytes = new Uint8Array(1 << 16)
  let offsets = new Uint32Array(1 << 12)
  let counts = new Float64Array(1 << 12)
  let rows = 0
  const grown = <T extends Uint8Array | Uint32Array | Float64Array>(old: T, least: number): T => {
    const wider = new (old.constructor as new (length: number) => T)(Math.max(old.length * 2, least))
    wider.set(old)
    return wider
  }
  return {
    push(from: Uint8Array, wordStart: number, wordEnd: number, count: number): void {
      const start = offsets[rows]
      const end = start + wordEnd - wordStart
      if (end > 0xffffffff) {
        throw new KoVocabError('unsupported', 'more than 4 GiB of distinct words', 'drop rare words first')
      }
      if (end > bytes.length) bytes = grown(bytes, end)
      if (rows + 2 > offsets.length) offsets = grown(offsets, rows + 2)
      if (rows + 1 > counts.length) counts = grown(counts, rows + 1)
      for (let i = start, j = wordStart; i < end; i++, j++) bytes[i] = from[j]
      counts[rows] = count
      offsets[++rows] = end
    },
    finish: (): WordRows => ({
      bytes: bytes.slice(0, offsets[rows]),
      offsets: offsets.slice(0, rows + 1),
      counts: counts.slice(0, rows),
    }),
  }
}

const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= MAX_COUNT

function badRow(name: string, row: number, what: string): KoVocabError {
  return new KoVocabError('bad-file', `${name}: row ${row} ${what}`)
}

/** What hyparquet throws on damaged data (plain Errors, RangeErrors of views) names the file after this. */
async function guarded<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof KoVocabError || typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error
    const hint = 'the file is damaged or was cut off; write it again'
    throw new KoVocabError('bad-file', `${name}: cannot be read as Parquet: ${(error as Error).message}`, hint, {
      cause: error,
    })
  }
}
