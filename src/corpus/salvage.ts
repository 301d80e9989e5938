/** What can still be had of compressed files that are damaged or end early. Node only. */
import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import { isKoVocabError, type KoVocabError } from '../errors'
import type { Compression } from './file-kind'

/**
 * `blocks`, and when they break, what `again` gives beyond them: decompressing at full speed loses up to a megabyte in
 * front of the damage, and how much depends on timing, so that the same file would not give the same text twice.
 *
 * @param again the text from its beginning, slowly and as far as it goes; null where it can be read once only
 * @param onBroken gets the error, before what `again` gives
 * @throws what `blocks` throws, unless it is `bad-file`
 */
export async function* asFarAsWhole(
  blocks: AsyncIterable<Uint8Array>,
  again: (() => AsyncIterable<Uint8Array>) | null,
  onBroken: (error: KoVocabError) => void,
): AsyncGenerator<Uint8Array> {
  let given = 0
  try {
    for await (const block of blocks) {
      given += block.length
      yield block
    }
    return
  } catch (error) {
    if (!isKoVocabError(error) || error.code !== 'bad-file') throw error
    onBroken(error)
  }
  if (!again) return
  let at = 0
  for await (const block of again()) {
    const from = Math.max(0, given - at)
    at += block.length
    if (from < block.length) yield block.subarray(from)
  }
}

/** Decompresses until the data breaks; at most a kilobyte of gzip, or a block of zstd, in front of that is lost. */
export function salvage(compression: Compression, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return compression === 'gzip' ? salvageGzip(source) : salvageZstd(source)
}

/** The output of the step that fails is lost: steps are as small as speed allows, and of the same size every time. */
const STEP_BYTES = 1024
const INPUT_BYTES = 1 << 14

async function* salvageGzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = zlib.createGunzip({ chunkSize: STEP_BYTES })
  let out: Uint8Array[] = []
  let over = false
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  stream.on('error', () => {
    over = true
  })
  stream.on('data', (block: Uint8Array) => void out.push(block))
  const taken = (): Uint8Array[] => {
    const blocks = out
    out = []
    return blocks
  }
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length && !over; at += INPUT_BYTES) {
        const written = new Promise<void>((resolve) => {
          stream.write(chunk.subarray(at, at + INPUT_BYTES), () => resolve())
        })
        await Promise.race([written, closed])
        yield* taken()
      }
      if (over) return
    }
    stream.end()
    await closed
    yield* taken()
  } finally {
    stream.destroy()
  }
}

/** With fzstd on every version of Node, so that all of them save the same. */
async function* salvageZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = []
  let over = false
  const stream = new Decompress((block) => void (block.length > 0 && out.push(block.slice())))
  const push = (chunk: Uint8Array, final: boolean): Uint8Array[] => {
    out = []
    try {
      stream.push(chunk, final)
    } catch {
      over = true
    }
    return out
  }
  for await (const chunk of source) {
    yield* push(chunk, false)
    if (over) return
  }
  yield* push(new Uint8Array(0), true)
}
