/**
 * The point of the probability simplex nearest to `scores`: few weights above 0, which sum to 1 (A. Martins,
 * R. Astudillo, "From Softmax to Sparsemax", ICML 2016, algorithm 1).
 *
 * @param scores falling
 * @returns the weights of the first so many, all above 0
 */
export function sparsemax(scores: readonly number[]): number[] {
  let sum = 0
  let support = 0
  let sumOfSupport = 0
  for (let k = 0; k < scores.length; k++) {
    sum += scores[k]
    if (1 + (k + 1) * scores[k] <= sum) break
    support = k + 1
    sumOfSupport = sum
  }
  const threshold = (sumOfSupport - 1) / support
  return scores.slice(0, support).map((score) => score - threshold)
}
