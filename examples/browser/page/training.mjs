/** Trains a model on a text, step by step: ko-vocab's plan of a step, replayed by whatever backend there is. */
import {
  batchInputs,
  buildPlan,
  createBatches,
  createDocumentEncoder,
  documentsOf,
  tokensInMemory,
  updateInputs,
} from 'ko-vocab/trainer'

/** Positions of a block, and blocks of a step. */
export const LENGTH = 64
const BATCH = 4
const SEED = 1
/** Steps in which the rate rises to its highest. */
const WARM_UP = 5

/**
 * @param {{tokenizer: object, config: object, weights: Map<string, {shape: number[], values: Float32Array}> | null}} model
 *   null: random weights
 * @param {{backend: import('ko-vocab/trainer').Backend, text: string, learningRate: number, steps: number}} options
 */
export async function openTraining({ tokenizer, config, weights }, { backend, text, learningRate, steps }) {
  const encoder = createDocumentEncoder(tokenizer, { eos: 'always' })
  const store = await tokensInMemory(documentsOf(text.split(/\r?\n/)), encoder, 'text')
  const sources = [{ name: 'text', store }]
  const batches = createBatches({ sources, length: LENGTH, seed: SEED, vocabulary: config.vocabSize })
  const { bindingBytes } = backend
  const adamw = { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, maxNorm: 1 }
  const plan = buildPlan(config, { batch: BATCH, length: LENGTH, bindingBytes, ...adamw })
  const session = await backend.open(plan)
  writeWeights(session, weights ?? randomWeights(plan))
  let done = 0
  return {
    tokens: store.tokens,
    bytes: store.bytes,
    /** One step. @returns {Promise<{loss: number, tokens: number}>} nats a token; tokens that were read */
    async step() {
      const { ids, documentStart, labels, targets, tokens } = batches.read(done * BATCH, BATCH)
      const weights = Float32Array.from(labels, (label) => (label < 0 ? 0 : 1 / targets))
      done++
      await session.run('zero')
      await session.run('forward', batchInputs(plan, { ids, documentStart, labels, weights }))
      await session.run('backward')
      await session.run('update', updateInputs(plan, done, learningRate * share(done, steps)))
      const [loss] = await session.read(plan.outputs.loss)
      if (!Number.isFinite(loss)) throw new Error(`the loss of step ${done} is ${loss}`)
      return { loss, tokens }
    },
    async weights() {
      const read = new Map()
      for (const { name, shape, tensor } of plan.parameters)
        read.set(name, { shape, values: Float32Array.from(await session.read(tensor)) })
      return read
    },
    close: () => session.close(),
  }
}

export function writeWeights(session, weights) {
  for (const { name, tensor } of session.plan.parameters) session.write(tensor, weights.get(name).values)
}

/** Of the highest rate: up, then down a cosine to a tenth. */
function share(step, steps) {
  const down = 0.1 + 0.45 * (1 + Math.cos((Math.PI * step) / steps))
  return Math.min(1, step / WARM_UP) * down
}

/** Norms are 1, all else is normal with a deviation of 0.02 (Box and Muller), the same ones every time. */
function randomWeights({ parameters }) {
  const draw = seeded(SEED)
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())
  return new Map(
    parameters.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1)
      const values = Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0.02 * normal()))
      return [name, { shape, values }]
    }),
  )
}

/** mulberry32: numbers from 0 to 1. */
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
