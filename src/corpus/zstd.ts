/**
 * Zstandard compression of a stream, by libzstd in WebAssembly: Node's own comes with 22.15, and this one gives the same
 * bytes on every Node.
 */
import { Zstd } from '@hpcc-js/wasm-zstd'

/** What zstd's own command takes. */
const LEVEL = 3

/** Fed at once, and always so much: the library ends a block with what it is fed. */
const PIECE_BYTES = 1 << 20

let last: Promise<void> = Promise.resolve()

/**
 * One frame, since python-zstandard and what is built on it have long read the first of several only. It has no checksum
 * and does not tell its size. The same bytes give the same frame, however they are cut. Memory: about 12 MB.
 *
 * The library has one compressor a thread: a second stream waits until the first one has ended.
 */
export async function* zstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const before = last
  let release = () => {}
  last = new Promise((resolve) => {
    release = resolve
  })
  await before
  try {
    const library = await load()
    library.reset()
    library.setCompressionLevel(LEVEL)
    const piece = new Uint8Array(PIECE_BYTES)
    let used = 0
    for await (const bytes of source) {
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + PIECE_BYTES - used)
        piece.set(part, used)
        used += part.length
        at += part.length
        if (used < PIECE_BYTES) continue
        yield library.compressChunk(piece)
        used = 0
      }
    }
    if (used > 0) yield library.compressChunk(piece.subarray(0, used))
    yield library.compressEnd()
  } finally {
    release()
  }
}

interface Heap {
  heapView: (place: unknown) => Uint8Array
  heapToUint8Array: (place: unknown) => Uint8Array
}

/**
 * The library copies its output number by number, `new Uint8Array([...view])`, which takes ten times as long as to
 * compress (1.12: 10 MB/s and not 95). Where its insides are still those, they copy as a whole from now on.
 */
async function load(): Promise<Zstd> {
  const library = await Zstd.load()
  const heap = (library as unknown as { _mainModule?: Partial<Heap> })._mainModule
  if (heap?.heapView && heap.heapToUint8Array) heap.heapToUint8Array = (place) => heap.heapView!(place).slice()
  return library
}
