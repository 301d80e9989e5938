/** A flat column of Parquet page by page. Node only. */
import type { AsyncBuffer, ColumnMetaData, FileMetaData, SchemaTree } from 'hyparquet'
import { parquetSchema } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { compressors, pageStart } from './parquet-file'

/** Where a header may lie: statistics of long texts stand in it. */
const HEADER_BYTES = 1 << 16
const HEADER_BYTES_MAX = 64 << 20

/**
 * The values of one row group, a page at a time: hyparquet's own readers hold a whole group, and a group of a million
 * documents is several GB.
 *
 * @param name a column that is flat and no list
 * @returns arrays of Uint8Array for texts, null where there is none
 * @throws what hyparquet throws
 */
export async function* flatPages(
  buffer: AsyncBuffer,
  metadata: FileMetaData,
  group: number,
  name: string,
): AsyncGenerator<ArrayLike<unknown>> {
  const tree = parquetSchema(metadata)
  const leaf = tree.children.find(({ element }) => element.name === name)!
  const found = metadata.row_groups[group].columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)
  const meta = found!.meta_data!
  const decoder = decoderOf(meta, [tree, leaf])
  const end = Math.min(pageStart(meta) + Number(meta.total_compressed_size), buffer.byteLength)
  const rows = Number(metadata.row_groups[group].num_rows)
  let dictionary: Parameters<typeof readPage>[3]
  let read = 0
  for (let at = pageStart(meta); read < rows; ) {
    if (at >= end) throw new Error(`a row group of ${rows} rows holds ${read}`)
    const { header, length } = await headerAt(buffer, at, end)
    const size = header.compressed_page_size
    if (!(size >= 0) || at + length + size > end) throw new Error(`a page of ${size} bytes at byte ${at}`)
    const page = { view: new DataView(await buffer.slice(at + length, at + length + size)), offset: 0 }
    at += length + size
    const { data } = readPage(page, header, decoder, dictionary, undefined, 0)
    if (header.type === 'DICTIONARY_PAGE') {
      if (data) dictionary = convert(data, decoder)
    } else if (data && data.length > 0) {
      read += data.length
      yield data
    }
  }
  if (read !== rows) throw new Error(`a row group of ${rows} rows holds ${read}`)
}

type Decoder = Parameters<typeof readPage>[2]

function decoderOf(meta: ColumnMetaData, schemaPath: SchemaTree[]): Decoder {
  const { element } = schemaPath[schemaPath.length - 1]
  // The bytes as they are: a string a document, and back to bytes, would take most of the time.
  const parsers = { ...DEFAULT_PARSERS, stringFromBytes: (bytes: Uint8Array) => bytes }
  return {
    ...meta,
    pathInSchema: meta.path_in_schema,
    schemaPath,
    element,
    compressors,
    parsers,
    utf8: false,
  } as unknown as Decoder
}

async function headerAt(buffer: AsyncBuffer, at: number, end: number) {
  for (let most = HEADER_BYTES; ; most *= 8) {
    const bytes = await buffer.slice(at, Math.min(at + most, end))
    const reader = { view: new DataView(bytes), offset: 0 }
    try {
      return { header: parquetHeader(reader), length: reader.offset }
    } catch (error) {
      // It may only be cut off.
      if (at + most >= end || most >= HEADER_BYTES_MAX) throw error
    }
  }
}
