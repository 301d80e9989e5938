/**
 * The training step that every contender does: a Llama's forward, mean cross-entropy, backward, clipping of the global
 * norm, AdamW. Weights and tokens are hashes of their index, so that a process in any language makes the same ones.
 */
import { parameterShapes } from '../../src/trainer/model/parameters.ts'

/** Sizes of a model and its batch; `large` is for a real GPU. */
const MODELS = {
  small: { hidden: 64, layers: 2, heads: 4, kvHeads: 2, intermediate: 176, vocabulary: 512, length: 32, batch: 2 },
  mid: { hidden: 128, layers: 4, heads: 4, kvHeads: 2, intermediate: 352, vocabulary: 4096, length: 128, batch: 4 },
  large: {
    hidden: 1024,
    layers: 8,
    heads: 16,
    kvHeads: 8,
    intermediate: 2816,
    vocabulary: 32000,
    length: 512,
    batch: 8,
  },
}

export const MODEL_NAMES = Object.keys(MODELS)

export const ADAMW = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxNorm: 1 }

const SCALE = 0.02

/** @returns {{name: string, config: import('../../src/trainer/index.ts').LlamaConfig, batch: number, length: number}} */
export function workloadOf(name) {
  const { hidden, layers, heads, kvHeads, intermediate, vocabulary, length, batch } = MODELS[name]
  const config = {
    vocabSize: vocabulary,
    hiddenSize: hidden,
    intermediateSize: intermediate,
    layers,
    heads,
    kvHeads,
    headDim: hidden / heads,
    normEpsilon: 1e-6,
    ropeTheta: 10_000,
    ropeScaling: { type: 'default' },
    tied: false,
    maxPositions: length,
    slidingWindow: null,
  }
  return { name, config, batch, length }
}

/** A bijection of 32 bits that leaves no pattern: https://github.com/skeeto/hash-prospector */
function hash(x) {
  let h = x ^ (x >>> 16)
  h = Math.imul(h, 0x21f0aaad)
  h ^= h >>> 15
  h = Math.imul(h, 0xd35a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** @returns {number} 0 ≤ u < 1, in steps of 2^-24: exact in float32 */
const uniform = (stream, i) => (hash((Math.imul(stream, 0x9e3779b1) + i) | 0) >>> 8) * 2 ** -24

/** @returns {number[][]} in the order of the model */
export const weightShapesOf = ({ config }) => parameterShapes(config).map(({ shape }) => shape)

/**
 * In the order of the model. Norms are 1; the rest is uniform with a standard deviation of 0.02.
 *
 * @returns {{name: string, shape: number[], values: Float32Array}[]}
 */
export function weightsOf({ config }) {
  return parameterShapes(config).map(({ name, shape }, stream) => {
    const size = shape.reduce((a, b) => a * b, 1)
    if (shape.length === 1) return { name, shape, values: new Float32Array(size).fill(1) }
    const width = 2 * Math.sqrt(3) * SCALE
    return { name, shape, values: Float32Array.from({ length: size }, (_, i) => (uniform(stream, i) - 0.5) * width) }
  })
}

/**
 * Another batch for every step; small ids are frequent, as in text. Every position has a label, so that nobody has to mask.
 *
 * @param {number} step from 0
 * @returns {{ids: Int32Array, labels: Int32Array}} [batch · length] each
 */
export function batchOf({ config, batch, length }, step) {
  const ids = new Int32Array(batch * length)
  const labels = new Int32Array(batch * length)
  for (let block = 0; block < batch; block++) {
    const at = (place) => {
      const u = uniform(1000 + step, block * (length + 1) + place)
      return Math.floor(config.vocabSize * u * u)
    }
    for (let place = 0; place < length; place++) {
      ids[block * length + place] = at(place)
      labels[block * length + place] = at(place + 1)
    }
  }
  return { ids, labels }
}

/** For JSON. */
export const plainBatch = ({ ids, labels }) => ({ ids: [...ids], labels: [...labels] })
