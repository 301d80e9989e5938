import { drawn, normals } from '../philox'
import type { InitMethodFunction } from './types'

/**
 * The mean μ of all base rows and a little noise with their covariance Σ, as `resize_token_embeddings(mean_resizing=True)`
 * of transformers does: N(μ, 1e-9 Σ) (J. Hewitt, "Initializing New Word Embeddings for Pretrained Language Models",
 * 2021). tokensurgeon calls it `john_hewitt`, with the whole of Σ.
 *
 * The noise is √(1e-9 / m) Σ_j g_j (x_j - μ) with m = 16 base rows x_j drawn with replacement and g_j standard normal:
 * each term has covariance 1e-9 Σ / m, whatever the dimension, so the sum has 1e-9 Σ, and the row stays sparse. It is
 * normal given the rows that were drawn; over all draws its excess kurtosis is 3 (κ - 1) / 16 with κ that of the base
 * rows, 0.4 where they are normal. transformers factors Σ, and falls back to μ alone where it is not positive definite;
 * this needs no factor, nor the rows themselves. Weights and the weight of the mean sum to 1.
 */
export const meanResizing: InitMethodFunction = ({ side, seed, baseRows }) => {
  const scale = Math.sqrt(COVARIANCE_SCALE / DRAWN_ROWS)
  return ({ id }) => {
    const ids = [...drawn({ seed, side, id, stream: 2 }, DRAWN_ROWS, baseRows)]
    const weights = Array.from(normals({ seed, side, id, stream: 1 }, DRAWN_ROWS), (value) => scale * value)
    return { ids, weights, mean: 1 - weights.reduce((sum, weight) => sum + weight, 0) }
  }
}

const COVARIANCE_SCALE = 1e-9
const DRAWN_ROWS = 16
