/** Lines of corpus files as they stand there, for encoders that take bytes. Node only, as all reading of files. */
import { readBlocks } from '../../corpus/blocks'
import { createMarkSkipper } from '../../corpus/byte-order-mark'
import type { CorpusFile } from '../../corpus/files'
import { lineBatches } from '../../corpus/line-bytes'
import { createLineFilter } from '../../counts/held-out'

export interface LineBytesOptions {
  /** Only the lines that counting with `leaveOut` of the same number leaves out. */
  heldOut?: number
  /** Bytes read from disk. */
  onBytes?: (bytes: number) => void
  signal?: AbortSignal
}

/** The lines without their ends and without a byte order mark, empty ones passed over. Memory: a block, a line. */
export async function* readLineBytes(
  files: readonly CorpusFile[],
  { heldOut, onBytes, signal }: LineBytesOptions = {},
): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    const blocks = withoutMark(readBlocks(file, { signal, onBytes }))
    const kept = heldOut === undefined ? blocks : heldBlocks(blocks, heldOut)
    for await (const lines of lineBatches(kept, Number.POSITIVE_INFINITY)) {
      for (const { bytes, ended } of lines) {
        // A file may end with half a line end.
        const line = !ended && bytes!.at(-1) === 0x0d ? bytes!.subarray(0, -1) : bytes!
        if (line.length > 0) yield line
      }
    }
  }
}

async function* withoutMark(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { push, end } = createMarkSkipper()
  for await (const block of blocks) yield push(block)
  yield end()
}

async function* heldBlocks(blocks: AsyncIterable<Uint8Array>, heldOut: number): AsyncGenerator<Uint8Array> {
  let passed: Uint8Array[] = []
  const filter = createLineFilter(heldOut, 'held', (bytes) => void passed.push(bytes))
  const take = () => {
    const taken = passed
    passed = []
    return taken
  }
  for await (const block of blocks) {
    filter.push(block)
    yield* take()
  }
  filter.end()
  yield* take()
}
