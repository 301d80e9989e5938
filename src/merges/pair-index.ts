/**
 * The pairs of adjacent symbols: who they are, how often they stand side by side, and where.
 *
 * A pair is known by its index; the hash table only maps (left, right) to it.
 */
export interface PairIndex {
  left: Int32Array
  right: Int32Array
  /** Sum of the weights of all places, overlapping ones of a pair of equals (`aaa`) counted twice. */
  total: Float64Array
  /** places[start .. start + length): where the left symbol begins, ascending; some may be stale. */
  start: Uint32Array
  length: Uint32Array
  size: number
  /** Slot → pair index + 1, 0 where free. */
  slots: Int32Array
  places: Int32Array
  placesUsed: number
  /** Places that came after the pair's own run in `places` was written: pairs of a base piece that formed again. */
  later: Map<number, number[]>
}

export function createPairIndex(pairs: number, places: number): PairIndex {
  return {
    left: new Int32Array(pairs),
    right: new Int32Array(pairs),
    total: new Float64Array(pairs),
    start: new Uint32Array(pairs),
    length: new Uint32Array(pairs),
    size: 0,
    slots: new Int32Array(2 ** Math.ceil(Math.log2(pairs * 2))),
    places: new Int32Array(places),
    placesUsed: 0,
    later: new Map(),
  }
}

function hashPair(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1 | 0) ^ Math.imul(right, 0x85ebca6b | 0)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

/** Index of the pair, -1 when it is not there. */
export function pairAt(index: PairIndex, left: number, right: number): number {
  const { slots } = index
  const mask = slots.length - 1
  let slot = hashPair(left, right) & mask
  for (;;) {
    const pair = slots[slot] - 1
    if (pair < 0) return -1
    if (index.left[pair] === left && index.right[pair] === right) return pair
    slot = (slot + 1) & mask
  }
}

/** Index of the pair, made with a total of 0 and no places when it is not there. */
export function ensurePair(index: PairIndex, left: number, right: number): number {
  const mask = index.slots.length - 1
  let slot = hashPair(left, right) & mask
  for (;;) {
    const pair = index.slots[slot] - 1
    if (pair < 0) break
    if (index.left[pair] === left && index.right[pair] === right) return pair
    slot = (slot + 1) & mask
  }
  const pair = index.size++
  if (pair === index.left.length) growPairs(index)
  index.left[pair] = left
  index.right[pair] = right
  index.slots[slot] = pair + 1
  if (index.size * 2 > index.slots.length) rehash(index)
  return pair
}

/** Room for `count` more places; call before writing to `places` at `placesUsed`. */
export function reservePlaces(index: PairIndex, count: number): void {
  if (index.placesUsed + count <= index.places.length) return
  const places = new Int32Array(Math.max(Math.floor(index.places.length * 1.4), index.placesUsed + count))
  places.set(index.places.subarray(0, index.placesUsed))
  index.places = places
}

/** All places of a pair in ascending order. */
export function placesOf(index: PairIndex, pair: number): Int32Array {
  const own = index.places.subarray(index.start[pair], index.start[pair] + index.length[pair])
  const later = index.later.get(pair)
  if (!later) return own
  const all = new Int32Array(own.length + later.length)
  all.set(own)
  all.set(later, own.length)
  return all.sort()
}

function growPairs(index: PairIndex): void {
  const pairs = Math.floor(index.left.length * 1.5) + 16
  const copy = <T extends Int32Array | Uint32Array | Float64Array>(array: T, into: T): T => {
    into.set(array as never)
    return into
  }
  index.left = copy(index.left, new Int32Array(pairs))
  index.right = copy(index.right, new Int32Array(pairs))
  index.total = copy(index.total, new Float64Array(pairs))
  index.start = copy(index.start, new Uint32Array(pairs))
  index.length = copy(index.length, new Uint32Array(pairs))
}

function rehash(index: PairIndex): void {
  const slots = new Int32Array(index.slots.length * 2)
  const mask = slots.length - 1
  for (let pair = 0; pair < index.size; pair++) {
    let slot = hashPair(index.left[pair], index.right[pair]) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = pair + 1
  }
  index.slots = slots
}
