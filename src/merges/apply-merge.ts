import { ensurePair, type PairIndex, pairAt, placesOf, reservePlaces } from './pair-index'
import type { Registry, Split } from './registry'
import { INSIDE, type TrainingText } from './text'

/** What one merge needs besides the text; the arrays are by symbol and are clean between merges. */
export interface Merger {
  text: TrainingText
  index: PairIndex
  registry: Registry
  /** The weight that (x, new) and (new, y) gained, by x and y. */
  gainLeft: Float64Array
  gainRight: Float64Array
  /** How many places they gained. */
  placesLeft: Int32Array
  placesRight: Int32Array
  touchedLeft: number[]
  touchedRight: number[]
  /** (symbol, place) of every neighbour, in text order. */
  foundLeft: Int32Array
  foundRight: Int32Array
  foundLeftUsed: number
  foundRightUsed: number
  /** A pair whose total rose or that is new. */
  onGrown: (pair: number) => void
}

export function createMerger(
  text: TrainingText,
  index: PairIndex,
  registry: Registry,
  symbols: number,
  onGrown: (pair: number) => void,
): Merger {
  return {
    text,
    index,
    registry,
    gainLeft: new Float64Array(symbols),
    gainRight: new Float64Array(symbols),
    placesLeft: new Int32Array(symbols),
    placesRight: new Int32Array(symbols),
    touchedLeft: [],
    touchedRight: [],
    foundLeft: new Int32Array(1 << 12),
    foundRight: new Int32Array(1 << 12),
    foundLeftUsed: 0,
    foundRightUsed: 0,
    onGrown,
  }
}

/**
 * Merges every place of one pair into `made`, a symbol that stands nowhere yet.
 *
 * A neighbour x loses (x, left) exactly what (x, made) gains, so one sum a neighbour serves both.
 */
export function mergePair(merger: Merger, pair: number, made: number): void {
  const { index } = merger
  const { symbols, weights } = merger.text
  const left = index.left[pair]
  const right = index.right[pair]
  const places = placesOf(index, pair)
  const room = places.length * 2
  if (merger.foundLeft.length < room) merger.foundLeft = new Int32Array(room)
  if (merger.foundRight.length < room) merger.foundRight = new Int32Array(room)
  const { gainLeft, gainRight, placesLeft, placesRight, touchedLeft, touchedRight, foundLeft, foundRight } = merger
  let usedLeft = 0
  let usedRight = 0
  let between = 0
  for (let p = 0; p < places.length; p++) {
    const at = places[p]
    if (symbols[at] !== left) continue
    let next = at + 1
    while (symbols[next] === INSIDE) next++
    if (symbols[next] !== right) continue
    const weight = weights[at]
    symbols[at] = made
    symbols[next] = INSIDE
    let before = at - 1
    while (symbols[before] === INSIDE) before--
    let after = next + 1
    while (symbols[after] === INSIDE) after++
    const x = symbols[before]
    const y = symbols[after]
    if (x >= 0) {
      if (placesLeft[x]++ === 0) touchedLeft.push(x)
      gainLeft[x] += weight
      foundLeft[usedLeft++] = x
      foundLeft[usedLeft++] = before
      // The neighbour was merged just now: it had counted on (made, left), which is (made, made) now.
      if (x === made) between += weight
    }
    if (y >= 0) {
      if (placesRight[y]++ === 0) touchedRight.push(y)
      gainRight[y] += weight
      foundRight[usedRight++] = y
      foundRight[usedRight++] = at
    }
  }
  merger.foundLeftUsed = usedLeft
  merger.foundRightUsed = usedRight
  for (const x of touchedLeft) if (x !== made) lose(index, pairAt(index, x, left), gainLeft[x])
  for (const y of touchedRight) lose(index, pairAt(index, right, y), gainRight[y])
  gainRight[left] -= between
  index.total[pair] = 0
  index.later.delete(pair)
  settle(merger, made, false)
}

function lose(index: PairIndex, pair: number, weight: number): void {
  if (pair >= 0) index.total[pair] -= weight
}

/**
 * Merges every place of one pair into `made`, leftmost first, and after each merge whatever older pieces it opens
 * (`opened`), in rank order: what an encoder does that knows all pieces so far.
 */
export function mergeAndOpen(merger: Merger, pair: number, made: number, opened: readonly Split[]): void {
  const { index, registry } = merger
  const { symbols, weights } = merger.text
  const { keys, ranks } = registry
  const openedLeft = new Map<number, number>()
  const openedRight = new Map<number, number>()
  for (const { left, right, result } of opened) {
    if (right === made) openedLeft.set(left, result)
    if (left === made) openedRight.set(right, result)
  }
  const gain = (left: number, right: number, weight: number, place: number) => {
    if (right === made) {
      if (merger.placesLeft[left]++ === 0) merger.touchedLeft.push(left)
      merger.gainLeft[left] += weight
      merger.foundLeft = push(merger.foundLeft, merger.foundLeftUsed, left, place)
      merger.foundLeftUsed += 2
    } else if (left === made) {
      if (merger.placesRight[right]++ === 0) merger.touchedRight.push(right)
      merger.gainRight[right] += weight
      merger.foundRight = push(merger.foundRight, merger.foundRightUsed, right, place)
      merger.foundRightUsed += 2
    } else {
      const pair = ensurePair(index, left, right)
      index.total[pair] += weight
      const later = index.later.get(pair)
      if (later) later.push(place)
      else index.later.set(pair, [place])
      merger.onGrown(pair)
    }
  }
  const drop = (left: number, right: number, weight: number) => {
    if (right === made) merger.gainLeft[left] -= weight
    else if (left === made) merger.gainRight[right] -= weight
    else lose(index, pairAt(index, left, right), weight)
  }
  /** Makes `result` of the symbol at `at` and the one behind it. */
  const fuse = (at: number, result: number) => {
    const weight = weights[at]
    const left = symbols[at]
    let next = at + 1
    while (symbols[next] === INSIDE) next++
    const right = symbols[next]
    let before = at - 1
    while (symbols[before] === INSIDE) before--
    let after = next + 1
    while (symbols[after] === INSIDE) after++
    const x = symbols[before]
    const y = symbols[after]
    drop(left, right, weight)
    if (x >= 0) drop(x, left, weight)
    if (y >= 0) drop(right, y, weight)
    symbols[at] = result
    symbols[next] = INSIDE
    if (x >= 0) gain(x, result, weight, before)
    if (y >= 0) gain(result, y, weight, at)
  }
  const spelled = (left: number, right: number): number => {
    if (right === made) return openedLeft.get(left) ?? -1
    if (left === made) return openedRight.get(right) ?? -1
    return registry.byKey.get(keys[left] + keys[right]) ?? -1
  }

  const left = index.left[pair]
  const right = index.right[pair]
  for (const at of placesOf(index, pair)) {
    if (symbols[at] !== left) continue
    let next = at + 1
    while (symbols[next] === INSIDE) next++
    if (symbols[next] !== right) continue
    fuse(at, made)
    // The new symbol may complete older pieces, which rank before any further place of this one.
    let place = at
    for (;;) {
      const symbol = symbols[place]
      let before = place - 1
      while (symbols[before] === INSIDE) before--
      let after = place + 1
      while (symbols[after] === INSIDE) after++
      const onLeft = symbols[before] >= 0 ? spelled(symbols[before], symbol) : -1
      const onRight = symbols[after] >= 0 ? spelled(symbol, symbols[after]) : -1
      if (onLeft >= 0 && (onRight < 0 || ranks[onLeft] <= ranks[onRight])) {
        fuse(before, onLeft)
        place = before
      } else if (onRight >= 0) fuse(place, onRight)
      else break
    }
  }
  index.total[pair] = 0
  index.later.delete(pair)
  settle(merger, made, true)
}

function push(array: Int32Array, used: number, symbol: number, place: number): Int32Array {
  let room = array
  if (used + 2 > array.length) {
    room = new Int32Array(array.length * 2)
    room.set(array)
  }
  room[used] = symbol
  room[used + 1] = place
  return room
}

/** Brings the sums of one merge into the pair index, each new pair's places as one run, and cleans up. */
function settle(merger: Merger, made: number, sort: boolean): void {
  const { index, gainLeft, gainRight, placesLeft, placesRight, touchedLeft, touchedRight } = merger
  reservePlaces(index, (merger.foundLeftUsed + merger.foundRightUsed) >> 1)
  // From here on placesLeft and placesRight hold where the neighbour's next place is written, or -1: nowhere.
  for (const x of touchedLeft) placesLeft[x] = open(merger, x, made, gainLeft[x], placesLeft[x])
  // (made, made) has its gains on the left side; what stands under `made` on the right is stale.
  for (const y of touchedRight) placesRight[y] = y === made ? -1 : open(merger, made, y, gainRight[y], placesRight[y])
  const { places } = index
  const { foundLeft, foundRight, foundLeftUsed, foundRightUsed } = merger
  for (let i = 0; i < foundLeftUsed; i += 2) {
    const x = foundLeft[i]
    if (placesLeft[x] >= 0) places[placesLeft[x]++] = foundLeft[i + 1]
    else if (placesLeft[x] === -2) index.later.get(pairAt(index, x, made))!.push(foundLeft[i + 1])
  }
  for (let i = 0; i < foundRightUsed; i += 2) {
    const y = foundRight[i]
    if (placesRight[y] >= 0) places[placesRight[y]++] = foundRight[i + 1]
    else if (placesRight[y] === -2) index.later.get(pairAt(index, made, y))!.push(foundRight[i + 1])
  }
  if (sort) {
    for (const x of touchedLeft) sortRun(index, pairAt(index, x, made))
    for (const y of touchedRight) if (y !== made) sortRun(index, pairAt(index, made, y))
  }
  for (const x of touchedLeft) {
    gainLeft[x] = 0
    placesLeft[x] = 0
  }
  for (const y of touchedRight) {
    gainRight[y] = 0
    placesRight[y] = 0
  }
  touchedLeft.length = 0
  touchedRight.length = 0
  merger.foundLeftUsed = 0
  merger.foundRightUsed = 0
}

/** Where the first place of (left, right) goes: a run of its own, -2 into `later` (the pair has one), -1 nowhere. */
function open(merger: Merger, left: number, right: number, gain: number, count: number): number {
  const { index } = merger
  if (gain === 0) return -1
  const pair = ensurePair(index, left, right)
  index.total[pair] += gain
  merger.onGrown(pair)
  if (index.length[pair] > 0 || index.later.has(pair)) {
    if (!index.later.has(pair)) index.later.set(pair, [])
    return -2
  }
  const start = index.placesUsed
  index.start[pair] = start
  index.length[pair] = count
  index.placesUsed += count
  return start
}

function sortRun(index: PairIndex, pair: number): void {
  if (pair < 0) return
  const run = index.places.subarray(index.start[pair], index.start[pair] + index.length[pair])
  for (let i = 1; i < run.length; i++) {
    if (run[i - 1] > run[i]) {
      run.sort()
      return
    }
  }
}
