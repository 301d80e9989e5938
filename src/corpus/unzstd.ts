/**
 * Zstandard decompression of a stream: Node's own where it has one (22.15 and later), else fzstd in JavaScript.
 * Node only.
 */
import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import { KoVocabError } from '../errors'
import { decompress } from './decompress'

/**
 * @param path named in errors
 * @throws KoVocabError `bad-file` with the offset in the compressed bytes; errors of `source` pass through
 */
export function unzstd(path: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return 'createZstdDecompress' in zlib ? unzstdNative(path, source) : unzstdPortable(path, source)
}

/** With fzstd, which checks neither the checksum at the end of a frame nor more than the format's own limits. */
export async function* unzstdPortable(path: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = []
  let offset = 0
  const decompress = new Decompress((block) => {
    if (block.length > 0) out.push(block.slice())
  })
  const push = (chunk: Uint8Array, final: boolean): Uint8Array[] => {
    out = []
    try {
      decompress.push(chunk, final)
    } catch (error) {
      throw broken(path, offset, error)
    }
    return out
  }
  for await (const chunk of source) {
    yield* push(chunk, false)
    offset += chunk.length
  }
  yield* push(new Uint8Array(0), true)
}

async function* unzstdNative(path: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // @types/node of Node 20, the oldest version supported, does not know it.
  const create = (zlib as unknown as { createZstdDecompress: (options: object) => zlib.Gunzip }).createZstdDecompress
  yield* decompress(source, create({ chunkSize: 1 << 20 }), (offset, error) => broken(path, offset, error))
}

function broken(path: string, offset: number, cause: unknown): KoVocabError {
  const hint = 'copy or download the file again; zstd -t checks it'
  return new KoVocabError(
    'bad-file',
    `${path}: zstd data breaks near byte ${offset}: ${(cause as Error).message}`,
    hint,
    { cause },
  )
}
