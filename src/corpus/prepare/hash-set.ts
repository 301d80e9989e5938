/** A set of 128-bit hashes that holds nothing but the hashes. */
import type { Hash128 } from './hash128'

export interface HashSet {
  /** @returns whether the hash was not in it */
  add: (hash: Hash128) => boolean
  size: () => number
  /** Of memory. */
  bytes: () => number
}

const PARTS = 64
const FIRST_SLOTS = 16

/**
 * Open addressing, at most three quarters full: 21.3 to 42.7 bytes a hash. It is 64 tables, by the first six bits of a
 * hash, which grow one by one, so that growing takes a sixty-fourth more for a moment and not as much again.
 *
 * Two different texts share a hash with a probability of n² / 2^129: 1e-19 for ten thousand million documents.
 */
export function createHashSet(): HashSet {
  const parts = Array.from({ length: PARTS }, () => new Uint32Array(FIRST_SLOTS * 4))
  const used = new Uint32Array(PARTS)

  const insert = (table: Uint32Array, a: number, b: number, c: number, d: number): boolean => {
    const mask = table.length / 4 - 1
    for (let slot = b & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 4
      if (table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0) {
        table[at] = a
        table[at + 1] = b
        table[at + 2] = c
        table[at + 3] = d
        return true
      }
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return false
    }
  }
  const grow = (table: Uint32Array): Uint32Array<ArrayBuffer> => {
    const larger = new Uint32Array(table.length * 2)
    for (let at = 0; at < table.length; at += 4) {
      if (table[at] | table[at + 1] | table[at + 2] | table[at + 3]) {
        insert(larger, table[at], table[at + 1], table[at + 2], table[at + 3])
      }
    }
    return larger
  }
  return {
    add([a, b, c, d]) {
      const part = a >>> 26
      // All zeros mark a free slot.
      const last = (a | b | c | d) === 0 ? 1 : d
      if ((used[part] + 1) * 4 * 4 > parts[part].length * 3) parts[part] = grow(parts[part])
      const isNew = insert(parts[part], a, b, c, last)
      if (isNew) used[part]++
      return isNew
    },
    size: () => used.reduce((sum, count) => sum + count, 0),
    bytes: () => parts.reduce((sum, table) => sum + table.byteLength, 0),
  }
}
