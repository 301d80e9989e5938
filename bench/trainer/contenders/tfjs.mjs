/** The step in @tensorflow/tfjs-core: gradients by `grads`, AdamW by tensor operations (its own Adam has no decay). */
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import { ropeTables } from '../../../src/trainer/model/rope.ts'
import { ADAMW, weightsOf } from '../workload.mjs'

export async function openTfjs(workload) {
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs finds no webgpu')
  await tf.ready()
  const { config, length } = workload
  const { cos, sin } = ropeTables(config, length)
  const table = (values) => tf.tensor(Float32Array.from(values), [1, length, 1, config.headDim / 2])
  const below = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e9 : 0,
  )
  const fixed = { cos: table(cos), sin: table(sin), mask: tf.tensor(below, [1, 1, length, length]) }
  const weights = weightsOf(workload)
  let parameters = weights.map(({ values, shape }) => tf.tensor(values, shape))
  let first = weights.map(({ shape }) => tf.zeros(shape))
  let second = weights.map(({ shape }) => tf.zeros(shape))
  return {
    async run({ ids, labels }, number, read) {
      const before = [...parameters, ...first, ...second]
      const out = tf.tidy(() => {
        const input = { ids: tf.tensor1d(ids, 'int32'), labels: tf.tensor1d(labels, 'int32'), ...fixed }
        const { value, grads } = tf.valueAndGrads((...list) => forward(workload, list, input))(parameters)
        return { loss: value, ...update(parameters, grads, first, second, number) }
      })
      parameters = out.parameters
      first = out.first
      second = out.second
      tf.dispose(before)
      try {
        if (!read) return null
        const [loss, norm] = [(await out.loss.data())[0], (await out.norm.data())[0]]
        // The update was put on the queue before these were read back; its last tensor is ready when all are.
        await tf.tidy(() => tf.slice(parameters.at(-1), [0, 0], [1, 1])).data()
        return { loss, norm }
      } finally {
        tf.dispose([out.loss, out.norm])
      }
    },
  }
}

function forward({ config, batch, length }, parameters, { ids, labels, cos, sin, mask }) {
  const { layers, heads, kvHeads, headDim, hiddenSize, normEpsilon, vocabSize } = config
  let at = 0
  const next = () => parameters[at++]
  const norm = (x, weight) => {
    const mean = tf.mean(tf.square(x), -1, true)
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(mean, normEpsilon))), weight)
  }
  const project = (x, weight) => tf.matMul(x, weight, false, true)
  const rope = (x) => {
    const [u, w] = tf.split(x, 2, -1)
    const out = tf.sub(tf.mul(u, cos), tf.mul(w, sin))
    return tf.concat([out, tf.add(tf.mul(w, cos), tf.mul(u, sin))], -1)
  }
  const headsOf = (x, count) => tf.reshape(x, [batch, length, count, headDim])
  const toFront = (x) => tf.transpose(x, [0, 2, 1, 3])
  /** Every key head stands beside itself once for each of its query heads. */
  const spread = (x) => {
    const group = heads / kvHeads
    if (group === 1) return x
    const wide = tf.tile(tf.reshape(x, [batch, kvHeads, 1, length * headDim]), [1, 1, group, 1])
    return tf.reshape(wide, [batch, heads, length, headDim])
  }
  let x = tf.gather(next(), ids)
  for (let layer = 0; layer < layers; layer++) {
    const input = norm(x, next())
    const q = toFront(rope(headsOf(project(input, next()), heads)))
    const k = spread(toFront(rope(headsOf(project(input, next()), kvHeads))))
    const v = spread(toFront(headsOf(project(input, next()), kvHeads)))
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headDim)), mask)
    const attention = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3])
    x = tf.add(x, project(tf.reshape(attention, [batch * length, heads * headDim]), next()))
    const middle = norm(x, next())
    const gate = project(middle, next())
    const up = project(middle, next())
    x = tf.add(x, project(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), next()))
  }
  const hidden = tf.reshape(norm(x, next()), [batch * length, hiddenSize])
  const logits = project(hidden, next())
  const chosen = tf.sum(tf.mul(logits, tf.oneHot(labels, vocabSize)), -1)
  return tf.mean(tf.sub(tf.logSumExp(logits, -1), chosen))
}

function update(parameters, gradients, first, second, number) {
  const { learningRate, beta1, beta2, epsilon, weightDecay, maxNorm } = ADAMW
  // Not addN: it binds a buffer a term, more than devices allow.
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)))
  const norm = tf.sqrt(squares.reduce((a, b) => tf.add(a, b)))
  const factor = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1)
  const out = { parameters: [], first: [], second: [] }
  for (const [i, parameter] of parameters.entries()) {
    const gradient = tf.mul(gradients[i], factor)
    const m = tf.add(tf.mul(first[i], beta1), tf.mul(gradient, 1 - beta1))
    const v = tf.add(tf.mul(second[i], beta2), tf.mul(tf.square(gradient), 1 - beta2))
    const root = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - beta2 ** number)), epsilon)
    const change = tf.div(tf.mul(m, learningRate / (1 - beta1 ** number)), root)
    const decay = parameter.rank > 1 ? weightDecay : 0
    out.parameters.push(tf.sub(tf.mul(parameter, 1 - learningRate * decay), change))
    out.first.push(m)
    out.second.push(v)
  }
  return { ...out, norm }
}
