import type { Packing } from './packing'
import type { TokenStore } from './token-store'

/**
 * Best-fit decreasing (H. Ding et al., "Fewer Truncations Improve Language Modeling", arXiv 2404.10830): documents
 * longer than a block are cut into whole blocks and a rest; then, from the longest down, each piece goes into the block
 * where the least room is left that it fits in. Lengths are small whole numbers, so that pieces are sorted by counting,
 * and blocks are kept by the room they have left.
 *
 * Computed anew at every start, the same each time. Memory: 20 bytes a piece, of which there are as many as documents
 * or a few more; time: a second for some million documents.
 */
export function packBestFit(store: TokenStore, length: number): Packing {
  const { starts, lengths } = piecesByLength(store, length)
  const pieces = starts.length
  const rowOf = new Int32Array(pieces)
  /** By room left, the block that came to it last; by block, the one that came to the same room before it. */
  const lastWith = new Int32Array(length + 1).fill(-1)
  const before: number[] = []
  const rooms = createRooms(length + 1)
  for (let piece = 0; piece < pieces; piece++) {
    const size = lengths[piece]
    let room = rooms.from(size)
    let row: number
    if (room < 0) {
      room = length
      row = before.length
      before.push(-1)
    } else {
      row = lastWith[room]
      lastWith[room] = before[row]
      if (lastWith[room] < 0) rooms.set(room, false)
    }
    rowOf[piece] = row
    const left = room - size
    // A full block is never asked for again.
    if (left === 0) continue
    before[row] = lastWith[left]
    lastWith[left] = row
    rooms.set(left, true)
  }
  const rows = before.length
  const { indptr, order } = byRow(rowOf, rows)
  return {
    kind: 'whole',
    length,
    rows,
    padding: rows * length - store.tokens,
    ranges: (row) =>
      Array.from(order.subarray(indptr[row], indptr[row + 1]), (piece) => ({
        start: starts[piece],
        length: lengths[piece],
      })),
  }
}

/** The pieces that documents are cut into, from the longest down; of the same length in the order of the store. */
function piecesByLength(store: TokenStore, length: number): { starts: Float64Array; lengths: Int32Array } {
  /** By length, how many there are; then where the next one of that length goes. */
  const places = new Float64Array(length + 1)
  for (const tokens of store.lengths()) {
    places[length] += Math.floor(tokens / length)
    if (tokens % length > 0) places[tokens % length]++
  }
  let pieces = 0
  for (let size = length; size > 0; size--) {
    const count = places[size]
    places[size] = pieces
    pieces += count
  }
  const starts = new Float64Array(pieces)
  const lengths = new Int32Array(pieces)
  let at = 0
  for (const tokens of store.lengths()) {
    for (let rest = tokens; rest > 0; ) {
      const size = Math.min(rest, length)
      const place = places[size]++
      starts[place] = at
      lengths[place] = size
      at += size
      rest -= size
    }
  }
  return { starts, lengths }
}

/** The pieces of row r are order[indptr[r] .. indptr[r + 1]), the longest first. */
function byRow(rowOf: Int32Array, rows: number): { indptr: Int32Array; order: Int32Array } {
  const indptr = new Int32Array(rows + 1)
  for (const row of rowOf) indptr[row + 1]++
  for (let row = 0; row < rows; row++) indptr[row + 1] += indptr[row]
  const next = indptr.slice(0, rows)
  const order = new Int32Array(rowOf.length)
  for (let piece = 0; piece < rowOf.length; piece++) order[next[rowOf[piece]]++] = piece
  return { indptr, order }
}

/** A set of whole numbers below `size`, as a complete binary tree: its least member from a number on in log(size). */
function createRooms(size: number) {
  let leaves = 1
  while (leaves < size) leaves *= 2
  const present = new Uint8Array(leaves * 2)
  return {
    set(room: number, value: boolean): void {
      let node = leaves + room
      present[node] = value ? 1 : 0
      for (node >>= 1; node > 0; node >>= 1) present[node] = present[node * 2] | present[node * 2 + 1]
    },
    /** -1 where there is none. */
    from(room: number): number {
      let node = leaves + room
      while (present[node] === 0) {
        // Up until there is something to the right, over there, and down again.
        while (node % 2 === 1) node >>= 1
        if (node === 0) return -1
        node++
      }
      while (node < leaves) node = present[node * 2] === 1 ? node * 2 : node * 2 + 1
      return node - leaves
    },
  }
}
