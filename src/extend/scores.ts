/**
 * Scores for new pieces of a SentencePiece vocabulary: strictly falling as float32, below every score there is.
 *
 * SentencePiece stores float32. Llama-2 gives its whitespace runs -1e9, where neighbouring float32 values are 64 apart:
 * -1e9 - 1 is -1e9 again, and pieces of equal score merge leftmost first whatever their rank in tokenizer.json. So each
 * step is at least one unit in the last place.
 *
 * @param lowest the lowest score of the base
 * @param count how many scores
 */
export function scoresBelow(lowest: number, count: number): Float32Array {
  const scores = new Float32Array(count)
  let score = Math.min(0, Math.fround(lowest))
  for (let i = 0; i < count; i++) {
    const spacing = score === 0 ? 1 : 2 ** (Math.floor(Math.log2(-score)) - 23)
    let next = Math.fround(score - Math.max(1, spacing))
    // Just below a power of two the spacing doubles.
    if (next >= score) next = Math.fround(score - 2 * spacing)
    scores[i] = score = next
  }
  return scores
}
