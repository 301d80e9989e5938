import type { Renyi } from './types'

/** The order that Zouhar et al. found to go best with the quality of models. */
export const RENYI_ALPHA = 2.5

/**
 * Rényi entropy of the tokens' unigram distribution p, H = log2(Σ p^α) / (1 − α), and its efficiency: divided by log2 of
 * the number of ids. 1 when all ids are used alike. Vilém Zouhar et al., "Tokenization and the Noiseless Channel", ACL
 * 2023 (arXiv 2306.16842). The package tokenization-scorer divides by log2 of the ids in use.
 *
 * @param uses by id
 * @param size ids that text can lead to
 */
export function renyi(uses: Float64Array, size: number, alpha = RENYI_ALPHA): Renyi {
  let total = 0
  let used = 0
  for (const count of uses) {
    total += count
    if (count > 0) used++
  }
  if (total === 0) return { alpha, entropy: null, efficiency: null, efficiencyOfUsed: null }
  let sum = 0
  for (const count of uses) if (count > 0) sum += (count / total) ** alpha
  // -0 where one id is all there is.
  const entropy = Math.log2(sum) / (1 - alpha) + 0
  return {
    alpha,
    entropy,
    efficiency: size > 1 ? entropy / Math.log2(size) : null,
    efficiencyOfUsed: used > 1 ? entropy / Math.log2(used) : null,
  }
}
