/** One layer: what it computes forward, and how a gradient comes back through it. */
import { layerNames } from '../model/parameters'
import { addActivation, addKept, type Draft, wholeOf } from './draft'
import type { Operation } from './operations'
import { type Projection, project, projectBack, projectWeight } from './projection'
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
    attentionInput: addKept(draft, name('attention input'), positions, hiddenSize),
    q: addKept(draft, name('queries'), positions, heads, headDim),
    k: addKept(draft, name('keys'), positions, kvHeads, headDim),
    v: addKept(draft, name('values'), positions, kvHeads, headDim),
    attention: addKept(draft, name('attention'), positions, heads, headDim),
    statistics: addActivation(draft, name('attention statistics'), positions, heads, 2),
    middle: addActivation(draft, name('middle'), positions, hiddenSize),
    mlpInverse: addActivation(draft, name('mlp norm inverse'), positions),
    mlpInput: addKept(draft, name('mlp input'), positions, hiddenSize),
    gate: addKept(draft, name('gate'), positions, intermediateSize),
    up: addKept(draft, name('up'), positions, intermediateSize),
    hidden: addKept(draft, name('mlp hidden'), positions, intermediateSize),
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
 * @param stream the gradient of the residual stream after the layer, [N, hidden]; becomes that of the stream before it
 */
export function layerBackward(draft: Draft, layer: number, a: LayerActivations, stream: TensorId): Operation[] {
  return [...mlpBackward(draft, layer, a, stream), ...attentionBackward(draft, layer, a, stream)]
}

function mlpBackward(draft: Draft, layer: number, a: LayerActivations, stream: TensorId): Operation[] {
  const { positions, config } = draft
  const { hiddenSize, intermediateSize } = config
  const { mlpNorm, gate, up, down } = parametersOf(draft, layer)
  const of = (weight: Parameter): Projection => ({ weight, rows: positions })
  const dy = wholeOf(stream, hiddenSize)
  const x = wholeOf(a.mlpInput, hiddenSize)
  const hidden = addActivation(draft, `gradient of layer ${layer} mlp hidden`, positions, intermediateSize)
  const input = addActivation(draft, `gradient of layer ${layer} mlp input`, positions, hiddenSize)
  const [dHidden, dInput] = [wholeOf(hidden, intermediateSize), wholeOf(input, hiddenSize)]
  // What the values become, in place; but gradients would underflow in half.
  const into = draft.halves
    ? addActivation(draft, `gradient of layer ${layer} gate`, positions, intermediateSize)
    : undefined
  const dGate = wholeOf(into ?? a.gate, intermediateSize)
  const dUp = wholeOf(into === undefined ? a.up : hidden, intermediateSize)
  return [
    ...projectWeight(draft, of(down), dy, wholeOf(a.hidden, intermediateSize)),
    ...projectBack(draft, of(down), dy, dHidden, false),
    { kind: 'swigluGradient', gate: a.gate, up: a.up, upstream: hidden, into, length: positions * intermediateSize },
    ...projectWeight(draft, of(gate), dGate, x),
    ...projectWeight(draft, of(up), dUp, x),
    ...projectBack(draft, of(gate), dGate, dInput, false),
    ...projectBack(draft, of(up), dUp, dInput, true),
    ...rmsNormBackward(draft, a.middle, mlpNorm, a.mlpInverse, input, stream, true),
  ]
}

function attentionBackward(draft: Draft, layer: number, a: LayerActivations, stream: TensorId): Operation[] {
  const { positions, config } = draft
  const { hiddenSize, heads, kvHeads, headDim } = config
  const { attentionNorm, query, key, value, output } = parametersOf(draft, layer)
  const of = (weight: Parameter): Projection => ({ weight, rows: positions })
  const gradient = (what: string, ...shape: number[]) =>
    addActivation(draft, `gradient of layer ${layer} ${what}`, positions, ...shape)
  const upstream = gradient('attention', heads, headDim)
  const queryGradient = gradient('queries', heads, headDim)
  const keyGradient = gradient('keys', kvHeads, headDim)
  const valueGradient = gradient('values', kvHeads, headDim)
  const input = gradient('attention input', hiddenSize)
  const { q, k, v, statistics, attention } = a
  const common = { ...sizes(draft), q, k, v, statistics, upstream }
  const dy = wholeOf(stream, hiddenSize)
  const x = wholeOf(a.attentionInput, hiddenSize)
  const dInput = wholeOf(input, hiddenSize)
  const dQuery = wholeOf(queryGradient, heads * headDim)
  const dKey = wholeOf(keyGradient, kvHeads * headDim)
  const dValue = wholeOf(valueGradient, kvHeads * headDim)
  return [
    ...projectWeight(draft, of(output), dy, wholeOf(attention, heads * headDim)),
    ...projectBack(draft, of(output), dy, wholeOf(upstream, heads * headDim), false),
    { kind: 'attentionDelta', out: attention, upstream, statistics, rows: positions * heads, headDim },
    { kind: 'attentionQueryGradient', ...common, gradient: queryGradient },
    { kind: 'attentionKeyValueGradient', ...common, keyGradient, valueGradient },
    rope(draft, queryGradient, heads, true),
    rope(draft, keyGradient, kvHeads, true),
    ...projectWeight(draft, of(query), dQuery, x),
    ...projectWeight(draft, of(key), dKey, x),
    ...projectWeight(draft, of(value), dValue, x),
    ...projectBack(draft, of(query), dQuery, dInput, false),
    ...projectBack(draft, of(key), dKey, dInput, true),
    ...projectBack(draft, of(value), dValue, dInput, true),
    ...rmsNormBackward(draft, a.x, attentionNorm, a.attentionInverse, input, stream, true),
  ]
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

/** @param stream the residual stream's gradient, which the norm's becomes, or with `accumulate` is added to */
export function rmsNormBackward(
  { positions: rows, config: { hiddenSize: columns } }: Draft,
  x: TensorId,
  { tensor: weight, trained }: Parameter,
  inverse: TensorId,
  upstream: TensorId,
  stream: TensorId,
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
