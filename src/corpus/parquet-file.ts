/** What a Parquet file of documents holds: its columns and row groups. Node only. */
import { open } from 'node:fs/promises'
import * as zlib from 'node:zlib'
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetSchema } from 'hyparquet'
import { compressors as portable } from 'hyparquet-compressors'
import { isKoVocabError, KoVocabError } from '../errors'
import { asIoError } from './atomic'

export interface OpenParquet {
  buffer: AsyncBuffer
  metadata: FileMetaData
  /** Names of its top-level columns. */
  columns: string[]
  close: () => Promise<void>
}

/** @throws KoVocabError `io`; `bad-file` when it is no Parquet, or its end is damaged */
export async function openParquet(path: string): Promise<OpenParquet> {
  const handle = await open(path, 'r').catch((error) => {
    throw asIoError(error, path, 'read')
  })
  try {
    const { size } = await handle.stat()
    const buffer: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        if (start < 0 || end > size || end < start) throw new RangeError(`bytes ${start}..${end} of ${size}`)
        const bytes = new Uint8Array(end - start)
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0) throw new RangeError(`the file ends at byte ${start + done}`)
          done += bytesRead
        }
        return bytes.buffer
      },
    }
    const metadata = await asParquet(path, 'its end, where the columns are listed,', () => parquetMetadataAsync(buffer))
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
    return { buffer, metadata, columns, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** What hyparquet throws on damaged data (plain Errors, RangeErrors of views) names file and place after this. */
export async function asParquet<T>(path: string, place: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (isKoVocabError(error)) throw error
    const { syscall } = error as NodeJS.ErrnoException
    if (typeof syscall === 'string' && !(error instanceof RangeError)) throw asIoError(error, path, 'read')
    const hint = 'copy or download the file again, or leave such parts out with --on-error skip'
    const message = `${path}: ${place} cannot be read as Parquet: ${(error as Error).message}`
    throw new KoVocabError('bad-file', message, hint, { cause: error })
  }
}

/** Node's own decompressors where it has them: several times the speed. */
export const compressors: Compressors = {
  ...portable,
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...('zstdDecompressSync' in zlib ? { ZSTD: zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array } : {}),
}

/** Where each row group begins in the file: its first page of any column. */
export function groupStarts({ row_groups }: FileMetaData): number[] {
  return row_groups.map(({ columns }) =>
    Math.min(...columns.map(({ meta_data }) => (meta_data ? pageStart(meta_data) : Number.POSITIVE_INFINITY))),
  )
}

export function pageStart(meta: { dictionary_page_offset?: bigint; data_page_offset: bigint }): number {
  const data = Number(meta.data_page_offset)
  const dictionary = Number(meta.dictionary_page_offset ?? 0)
  // Some writers put a 0 there for none.
  return dictionary > 0 && dictionary < data ? dictionary : data
}
