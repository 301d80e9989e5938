/** Bytes through one of node:zlib's streams. Node only. */
import { pipeline } from 'node:stream'
import type * as zlib from 'node:zlib'
import type { KoVocabError } from '../errors'

/**
 * What `stream` makes of `source`. An error of the source comes out as it is; one of the stream as `broken` words it,
 * which gets the number of compressed bytes that were taken.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  stream: zlib.Gunzip,
  broken: (offset: number, error: unknown) => KoVocabError,
): AsyncGenerator<Uint8Array> {
  let sourceError: unknown
  const watched = async function* () {
    try {
      yield* source
    } catch (error) {
      sourceError = error
      throw error
    }
  }
  pipeline(watched, stream, () => {})
  try {
    yield* stream as AsyncIterable<Uint8Array>
  } catch (error) {
    throw sourceError ?? broken(stream.bytesWritten, error)
  } finally {
    stream.destroy()
  }
}
