/** Stands between words in {@link TrainingText.symbols}. */
export const BOUNDARY = -1
/** Stands inside a symbol, behind its first place. */
export const INSIDE = -2

/** The counted words as one line of symbols; training merges it in place. */
export interface TrainingText {
  /** BOUNDARY, symbols of the first word, BOUNDARY, symbols of the second, …, BOUNDARY. */
  symbols: Int32Array
  /** By place: the count of the word that stands there; 0 at boundaries. */
  weights: Uint32Array
}

/** Words as lists of symbols, laid out for training. Counts are integers below 2^32. */
export function layOut(words: readonly { symbols: readonly number[]; count: number }[]): TrainingText {
  const length = words.reduce((sum, word) => sum + word.symbols.length + 1, 1)
  const text = { symbols: new Int32Array(length), weights: new Uint32Array(length) }
  let at = 0
  text.symbols[at++] = BOUNDARY
  for (const { symbols, count } of words) {
    text.symbols.set(symbols, at)
    text.weights.fill(count, at, at + symbols.length)
    at += symbols.length
    text.symbols[at++] = BOUNDARY
  }
  return text
}
