/** Blocks of bytes as lines of bytes, with the place where each begins. */

export interface LineBytes {
  /** Without its line end (`\n`, or `\r\n`); null for a line above the bound, which is passed over. */
  bytes: Uint8Array | null
  /** Byte with which it begins. */
  offset: number
  /** Whether a line end follows. */
  ended: boolean
}

/**
 * All lines, a batch a block. Memory: a block, and the longest line.
 *
 * @param offset of the first block's first byte
 */
export async function* lineBatches(
  blocks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  offset = 0,
): AsyncGenerator<LineBytes[]> {
  let rest: Uint8Array[] = []
  let restBytes = 0
  let tooLong = false
  let lineStart = offset
  let at = offset
  const line = (bytes: Uint8Array, ended: boolean): LineBytes => {
    const hasReturn = ended && bytes.length > 0 && bytes[bytes.length - 1] === 0x0d
    return { bytes: tooLong ? null : hasReturn ? bytes.subarray(0, -1) : bytes, offset: lineStart, ended }
  }
  for await (const block of blocks) {
    const lines: LineBytes[] = []
    let from = 0
    for (;;) {
      const end = block.indexOf(0x0a, from)
      if (end < 0) break
      restBytes += end - from
      if (restBytes > maxBytes) tooLong = true
      const piece = block.subarray(from, end)
      lines.push(line(rest.length === 0 || tooLong ? piece : joined([...rest, piece]), true))
      rest = []
      restBytes = 0
      tooLong = false
      from = end + 1
      lineStart = at + from
    }
    if (from < block.length) {
      restBytes += block.length - from
      if (restBytes > maxBytes) {
        tooLong = true
        rest = []
      } else {
        // A copy, so that a few bytes do not keep a block alive.
        rest.push(from === 0 ? block : block.slice(from))
      }
    }
    at += block.length
    yield lines
  }
  if (restBytes > 0) yield [line(joined(rest), false)]
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
