/**
 * How much probability an untrained model gives to new ids: J. Hewitt ("Initializing New Word Embeddings for Pretrained
 * Language Models", 2021) saw it go to nearly all of it for random or zero rows, because the logits of a trained model lie
 * far below 0. What new rows take is missing on every token of the base's own text.
 */
import { KoVocabError } from '../errors'
import type { BaseRows } from './compare'
import type { InitMap } from './init-map'
import { normals } from './philox'

/** Logits of the base for some hidden states. */
export interface BaseLogits {
  /** The hidden states: what the output matrix is multiplied with, after the last norm. */
  hidden: BaseRows
  /** [base rows, hidden states] */
  logits: Float32Array
  /** By hidden state: ln Σ exp over the base's ids. */
  logSums: Float64Array
}

export interface NewMass {
  /** Hidden states. */
  states: number
  /** Σ of the probabilities of all new ids (padding left out): its mean over the states, and the highest. */
  mean: number
  most: number
  /** What the base's ids lose by it, in bits a token: the mean of -log2(1 - mass). */
  bits: number
}

/**
 * Memory: 4 bytes a base row and state.
 *
 * @param output the base's output matrix; logits are its plain products, without bias, scale or soft cap
 * @throws KoVocabError `mismatch` when the states are of another size
 */
export function baseLogits(output: BaseRows, baseRows: number, hidden: BaseRows): BaseLogits {
  if (hidden.dim !== output.dim || hidden.rows === 0) {
    const what = `the hidden states are [${hidden.rows}, ${hidden.dim}], the output rows have ${output.dim} values`
    throw new KoVocabError('mismatch', what, 'give hidden states of the base model, after its last norm')
  }
  const { dim, rows: states } = hidden
  const logits = new Float32Array(baseRows * states)
  for (let id = 0; id < baseRows; id++) {
    for (let state = 0; state < states; state++) {
      let sum = 0
      for (let d = 0; d < dim; d++) sum += output.data[id * dim + d] * hidden.data[state * dim + d]
      logits[id * states + state] = sum
    }
  }
  const logSums = new Float64Array(states)
  for (let state = 0; state < states; state++) {
    let most = Number.NEGATIVE_INFINITY
    for (let id = 0; id < baseRows; id++) most = Math.max(most, logits[id * states + state])
    let sum = 0
    for (let id = 0; id < baseRows; id++) sum += Math.exp(logits[id * states + state] - most)
    logSums[state] = most + Math.log(sum)
  }
  return { hidden, logits, logSums }
}

/** New rows are combinations of base rows, and so are their logits: W · (base logits), without making the rows. */
export function newMass(map: InitMap, { hidden, logits, logSums }: BaseLogits): NewMass {
  const { indptr, indices, weights, mean, noise } = map.output
  const states = hidden.rows
  const meanLogits = new Float64Array(states)
  for (let i = 0; i < logits.length; i++) meanLogits[i % states] += logits[i] / map.baseRows
  /** By state: the new ids' Σ exp(logit - logSum of the base), which is mass / (1 - mass). */
  const odds = new Float64Array(states)
  const row = new Float64Array(states)
  for (let r = 0; r < map.newIds.length; r++) {
    row.fill(0)
    for (let k = indptr[r]; k < indptr[r + 1]; k++) {
      const from = indices[k] * states
      for (let state = 0; state < states; state++) row[state] += weights[k] * logits[from + state]
    }
    if (mean) for (let state = 0; state < states; state++) row[state] += mean[r] * meanLogits[state]
    if (noise && noise[r] !== 0) {
      const drawn = normals({ seed: map.seed, side: 'output', id: map.newIds[r], stream: 0 }, hidden.dim)
      for (let state = 0; state < states; state++) {
        let sum = 0
        for (let d = 0; d < hidden.dim; d++) sum += drawn[d] * hidden.data[state * hidden.dim + d]
        row[state] += noise[r] * sum
      }
    }
    for (let state = 0; state < states; state++) odds[state] += Math.exp(row[state] - logSums[state])
  }
  let sum = 0
  let most = 0
  let bits = 0
  for (const odd of odds) {
    // Odds beyond float64 are a mass of 1.
    const mass = odd === Number.POSITIVE_INFINITY ? 1 : odd / (1 + odd)
    sum += mass
    most = Math.max(most, mass)
    bits += Math.log1p(odd) / Math.LN2
  }
  return { states, mean: sum / states, most, bits: bits / states }
}
