import { corpusOf } from './needs'
import type { InitMethodFunction } from './types'

/**
 * Every base token by how rare it is in the corpus as the base segments it: w_i = s_i / Σ s_j with s_i = a / (a + p_i),
 * p_i the token's share of all tokens and a = 0.001. These are the weights that S. Arora, Y. Liang and T. Ma give words
 * in the mean of a sentence ("A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017; `a` as there): a
 * byte token that stands in a third of all syllables says little about this one. Each row sums to 1.
 */
export const weightedFrequency: InitMethodFunction = (context) => {
  const { baseCounts } = corpusOf(context, 'weighted_frequency')
  const total = Math.max(
    1,
    baseCounts.reduce((sum, count) => sum + count, 0),
  )
  return ({ segmentation }) => {
    const rarity = segmentation.map((id) => SMOOTHING / (SMOOTHING + baseCounts[id] / total))
    const sum = rarity.reduce((a, b) => a + b, 0)
    return { ids: segmentation, weights: rarity.map((value) => value / sum) }
  }
}

const SMOOTHING = 1e-3
