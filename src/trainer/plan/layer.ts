/** One layer: what it computes forward, and how a gradient comes back through it. */
import { layerNames } from '../model/parameters'
import { addActivation, type Draft, type Projection, project, projectBack, projectWeight, wholeOf } from './draft'
import type { LayerNeeds } from './needs'
import type { Operation } from './operations'
import type { Parameter, TensorId } from './types'

/** What a layer leaves for its gradient. */
export interface LayerActivations {
  /** [N, hidden]: the residual stream before the layer. */
  x: TensorId
  attentionInverse: TensorId
  attentionInput: TensorId
  q: TensorId
  k: TensorId
  v: TensorId
  attention: TensorId
  /** [N, heads, 2]: see Attention. */
  statistics: TensorId
  /** [N, hidden]: the residual stream between attention and MLP. */
  middle: TensorId
  mlpInverse: TensorId
  mlpInput: TensorId
  gate: TensorId
  up: TensorId
  /** [N, intermediate]: silu(gate) · up. */
  hidden: TensorId
}

/** The tensors of a layer by their part. */
function parametersOf(draft: Draft, layer: number): Record<keyof ReturnType<typeof layerNames>, Parameter> {
  const entries = Object.entries(layerNames(layer)).map(([part, name]) => [part, draft.parameters.get(name)!])
  return Object.fromEntries(entries)
}

/** From the residual stream to the MLP's hidden values: all that a gradient needs. */
export function layerForward(
  draft: Draft,
  layer: number,
  x: TensorId,
): { activations: LayerActivations; operations: Operation[] } {
  const { positions, config } = draft
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config
  const parameters = parametersOf(draft, layer)
  const name = (what: string) => `layer ${layer} ${what}`
  const of = (weight: Parameter): Projection => ({ weight, rows: positions })
  const queries = heads * headDim
  const keys = kvHeads * headDim
  const a: LayerActivations = {
    x,
    attentionInverse: addActivation(draft, name('attention norm inverse'), positions),
    attentionInput: addActivation(draft, name('attention input'), positions, hiddenSize),
    q: addActivation(draft, name('queries'), positions, heads, headDim),
    k: addActivation(draft, name('keys'), positions, kvHeads, headDim),
    v: addActivation(draft, name('values'), positions, kvHeads, headDim),
    attention: addActivation(draft, name('attention'), positions, heads, headDim),
    statistics: addActivation(draft, name('attention statistics'), positions, heads, 2),
    middle: addActivation(draft, name('middle'), positions, hiddenSize),
    mlpInverse: addActivation(draft, name('mlp norm inverse'), positions),
    mlpInput: addActivation(draft, name('mlp input'), positions, hiddenSize),
    gate: addActivation(draft, name('gate'), positions, intermediateSize),
    up: addActivation(draft, name('up'), positions, intermediateSize),
    hidden: addActivation(draft, name('mlp hidden'), positions, intermediateSize),
  }
  const projected = addActivation(draft, name('attention output'), positions, hiddenSize)
  const attentionInput = wholeOf(a.attentionInput, hiddenSize)
  const mlpInput = wholeOf(a.mlpInput, hiddenSize)
  const operations: Operation[] = [
    rmsNorm(draft, x, parameters.attentionNorm, a.attentionInput, a.attentionInverse),
    ...project(draft, of(parameters.query), attentionInput, wholeOf(a.q, queries)),
    ...project(draft, of(parameters.key), attentionInput, wholeOf(a.k, keys)),
    ...project(draft, of(parameters.value), attentionInput, wholeOf(a.v, keys)),
    rope(draft, a.q, heads, false),
    rope(draft, a.k, kvHeads, false),
    { kind: 'attention', ...sizes(draft), q: a.q, k: a.k, v: a.v, out: a.attention, statistics: a.statistics },
    ...project(draft, of(parameters.output), wholeOf(a.attention, queries), wholeOf(projected, hiddenSize)),
    { kind: 'add', a: x, b: projected, out: a.middle, length: positions * hiddenSize },
    rmsNorm(draft, a.middle, parameters.mlpNorm, a.mlpInput, a.mlpInverse),
    ...project(draft, of(parameters.gate), mlpInput, wholeOf(a.gate, intermediateSize)),
    ...project(draft, of(parameters.up), mlpInput, wholeOf(a.up, intermediateSize)),
    { kind: 'swiglu', gate: a.gate, up: a.up, out: a.hidden, length: positions * intermediateSize },
  ]
  return { activations: a, operations }
}

/** From the MLP's hidden values to the residual stream after the layer. */
export function layerOutput(
  draft: Draft,
  layer: number,
  { middle, hidden }: LayerActivations,
): { x: TensorId; operations: Operation[] } {
  const { positions, config } = draft
  const { hiddenSize, intermediateSize } = config
  const projected = addActivation(draft, `layer ${layer} mlp output`, positions, hiddenSize)
  const x = addActivation(draft, `layer ${layer} out`, positions, hiddenSize)
  const projection = { weight: parametersOf(draft, layer).down, rows: positions }
  return {
    x,
    operations: [
      ...project(draft, projection, wholeOf(hidden, intermediateSize), wholeOf(projected, hiddenSize)),
      { kind: 'add', a: middle, b: projected, out: x, length: positions * hiddenSize },
    ],
  }
}

/**
 * @param stream the gradient of the residual stream after the layer, [N, hidden]; becomes that of the stream before it,
 * where `needs` says that somebody wants it
 */
export function layerBackward(
  draft: Draft,
  layer: number,
  a: LayerActivations,
  stream: TensorId,
  needs: LayerNeeds,
): Operation[] {
  return [...mlpBackward(draft, layer, a, stream, needs), ...attentionBackward(draft, layer, a, stream, needs)]
}

function mlpBackward(
  draft: Draft,
  layer: number,
  a: LayerActivations,
  stream: TensorId,
  needs: LayerNeeds,
): Operation[] {
  const { positions, config } = draft
  const { hiddenSize, intermediateSize } = config
  const { mlpNorm, gate, up, down } = parametersOf(draft, layer)
  const of = (weight: Parameter): Projection => ({ weight, rows: positions })
  const dy = wholeOf(stream, hiddenSize)
  const operations = projectWeight(draft, of(down), dy, wholeOf(a.hidden, intermediateSize))
  if (!needs.hidden) return operations
  const dHidden = addActivation(draft, `gradient of layer ${layer} mlp hidden`, positions, intermediateSize)
  operations.push(...projectBack(draft, of(down), dy, wholeOf(dHidden, intermediateSize), false), {
    kind: 'swigluGradient',
    gate: a.gate,
    up: a.up,
    upstream: dHidden,
    length: positions * intermediateSize,
  })
  const x = wholeOf(a.mlpInput, hiddenSize)
  const dGate = wholeOf(a.gate, intermediateSize)
  const dUp = wholeOf(a.up, intermediateSize)
  operations.push(...projectWeight(draft, of(gate), dGate, x), ...projectWeight(draft, of(up), dUp, x))
  if (!needs.mlpInput) return operations
  const dInput = addActivation(draft, `gradient of layer ${layer} mlp input`, positions, hiddenSize)
  operations.push(
    ...projectBack(draft, of(gate), dGate, wholeOf(dInput, hiddenSize), false),
    ...projectBack(draft, of(up), dUp, wholeOf(dInput, hiddenSize), true),
    ...rmsNormBackward(draft, a.middle, mlpNorm, a.mlpInverse, dInput, needs.middle ? stream : null, true),
  )
  return operations
}

function attentionBackward(
  draft: Draft,
  layer: number,
  a: LayerActivations,
  stream: TensorId,
  needs: LayerNeeds,
): Operation[] {
  const { positions, config } = draft
  const { hiddenSize, heads, kvHeads, headDim } = config
  const { attentionNorm, query, key, value, output } = parametersOf(draft, layer)
  const of = (weight: Parameter): Projection => ({ weight, rows: positions })
  const name = (what: string) => `gradient of layer ${layer} ${what}`
  const dy = wholeOf(stream, hiddenSize)
  const operations = projectWeight(draft, of(output), dy, wholeOf(a.attention, heads * headDim))
  if (!needs.attention) return operations
  const upstream = addActivation(draft, name('attention'), positions, heads, headDim)
  operations.push(...projectBack(draft, of(output), dy, wholeOf(upstream, heads * headDim), false), {
    kind: 'attentionDelta',
    out: a.attention,
    upstream,
    statistics: a.statistics,
    rows: positions * heads,
    headDim,
  })
  const common = { ...sizes(draft), q: a.q, k: a.k, v: a.v, statistics: a.statistics, upstream }
  /** Projections whose outputs have a gradient. */
  const sides: { weight: Parameter; dy: TensorId; columns: number }[] = []
  if (needs.query) {
    const gradient = addActivation(draft, name('queries'), positions, heads, headDim)
    operations.push({ kind: 'attentionQueryGradient', ...common, gradient }, rope(draft, gradient, heads, true))
    sides.push({ weight: query, dy: gradient, columns: heads * headDim })
  }
  if (needs.key || needs.value) {
    const keyGradient = addActivation(draft, name('keys'), positions, kvHeads, headDim)
    const valueGradient = addActivation(draft, name('values'), positions, kvHeads, headDim)
    operations.push({ kind: 'attentionKeyValueGradient', ...common, keyGradient, valueGradient })
    if (needs.key) {
      operations.push(rope(draft, keyGradient, kvHeads, true))
      sides.push({ weight: key, dy: keyGradient, columns: kvHeads * headDim })
    }
    if (needs.value) sides.push({ weight: value, dy: valueGradient, columns: kvHeads * headDim })
  }
  const x = wholeOf(a.attentionInput, hiddenSize)
  for (const { weight, dy, columns } of sides)
    operations.push(...projectWeight(draft, of(weight), wholeOf(dy, columns), x))
  if (!needs.attentionInput) return operations
  const dInput = addActivation(draft, name('attention input'), positions, hiddenSize)
  sides.forEach(({ weight, dy, columns }, i) => {
    operations.push(...projectBack(draft, of(weight), wholeOf(dy, columns), wholeOf(dInput, hiddenSize), i > 0))
  })
  operations.push(
    ...rmsNormBackward(draft, a.x, attentionNorm, a.attentionInverse, dInput, needs.x ? stream : null, true),
  )
  return operations
}

export function rmsNorm(
  { positions: rows, config: { hiddenSize: columns, normEpsilon: epsilon } }: Draft,
  x: TensorId,
  { tensor: weight }: Parameter,
  out: TensorId,
  inverse: TensorId,
): Operation {
  return { kind: 'rmsNorm', x, weight, out, inverse, rows, columns, epsilon }
}

/** @param stream the residual stream's gradient, which the norm's becomes, or is added to; null where nobody wants it */
export function rmsNormBackward(
  { positions: rows, config: { hiddenSize: columns } }: Draft,
  x: TensorId,
  { tensor: weight, trained }: Parameter,
  inverse: TensorId,
  upstream: TensorId,
  stream: TensorId | null,
  accumulate: boolean,
): Operation[] {
  const operations: Operation[] = []
  const shared = { x, inverse, upstream, rows, columns }
  if (trained) operations.push({ kind: 'rmsNormWeightGradient', ...shared, gradient: trained.gradient })
  if (stream !== null) operations.push({ kind: 'rmsNormGradient', ...shared, weight, gradient: stream, accumulate })
  return operations
}

function rope({ positions, inputs, cos, sin, config }: Draft, x: TensorId, heads: number, inverse: boolean): Operation {
  const { headDim } = config
  return { kind: 'rope', x, positions: inputs.positions, cos, sin, rows: positions, heads, headDim, inverse }
}

function sizes({ batch, length, config: { heads, kvHeads, headDim }, inputs: { documentStart } }: Draft) {
  return { batch, length, heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim), documentStart }
}
