import { findMerge, type MergeTable, NO_RANK } from './merge-table'

/** Room that merging needs beside the symbols; grows to the longest word seen. */
export interface MergeRoom {
  /** By place: slot of the merge of the symbol there and the next one, -1 for none. */
  slots: Int32Array
  /** By place: its rank, NO_RANK for none. */
  ranks: Int32Array
  next: Int32Array
  previous: Int32Array
  /** A binary heap of (rank, place) for long words. */
  heapRanks: Int32Array
  heapPlaces: Int32Array
}

export function createMergeRoom(symbols = 256): MergeRoom {
  return {
    slots: new Int32Array(symbols),
    ranks: new Int32Array(symbols),
    next: new Int32Array(symbols),
    previous: new Int32Array(symbols),
    heapRanks: new Int32Array(symbols * 3),
    heapPlaces: new Int32Array(symbols * 3),
  }
}

/** Words longer than this merge with a heap: searching the whole word for each merge is quadratic. */
const SCAN_MAX = 40

/**
 * Merges symbols[0 .. length) in place: the adjacent pair of lowest rank, leftmost first, until no pair merges.
 *
 * @returns the new length
 */
export function mergeSymbols(table: MergeTable, room: MergeRoom, symbols: Int32Array, length: number): number {
  if (length < 2) return length
  if (room.slots.length < length) Object.assign(room, createMergeRoom(length * 2))
  return length <= SCAN_MAX ? mergeShort(table, room, symbols, length) : mergeLong(table, room, symbols, length)
}

function mergeShort(table: MergeTable, room: MergeRoom, symbols: Int32Array, length: number): number {
  const { slots, ranks } = room
  const merges = table.slots
  let count = length
  for (let i = 0; i + 1 < count; i++) {
    const slot = findMerge(table, symbols[i], symbols[i + 1])
    slots[i] = slot
    ranks[i] = slot < 0 ? NO_RANK : merges[slot + 2]
  }
  for (;;) {
    let best = NO_RANK
    let at = -1
    for (let i = 0; i < count - 1; i++) {
      if (ranks[i] < best) {
        best = ranks[i]
        at = i
      }
    }
    if (at < 0) return count
    symbols[at] = merges[slots[at] + 3]
    count--
    for (let i = at + 1; i < count; i++) {
      symbols[i] = symbols[i + 1]
      slots[i] = slots[i + 1]
      ranks[i] = ranks[i + 1]
    }
    if (at > 0) {
      const slot = findMerge(table, symbols[at - 1], symbols[at])
      slots[at - 1] = slot
      ranks[at - 1] = slot < 0 ? NO_RANK : merges[slot + 2]
    }
    if (at + 1 < count) {
      const slot = findMerge(table, symbols[at], symbols[at + 1])
      slots[at] = slot
      ranks[at] = slot < 0 ? NO_RANK : merges[slot + 2]
    }
  }
}

function mergeLong(table: MergeTable, room: MergeRoom, symbols: Int32Array, length: number): number {
  const { slots, ranks, next, previous, heapRanks, heapPlaces } = room
  const merges = table.slots
  let size = 0
  const push = (rank: number, place: number) => {
    let at = size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heapRanks[parent]
      if (above < rank || (above === rank && heapPlaces[parent] <= place)) break
      heapRanks[at] = above
      heapPlaces[at] = heapPlaces[parent]
      at = parent
    }
    heapRanks[at] = rank
    heapPlaces[at] = place
  }
  const pop = () => {
    size--
    const rank = heapRanks[size]
    const place = heapPlaces[size]
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      const beside = child + 1
      if (
        beside < size &&
        (heapRanks[beside] < heapRanks[child] ||
          (heapRanks[beside] === heapRanks[child] && heapPlaces[beside] < heapPlaces[child]))
      ) {
        child = beside
      }
      if (heapRanks[child] > rank || (heapRanks[child] === rank && heapPlaces[child] >= place)) break
      heapRanks[at] = heapRanks[child]
      heapPlaces[at] = heapPlaces[child]
      at = child
    }
    heapRanks[at] = rank
    heapPlaces[at] = place
  }
  const pair = (at: number) => {
    const slot = next[at] < length ? findMerge(table, symbols[at], symbols[next[at]]) : -1
    slots[at] = slot
    ranks[at] = slot < 0 ? NO_RANK : merges[slot + 2]
    if (slot >= 0) push(ranks[at], at)
  }
  for (let i = 0; i < length; i++) {
    next[i] = i + 1
    previous[i] = i - 1
  }
  for (let i = 0; i < length; i++) pair(i)
  while (size > 0) {
    const rank = heapRanks[0]
    const at = heapPlaces[0]
    pop()
    // Stale: the pair at this place has changed or gone since it was pushed.
    if (ranks[at] !== rank) continue
    const gone = next[at]
    symbols[at] = merges[slots[at] + 3]
    ranks[gone] = NO_RANK
    next[at] = next[gone]
    if (next[at] < length) previous[next[at]] = at
    pair(at)
    if (previous[at] >= 0) pair(previous[at])
  }
  let count = 0
  for (let at = 0; at < length; at = next[at]) symbols[count++] = symbols[at]
  return count
}
