/** Which lines of a corpus are set apart to measure on, so that counting leaves them out. */

/** Bytes of a line that decide: enough to tell lines apart, and no long line has to be held until its end is seen. */
const DECIDING_BYTES = 4096

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Whether a line is set apart, by its own bytes alone (the first 4,096): the same line is on the same side in every file,
 * so that a text which stands twice is never learned and measured both, and neither the order of the files nor the
 * number of threads matters. Empty lines never are.
 *
 * @param every one line in so many is set apart, on average
 */
export function isHeldOut(bytes: Uint8Array, start: number, end: number, every: number): boolean {
  const to = Math.min(end, start + DECIDING_BYTES)
  if (to === start) return false
  // FNV-1a, then a finalizer, since its low bits alone are those of the last bytes (murmur3's).
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0)
  return ((hash ^ (hash >>> 16)) >>> 0) % every === 0
}

export interface LineFilter {
  /** The next bytes of the text, which begins at a line's beginning. */
  push: (block: Uint8Array) => void
  /** The text is over; the next push begins another. */
  end: () => void
}

/**
 * Passes on the lines of a text that are set apart (`held`), or all others, with their line ends, in blocks of any size.
 * Memory: a block, and 4 KiB of a line that is cut.
 */
export function createLineFilter(
  every: number,
  side: 'held' | 'others',
  pass: (block: Uint8Array) => void,
): LineFilter {
  /** The beginning of a line that is not decided. */
  let waiting = new Uint8Array(0)
  /** Inside a decided line: whether it passes. */
  let passes: boolean | null = null

  const decide = (bytes: Uint8Array, start: number, end: number, ended: boolean): boolean => {
    const to = ended && end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
    return isHeldOut(bytes, start, to, every) === (side === 'held')
  }
  return {
    push(block) {
      let bytes = block
      if (waiting.length > 0) {
        bytes = new Uint8Array(waiting.length + block.length)
        bytes.set(waiting)
        bytes.set(block, waiting.length)
        waiting = new Uint8Array(0)
      }
      const kept = new Uint8Array(bytes.length)
      let used = 0
      for (let at = 0; at < bytes.length; ) {
        const found = bytes.indexOf(NEWLINE, at)
        const end = found < 0 ? bytes.length : found
        if (passes === null) {
          // A `\r` at the end may belong to the line end, so one byte more than what decides is waited for.
          if (found < 0 && end - at <= DECIDING_BYTES) {
            waiting = bytes.slice(at)
            break
          }
          passes = decide(bytes, at, end, found >= 0)
        }
        const next = found < 0 ? end : end + 1
        if (passes) {
          kept.set(bytes.subarray(at, next), used)
          used += next - at
        }
        if (found >= 0) passes = null
        at = next
      }
      if (used > 0) pass(kept.subarray(0, used))
    },
    end() {
      if (waiting.length > 0 && decide(waiting, 0, waiting.length, false)) pass(waiting)
      waiting = new Uint8Array(0)
      passes = null
    },
  }
}
