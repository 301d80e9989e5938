/**
 * Corpus files as the bytes that they hold, decompressed on the way, with bounded memory; what the bytes mean is told in
 * blocks.ts and records.ts. Node only.
 */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import * as zlib from 'node:zlib'
import { KoVocabError, throwIfAborted } from '../errors'
import { asIoError } from './atomic'
import { decompress } from './decompress'
import { type Compression, refuseForeignKinds, SNIFF_BYTES, sniffCompression } from './file-kind'
import type { CorpusFile } from './files'
import { asFarAsWhole, salvage } from './salvage'
import { unzstd } from './unzstd'

export const DEFAULT_BLOCK_BYTES = 4 << 20

export interface ReadBytesOptions {
  /** Largest length of a plain block; decompressed blocks may be shorter or longer. Default 4 MiB. */
  blockBytes?: number
  /** First byte; plain files only. Default 0. */
  start?: number
  /** One past the last byte; plain files only. Default the end of the file. */
  end?: number
  signal?: AbortSignal
  /** Called with the number of further bytes read from disk (compressed bytes where compressed). */
  onBytes?: (bytes: number) => void
  /** What `-` reads. Default process.stdin. */
  stdin?: AsyncIterable<Uint8Array>
  /**
   * Gets the error of compressed data that is damaged or ends early, instead of its being thrown; then what can be had
   * of the text before it is given out, and the file ends there.
   */
  onBroken?: (error: KoVocabError) => void
}

/**
 * The bytes of a corpus file, decompressed, in order. Every block is the caller's own.
 *
 * @throws KoVocabError `io`; `bad-file` for compressed data that is damaged or ends early, with the byte offset in the
 * compressed file; `unsupported` for a range of a compressed file, and for standard input that is not text;
 * `bad-option` for a range that is none; `aborted`
 */
export async function* readBytes(file: CorpusFile, options: ReadBytesOptions = {}): AsyncGenerator<Uint8Array> {
  checkRange(file, options)
  if (isStream(file)) {
    yield* readStream(file, options)
  } else if (file.compression === 'none') {
    yield* readPlain(file, options)
  } else {
    const { path, compression } = file
    const whole = decompressed(compression, path, readRaw(path, options))
    if (!options.onBroken) yield* whole
    else
      yield* asFarAsWhole(
        whole,
        () => salvage(compression, readRaw(path, { signal: options.signal })),
        options.onBroken,
      )
  }
}

function decompressed(compression: Compression, path: string, source: AsyncIterable<Uint8Array>) {
  return compression === 'gzip' ? gunzip(path, source) : unzstd(path, source)
}

/**
 * The bytes of a plain file on the calling thread, without a promise a block: for worker threads, which have nothing
 * else to do meanwhile. `onBlock` gets a view of one buffer that the next block overwrites.
 *
 * @param onBlock called with the block and its first byte's offset in the file; `false` ends the reading
 * @throws KoVocabError as {@link readBytes}
 */
export function forEachBlockSync(
  file: CorpusFile,
  options: { start?: number; end?: number; blockBytes?: number },
  onBlock: (block: Uint8Array, offset: number) => unknown,
): void {
  checkRange(file, options)
  if (file.compression !== 'none' || isStream(file)) {
    throw new KoVocabError(
      'unsupported',
      `${file.path}: only plain files can be read on the spot`,
      'read it with readBytes',
    )
  }
  const { start = 0, end = Number.POSITIVE_INFINITY, blockBytes = DEFAULT_BLOCK_BYTES } = options
  try {
    const fd = openSync(file.path, 'r')
    try {
      const buffer = new Uint8Array(Math.max(1, Math.min(blockBytes, end - start)))
      for (let offset = start; offset < end; ) {
        const got = readSync(fd, buffer, 0, Math.min(buffer.length, end - offset), offset)
        if (got === 0 || onBlock(buffer.subarray(0, got), offset) === false) return
        offset += got
      }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw asIoError(error, file.path, 'read')
  }
}

function checkRange(file: CorpusFile, { start, end, blockBytes }: ReadBytesOptions): void {
  if (blockBytes !== undefined && !(Number.isSafeInteger(blockBytes) && blockBytes > 0)) {
    throw new KoVocabError('bad-option', `blockBytes must be a whole number above 0, not ${blockBytes}`)
  }
  if (start === undefined && end === undefined) return
  if (isStream(file) || file.compression !== 'none') {
    const what = isStream(file) ? 'a stream' : `a ${file.compression} file`
    throw new KoVocabError(
      'unsupported',
      `${file.path}: a byte range of ${what} cannot be read`,
      'read it from its start',
    )
  }
  const from = start ?? 0
  const to = end ?? Number.MAX_SAFE_INTEGER
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new KoVocabError('bad-option', `${file.path}: ${start ?? 0}..${end ?? ''} is not a byte range`)
  }
}

async function* readPlain(file: CorpusFile, options: ReadBytesOptions): AsyncGenerator<Uint8Array> {
  const { start = 0, end = Number.POSITIVE_INFINITY, blockBytes = DEFAULT_BLOCK_BYTES, signal, onBytes } = options
  const handle = await open(file.path, 'r').catch((error) => {
    throw asIoError(error, file.path, 'read')
  })
  try {
    for (let offset = start; offset < end; ) {
      throwIfAborted(signal)
      const buffer = new Uint8Array(Math.min(blockBytes, end - offset))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset).catch((error) => {
        throw asIoError(error, file.path, 'read')
      })
      if (bytesRead === 0) return
      offset += bytesRead
      onBytes?.(bytesRead)
      yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** The file as it lies on disk, in pieces that suit a decompressor. */
async function* readRaw(path: string, { signal, onBytes }: ReadBytesOptions): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: 1 << 18 })
  try {
    for await (const chunk of stream) {
      throwIfAborted(signal)
      onBytes?.(chunk.length)
      yield chunk
    }
  } catch (error) {
    throw asIoError(error, path, 'read')
  } finally {
    stream.destroy()
  }
}

/** A stream can be looked at only once, so its kind is found out here and not by expandInputs. */
async function* readStream(file: CorpusFile, options: ReadBytesOptions): AsyncGenerator<Uint8Array> {
  const name = file.path === '-' ? 'standard input' : file.path
  const source = file.path === '-' ? readStandardInput(options) : readRaw(file.path, options)
  const head: Uint8Array[] = []
  for (let bytes = 0; bytes < SNIFF_BYTES; bytes += head[head.length - 1].length) {
    const { value, done } = await source.next()
    if (done) break
    head.push(value)
  }
  const sample = new Uint8Array(Buffer.concat(head)).subarray(0, SNIFF_BYTES)
  refuseForeignKinds(name, sample)
  const whole = (async function* () {
    yield* head
    yield* source
  })()
  const compression = sniffCompression(sample)
  if (compression === 'none') yield* whole
  else if (!options.onBroken) yield* decompressed(compression, name, whole)
  else yield* asFarAsWhole(decompressed(compression, name, whole), null, options.onBroken)
}

async function* readStandardInput(options: ReadBytesOptions): AsyncGenerator<Uint8Array> {
  const { stdin = process.stdin as AsyncIterable<Uint8Array>, signal, onBytes } = options
  for await (const chunk of stdin) {
    throwIfAborted(signal)
    onBytes?.(chunk.length)
    yield chunk
  }
}

const isStream = (file: CorpusFile): boolean => file.stream === true || file.path === '-'

async function* gunzip(path: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* decompress(source, zlib.createGunzip({ chunkSize: 1 << 20 }), (offset, cause) => {
    const hint = 'copy or download the file again; gzip -t checks it'
    const { message } = cause as Error
    return new KoVocabError('bad-file', `${path}: gzip data breaks at byte ${offset}: ${message}`, hint, { cause })
  })
}
