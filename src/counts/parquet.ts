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
import type { WordCounts } from './types'

/** Value of the metadata key `ko_vocab.format`. */
export const COUNTS_FORMAT = '1'

const ROWS_PER_GROUP = 100_000
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
  const { bytes, offsets, counts } = table
  const meta: Record<string, string> = { ...table.meta, 'ko_vocab.format': COUNTS_FORMAT }
  if (!isOrdered(table))
    throw new KoVocabError('bad-option', 'the words are not in order', 'order them with orderWords')
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({
    writer,
    schema: SCHEMA,
    createdBy: 'ko-vocab',
    kvMetadata: Object.keys(meta)
      .sort()
      .map((key) => ({ key, value: meta[key] })),
  })
  for (let start = 0; start < counts.length; start += ROWS_PER_GROUP) {
    const end = Math.min(start + ROWS_PER_GROUP, counts.length)
    const words: Uint8Array[] = new Array(end - start)
    const group = new BigInt64Array(end - start)
    for (let i = start; i < end; i++) {
      if (!isValidUtf8(bytes, offsets[i], offsets[i + 1])) {
        throw new KoVocabError('bad-option', `word ${i} is not UTF-8`, 'replace broken bytes by U+FFFD before counting')
      }
      if (!isCount(counts[i])) {
        throw new KoVocabError('bad-option', `word ${i} has the count ${counts[i]}, not a whole number from 1 to 2^53`)
      }
      words[i - start] = bytes.subarray(offsets[i], offsets[i + 1])
      group[i - start] = BigInt(counts[i])
    }
    parquet.write({
      columnData: [
        // No word stands twice, and the falling counts compress as they are: dictionaries would be tried in vain.
        { name: 'word', data: words, encoding: 'PLAIN' },
        { name: 'count', data: group, encoding: 'PLAIN' },
      ],
      rowGroupSize: end - start,
    })
    yield writer.getBytes().slice()
    writer.index = 0
  }
  parquet.finish()
  yield writer.getBytes().slice()
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
  const table = growingTable(meta)
  for (const group of metadata.row_groups) {
    const start = table.rows()
    const end = start + Number(group.num_rows)
    if (end === start) continue
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
      if (!isCount(count))
        throw badRow(name, start + i, `has the count ${counts[i]}, not a whole number from 1 to 2^53`)
      table.push(word, count)
    }
  }
  const whole = table.finish()
  // A file of another tool may hold a word twice even where its rows are in order.
  return format !== undefined && isOrdered(whole) ? whole : orderWords(whole)
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
function growingTable(meta: Record<string, string>) {
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
    rows: () => rows,
    push(word: Uint8Array, count: number): void {
      const start = offsets[rows]
      const end = start + word.length
      if (end > 0xffffffff)
        throw new KoVocabError('unsupported', 'more than 4 GiB of distinct words', 'drop rare words first')
      if (end > bytes.length) bytes = grown(bytes, end)
      if (rows + 2 > offsets.length) offsets = grown(offsets, rows + 2)
      if (rows + 1 > counts.length) counts = grown(counts, rows + 1)
      bytes.set(word, start)
      counts[rows] = count
      offsets[++rows] = end
    },
    finish: (): WordCounts => ({
      bytes: bytes.slice(0, offsets[rows]),
      offsets: offsets.slice(0, rows + 1),
      counts: counts.slice(0, rows),
      meta,
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
