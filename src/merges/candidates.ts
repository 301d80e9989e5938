/**
 * The queue of candidate pairs: highest count first, ties by the caller's order.
 *
 * Counts only need numbers, and most ties are far from the top, so the heap compares counts alone; the pairs that share
 * the highest count move into a small second heap, which orders them by their strings.
 */
export interface Candidates {
  counts: Float64Array
  pairs: Int32Array
  size: number
  /** The count that everything in `tied` has. */
  tiedCount: number
  tied: number[]
  /** True when the first pair comes before the second, of equal count. */
  before: (a: number, b: number) => boolean
}

export function createCandidates(before: (a: number, b: number) => boolean, capacity = 1024): Candidates {
  return {
    counts: new Float64Array(capacity),
    pairs: new Int32Array(capacity),
    size: 0,
    tiedCount: Number.POSITIVE_INFINITY,
    tied: [],
    before,
  }
}

export function pushCandidate(queue: Candidates, pair: number, count: number): void {
  if (count === queue.tiedCount) {
    pushTied(queue, pair)
    return
  }
  if (queue.size === queue.pairs.length) {
    const capacity = Math.floor(queue.size * 1.5) + 16
    const counts = new Float64Array(capacity)
    counts.set(queue.counts)
    const pairs = new Int32Array(capacity)
    pairs.set(queue.pairs)
    queue.counts = counts
    queue.pairs = pairs
  }
  const { counts, pairs } = queue
  let at = queue.size++
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (counts[parent] >= count) break
    counts[at] = counts[parent]
    pairs[at] = pairs[parent]
    at = parent
  }
  counts[at] = count
  pairs[at] = pair
}

function popHeap(queue: Candidates): number {
  const { counts, pairs } = queue
  const top = pairs[0]
  const size = --queue.size
  const count = counts[size]
  const pair = pairs[size]
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= size) break
    if (child + 1 < size && counts[child + 1] > counts[child]) child++
    if (counts[child] <= count) break
    counts[at] = counts[child]
    pairs[at] = pairs[child]
    at = child
  }
  counts[at] = count
  pairs[at] = pair
  return top
}

function pushTied(queue: Candidates, pair: number): void {
  const { tied, before } = queue
  let at = tied.length
  tied.push(pair)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(pair, tied[parent])) break
    tied[at] = tied[parent]
    at = parent
  }
  tied[at] = pair
}

function popTied(queue: Candidates): number {
  const { tied, before } = queue
  const top = tied[0]
  const pair = tied.pop()!
  const size = tied.length
  if (size === 0) return top
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= size) break
    if (child + 1 < size && before(tied[child + 1], tied[child])) child++
    if (!before(tied[child], pair)) break
    tied[at] = tied[child]
    at = child
  }
  tied[at] = pair
  return top
}

/**
 * Takes the best pair, -1 when there is none. `current(pair)` is its count now (0 drops it): counts in the queue may be
 * stale, and a pair whose count fell is queued again at its new place. A pair whose count ROSE must have been pushed
 * again by the caller. The pair's count is then `queue.tiedCount`.
 */
export function takeCandidate(queue: Candidates, current: (pair: number) => number): number {
  for (;;) {
    if (queue.tied.length > 0) {
      if (queue.size > 0 && queue.counts[0] > queue.tiedCount) {
        // A count rose above the tied ones: back with them.
        const { tied, tiedCount } = queue
        queue.tied = []
        queue.tiedCount = Number.POSITIVE_INFINITY
        for (const pair of tied) pushCandidate(queue, pair, tiedCount)
        continue
      }
      const pair = popTied(queue)
      const count = current(pair)
      if (count === queue.tiedCount) return pair
      if (count > 0) pushCandidate(queue, pair, count)
      continue
    }
    if (queue.size === 0) return -1
    queue.tiedCount = Number.POSITIVE_INFINITY
    const top = queue.counts[0]
    // Everything with the highest count; entries whose count fell go back before the ties are opened.
    const fresh: number[] = []
    while (queue.size > 0 && queue.counts[0] === top) {
      const pair = popHeap(queue)
      const count = current(pair)
      if (count === top) fresh.push(pair)
      else if (count > 0) pushCandidate(queue, pair, count)
    }
    if (fresh.length === 0) continue
    queue.tiedCount = top
    for (const pair of fresh) pushTied(queue, pair)
  }
}
