/** Lines of corpus files as they stand there, for encoders that take bytes. Node only, as all reading of files. */
import { readBlocks } from '../../corpus/blocks'
import type { CorpusFile } from '../../corpus/files'
import { createLineFilter } from '../../counts/held-out'

export interface LineBytesOptions {
  /** Only the lines that counting with `leaveOut` of the same number leaves out. */
  heldOut?: number
  /** Bytes read from disk. */
  onBytes?: (bytes: number) => void
  signal?: AbortSignal
}

const BOM = [0xef, 0xbb, 0xbf]

/** The lines without their ends and without a byte order mark, empty ones passed over. Memory: a block, a line. */
export async function* readLineBytes(
  files: readonly CorpusFile[],
  { heldOut, onBytes, signal }: LineBytesOptions = {},
): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    let passed: Uint8Array[] = []
    const keep = (bytes: Uint8Array) => void passed.push(bytes)
    const filter = heldOut === undefined ? { push: keep, end() {} } : createLineFilter(heldOut, 'held', keep)
    let rest: Uint8Array[] = []
    let begins = true
    const take = function* (): Generator<Uint8Array> {
      for (const block of passed) {
        let at = 0
        for (;;) {
          const newline = block.indexOf(0x0a, at)
          if (newline < 0) break
          rest.push(block.subarray(at, newline))
          yield* lineOf(rest)
          rest = []
          at = newline + 1
        }
        // A copy, so that a few bytes do not keep a block alive.
        if (at < block.length) rest.push(block.slice(at))
      }
      passed = []
    }
    const lineOf = function* (parts: Uint8Array[]): Generator<Uint8Array> {
      let line = parts.length === 1 ? parts[0] : joined(parts)
      if (begins && BOM.every((byte, i) => line[i] === byte)) line = line.subarray(BOM.length)
      begins = false
      if (line[line.length - 1] === 0x0d) line = line.subarray(0, line.length - 1)
      if (line.length > 0) yield line
    }
    for await (const block of readBlocks(file, { signal, onBytes })) {
      filter.push(block)
      yield* take()
    }
    filter.end()
    yield* take()
    if (rest.length > 0) yield* lineOf(rest)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
