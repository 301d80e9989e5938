/**
 * Direct preference optimization (arXiv 2305.18290, equation 7) by way of the plan's weighted cross-entropy. With the sums
 * of negative log-likelihood N of an answer's tokens and P pairs in a step,
 * `loss = -1/P · Σ log σ(β · m)`, `m = (R_chosen - N_chosen) - (R_rejected - N_rejected)`, R being the reference's sums.
 * So `dloss / dN_chosen = β · σ(-β · m) / P` and `dloss / dN_rejected = -β · σ(-β · m) / P`: numbers that weights of
 * positions can be. `evaluate` gives N, these functions the weights, `forward` and `backward` then the gradient.
 */
import { KoVocabError } from '../../errors'
import type { PreferenceBlocks } from './preferences'

/**
 * The sums of negative log-likelihood of each answer: those of pair p of the blocks at 2p (chosen) and 2p + 1 (rejected).
 *
 * @param nll of every position, as `evaluate` leaves it
 */
export function answerNll(
  { answer, pairs }: Pick<PreferenceBlocks, 'answer' | 'pairs'>,
  nll: ArrayLike<number>,
): Float64Array {
  if (nll.length !== answer.length)
    throw new KoVocabError('bad-option', `there are ${nll.length} values of nll for ${answer.length} positions`)
  const sums = new Float64Array(2 * pairs.length)
  for (let at = 0; at < answer.length; at++) if (answer[at] >= 0) sums[answer[at]] += nll[at]
  return sums
}

export interface DpoStep {
  /** [2 · pairs]: of each answer's negative log-likelihood in the gradient. */
  weights: Float64Array
  /** [pairs]: m above, in nats. */
  margins: Float64Array
  /** The mean. */
  loss: number
  /** Share of pairs whose margin is above 0. */
  accuracy: number
  /** The mean margin times β: TRL's `rewards/margins`. */
  margin: number
}

/**
 * @param policy [2 · pairs]: chosen, rejected, chosen, …
 * @param reference [2 · pairs]: of the frozen model
 * @param beta above 0
 * @throws KoVocabError `bad-option` for numbers that do not belong together
 */
export function dpoWeights(policy: ArrayLike<number>, reference: ArrayLike<number>, beta: number): DpoStep {
  if (policy.length !== reference.length || policy.length % 2 !== 0 || policy.length === 0) {
    const what = `${policy.length} sums of the policy and ${reference.length} of the reference`
    throw new KoVocabError('bad-option', `${what}: two of each pair are expected`)
  }
  if (!(beta > 0)) throw new KoVocabError('bad-option', `beta is ${beta}, a number above 0 is expected`)
  const pairs = policy.length / 2
  const weights = new Float64Array(2 * pairs)
  const margins = new Float64Array(pairs)
  let loss = 0
  for (let pair = 0; pair < pairs; pair++) {
    const [chosen, rejected] = [2 * pair, 2 * pair + 1]
    const margin = reference[chosen] - policy[chosen] - (reference[rejected] - policy[rejected])
    const weight = (beta / pairs) * sigmoid(-beta * margin)
    margins[pair] = margin
    weights[chosen] = weight
    weights[rejected] = -weight
    loss += softplus(-beta * margin) / pairs
  }
  const accuracy = margins.reduce((sum, margin) => sum + (margin > 0 ? 1 : 0), 0) / pairs
  const margin = (beta * margins.reduce((sum, one) => sum + one, 0)) / pairs
  return { weights, margins, loss, accuracy, margin }
}

/** Of each position the weight of its answer: what stands in the input `weights` of `forward`. */
export function positionWeights(
  { answer }: Pick<PreferenceBlocks, 'answer'>,
  weights: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(answer, (one) => (one < 0 ? 0 : weights[one]))
}

/** Neither overflows. */
function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
