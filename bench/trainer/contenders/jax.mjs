/** The step in @jax-js/jax: one jitted function from parameters, moments and batch to the next ones. */
import * as jax from '@jax-js/jax'
import { ropeTables } from '../../../src/trainer/model/rope.ts'
import { ADAMW, weightsOf } from '../workload.mjs'

const { numpy: np, nn } = jax

/** @param {'webgpu' | 'wasm'} device */
export async function openJax(workload, device) {
  provideIteratorHelpers()
  const found = await jax.init(device)
  if (!found.includes(device)) throw new Error(`jax-js finds no ${device}`)
  jax.defaultDevice(device)
  const { config, batch, length } = workload
  const { cos, sin } = ropeTables(config, length)
  const weights = weightsOf(workload)
  const isMatrix = weights.map(({ shape }) => shape.length > 1)
  const table = (values) => np.array(Float32Array.from(values)).reshape([1, length, 1, config.headDim / 2])
  const turn = { cos: table(cos), sin: table(sin) }
  let parameters = weights.map(({ values, shape }) => np.array(values).reshape(shape))
  let first = weights.map(({ shape }) => np.zeros(shape))
  let second = weights.map(({ shape }) => np.zeros(shape))
  const step = jax.jit((parameters, first, second, ids, labels, cos, sin, rates) => {
    const lossOf = jax.valueAndGrad((parameters) => forward(workload, parameters, { ids, labels, cos, sin }))
    const [loss, gradients] = lossOf(parameters.map((parameter) => parameter.ref))
    return { loss, ...update(isMatrix, parameters, gradients, first, second, rates) }
  })
  return {
    async run({ ids, labels }, number, read) {
      const { learningRate, beta1, beta2 } = ADAMW
      const rates = np.array(Float32Array.of(learningRate, 1 - beta1 ** number, Math.sqrt(1 - beta2 ** number)))
      const input = (values) => np.array(values, { dtype: np.int32 }).reshape([batch, length])
      const out = step(parameters, first, second, input(ids), input(labels), turn.cos.ref, turn.sin.ref, rates)
      parameters = out.parameters
      first = out.first
      second = out.second
      if (!read) {
        out.loss.dispose()
        out.norm.dispose()
        return null
      }
      const [loss, norm] = [(await out.loss.data())[0], (await out.norm.data())[0]]
      await jax.blockUntilReady([parameters, first, second])
      return { loss, norm }
    },
  }
}

function forward({ config, batch, length }, parameters, { ids, labels, cos, sin }) {
  const { layers, heads, kvHeads, headDim, hiddenSize, normEpsilon, vocabSize } = config
  let at = 0
  const next = () => parameters[at++]
  const norm = (x, weight) => {
    const mean = np.mean(np.square(x.ref), -1, { keepdims: true })
    return x.mul(np.reciprocal(np.sqrt(mean.add(normEpsilon)))).mul(weight)
  }
  const project = (x, weight) => np.matmul(x, weight.transpose())
  const rope = (x) => {
    const [u, w] = np.split(x, 2, -1)
    const out = u.ref.mul(cos.ref).sub(w.ref.mul(sin.ref))
    return np.concatenate([out, w.mul(cos.ref).add(u.mul(sin.ref))], -1)
  }
  let x = np.take(next(), ids.ref, 0)
  for (let layer = 0; layer < layers; layer++) {
    const input = norm(x.ref, next())
    const q = rope(project(input.ref, next()).reshape([batch, length, heads, headDim]))
    const k = rope(project(input.ref, next()).reshape([batch, length, kvHeads, headDim]))
    const v = project(input, next()).reshape([batch, length, kvHeads, headDim])
    const attention = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([batch, length, heads * headDim])
    x = x.add(project(attention, next()))
    const middle = norm(x.ref, next())
    const gate = nn.silu(project(middle.ref, next()))
    x = x.add(project(gate.mul(project(middle, next())), next()))
  }
  const hidden = norm(x, next()).reshape([batch * length, hiddenSize])
  const logits = project(hidden, next())
  // Not takeAlongAxis: jit refuses the scatter that its gradient is.
  const chosen = nn
    .oneHot(labels.ref.reshape([batch * length]), vocabSize)
    .mul(logits.ref)
    .sum(-1)
  return nn.logsumexp(logits, -1).sub(chosen).mean()
}

/** @param rates [3]: learning rate, 1 - β1^t, sqrt(1 - β2^t) */
function update(isMatrix, parameters, gradients, first, second, rates) {
  const { beta1, beta2, epsilon, weightDecay, maxNorm } = ADAMW
  const squares = gradients.map((gradient) => np.square(gradient.ref).sum())
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)))
  const factor = np.minimum(np.reciprocal(norm.ref.add(1e-6)).mul(maxNorm), 1)
  const [rate, correction1, correction2] = np.unstack(rates)
  const out = { parameters: [], first: [], second: [] }
  for (const [i, parameter] of parameters.entries()) {
    const gradient = gradients[i].mul(factor.ref)
    const m = first[i].mul(beta1).add(gradient.ref.mul(1 - beta1))
    const v = second[i].mul(beta2).add(np.square(gradient).mul(1 - beta2))
    const change = m.ref.div(correction1.ref).div(np.sqrt(v.ref).div(correction2.ref).add(epsilon))
    const decayed = isMatrix[i] ? parameter.ref.mul(rate.ref.mul(-weightDecay).add(1)) : parameter.ref
    out.parameters.push(decayed.sub(change.mul(rate.ref)))
    out.first.push(m)
    out.second.push(v)
  }
  return { ...out, norm }
}

/** jax-js maps and filters iterators, which Node 20 cannot yet. */
function provideIteratorHelpers() {
  const iterator = Object.getPrototypeOf(Object.getPrototypeOf([].values()))
  const helper = (name) => {
    iterator[name] ??= function* helper(...given) {
      yield* [...this][name](...given)
    }
  }
  helper('map')
  helper('filter')
}
