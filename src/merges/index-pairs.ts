import { createPairIndex, ensurePair, type PairIndex } from './pair-index'
import { INSIDE, type TrainingText } from './text'

/**
 * The pairs of the whole text as it stands, with totals and places.
 */
export function indexPairs(text: TrainingText): PairIndex {
  const { symbols, weights } = text
  const index = createPairIndex(1 << 16, 0)
  const pairOf = new Int32Array(symbols.length).fill(-1)
  let previous = -1
  for (let at = 0; at < symbols.length; at++) {
    const symbol = symbols[at]
    if (symbol === INSIDE) continue
    if (symbol >= 0 && previous >= 0 && symbols[previous] >= 0) {
      const pair = ensurePair(index, symbols[previous], symbol)
      index.total[pair] += weights[at]
      index.length[pair]++
      pairOf[previous] = pair
    }
    previous = at
  }
  return withPlaces(index, pairOf)
}

/** Writes each pair's places in one run, ascending: a counting sort of the text's places by pair. */
function withPlaces(index: PairIndex, pairOf: Int32Array): PairIndex {
  let used = 0
  const cursor = new Uint32Array(index.size)
  for (let pair = 0; pair < index.size; pair++) {
    index.start[pair] = cursor[pair] = used
    used += index.length[pair]
  }
  index.places = new Int32Array(Math.floor(used * 1.5) + 1024)
  index.placesUsed = used
  const { places } = index
  for (let at = 0; at < pairOf.length; at++) {
    const pair = pairOf[at]
    if (pair >= 0) places[cursor[pair]++] = at
  }
  return index
}
