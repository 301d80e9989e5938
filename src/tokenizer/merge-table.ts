import type { Merges } from './types'

/**
 * (left, right) → rank and result, as an open-addressing table of four numbers a slot (left, right, rank, result), so
 * that one lookup costs one cache line. left is -1 where a slot is free.
 */
export interface MergeTable {
  slots: Int32Array
  mask: number
  /**
   * One bit a pair, by hash. Most pairs that are asked for do not merge; the bits of a whole table fit the second-level
   * cache where its slots do not.
   */
  maybe: Uint32Array
}

/** Rank of a pair that does not merge. */
export const NO_RANK = 0x7fffffff

export function createMergeTable(merges: Merges): MergeTable {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, merges.left.length * 2)))
  const slots = new Int32Array(size * 4).fill(-1)
  const mask = size - 1
  const maybe = new Uint32Array(Math.max(32, size >> 3))
  for (let rank = 0; rank < merges.left.length; rank++) {
    const left = merges.left[rank]
    const right = merges.right[rank]
    const hash = hashPair(left, right)
    maybe[(hash >>> 5) & (maybe.length - 1)] |= 1 << hash
    let slot = (hash & mask) << 2
    while (slots[slot] !== -1 && (slots[slot] !== left || slots[slot + 1] !== right)) slot = (slot + 4) & (mask * 4 + 3)
    // Hugging Face keeps the last of two equal pairs.
    slots[slot] = left
    slots[slot + 1] = right
    slots[slot + 2] = rank
    slots[slot + 3] = merges.result[rank]
  }
  return { slots, mask, maybe }
}

function hashPair(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1 | 0) + right
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b | 0)
  return hash ^ (hash >>> 13)
}

/** The slot of a pair, -1 when it does not merge: slots[it + 2] is its rank, slots[it + 3] its result. */
export function findMerge(table: MergeTable, left: number, right: number): number {
  const { slots, mask, maybe } = table
  const hash = hashPair(left, right)
  if (((maybe[(hash >>> 5) & (maybe.length - 1)] >>> hash) & 1) === 0) return -1
  const wrap = mask * 4 + 3
  let slot = (hash & mask) << 2
  for (;;) {
    const there = slots[slot]
    if (there === left && slots[slot + 1] === right) return slot
    if (there === -1) return -1
    slot = (slot + 4) & wrap
  }
}

/** What stands for `left` in the slot of a merge that was taken away: no id, and not the end of a search. */
const REMOVED = -2

/** Takes a merge away; nothing happens when it is not there. */
export function removeMerge(table: MergeTable, left: number, right: number): void {
  const slot = findMerge(table, left, right)
  if (slot >= 0) table.slots[slot] = REMOVED
}
