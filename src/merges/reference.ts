import type { LearnedStep } from './train'

/**
 * The trainer, slow and plain: what {@link trainPieces} must equal with ties `bytes`.
 *
 * Every step encodes every word again from its first symbols with all pieces so far, counts the adjacent pairs, and
 * takes the most frequent one that is allowed; ties go to the piece that comes first in byte order, then to the longer
 * left half.
 *
 * @param words symbols by word, and the word's count
 * @param keys piece by symbol; the new ones are appended
 * @param pieces symbols that are pieces from the start, in the order in which they merge
 */
export function trainReference(
  words: readonly { symbols: readonly number[]; count: number }[],
  keys: string[],
  pieces: readonly number[],
  options: { add: number; minFrequency: number; allowed: (key: string) => boolean },
): LearnedStep[] {
  const ranks = new Map(pieces.map((symbol, rank) => [keys[symbol], rank]))
  const symbolOf = new Map(pieces.map((symbol) => [keys[symbol], symbol]))
  const steps: LearnedStep[] = []
  while (steps.length < options.add) {
    const counts = new Map<string, { left: number; right: number; count: number }>()
    for (const word of words) {
      let free = -1
      const symbols = encodeByPieces(word.symbols, keys, ranks, symbolOf)
      for (let i = 0; i + 1 < symbols.length; i++) {
        const [left, right] = [symbols[i], symbols[i + 1]]
        // `aaa` holds (a, a) once: what merges at i is gone at i + 1.
        if (left === right && free === i) continue
        if (left === right) free = i + 1
        const pair = counts.get(`${left} ${right}`)
        if (pair) pair.count += word.count
        else counts.set(`${left} ${right}`, { left, right, count: word.count })
      }
    }
    const best = [...counts.values()]
      .filter(({ count }) => count >= options.minFrequency)
      .map((pair) => ({ ...pair, key: keys[pair.left] + keys[pair.right] }))
      .filter(({ key }) => !ranks.has(key) && options.allowed(key))
      .sort((a, b) => {
        if (a.count !== b.count) return b.count - a.count
        if (a.key !== b.key) return a.key < b.key ? -1 : 1
        return keys[b.left].length - keys[a.left].length
      })[0]
    if (!best) break
    const symbol = keys.length
    keys.push(best.key)
    ranks.set(best.key, ranks.size)
    symbolOf.set(best.key, symbol)
    steps.push({ symbol, left: best.left, right: best.right, count: best.count })
  }
  return steps
}

/** Symbols of a word: merges the adjacent pair whose concatenation is the piece of lowest rank, leftmost first, until there is none. */
export function encodeByPieces(
  word: readonly number[],
  keys: readonly string[],
  ranks: ReadonlyMap<string, number>,
  symbolOf: ReadonlyMap<string, number>,
): number[] {
  const symbols = word.slice()
  for (;;) {
    let best = Number.POSITIVE_INFINITY
    let at = -1
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(keys[symbols[i]] + keys[symbols[i + 1]]) ?? Number.POSITIVE_INFINITY
      if (rank < best) {
        best = rank
        at = i
      }
    }
    if (at < 0) return symbols
    symbols.splice(at, 2, symbolOf.get(keys[symbols[at]] + keys[symbols[at + 1]])!)
  }
}
