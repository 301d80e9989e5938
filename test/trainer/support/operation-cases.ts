/**
 * Every operation with values for its operands: small ones for finite differences, larger and crooked ones (no size a
 * multiple of a tile) for one backend against another.
 */
import type { AdamW, Clip, Operation } from '../../../src/trainer/plan/operations'
import { occurrencesOf } from '../../../src/trainer/plan/step-inputs'
import type { TensorId } from '../../../src/trainer/plan/types'
import { randomValues } from '../../checkpoint/model'

export interface CaseTensor {
  shape: number[]
  values: Float64Array | Int32Array
}

type Ids = Record<string, TensorId>

export interface OperationCase {
  name: string
  tensors: Record<string, CaseTensor>
  forward: (id: Ids) => Operation[]
  /** Runs after `forward` on the same memory. */
  backward?: (id: Ids) => Operation[]
  /** The objective is the sum of out · upstream; `backward` gives its gradients. */
  objective?: { out: string; upstream: string }
  /** An operand, and the tensor that holds its gradient after `backward`. */
  gradients?: [operand: string, gradient: string][]
}

let seed = 0

function random(...shape: number[]): CaseTensor {
  return { shape, values: randomValues(sizeOf(shape), ++seed) }
}

function zeros(...shape: number[]): CaseTensor {
  return { shape, values: new Float64Array(sizeOf(shape)) }
}

function ints(values: ArrayLike<number>): CaseTensor {
  return { shape: [values.length], values: Int32Array.from(values) }
}

/** 0 … below - 1. */
function randomInts(count: number, below: number): Int32Array {
  return Int32Array.from(randomValues(count, ++seed), (value) => Math.floor(((value + 1) / 2) * below))
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** @param firstRow rows of the table before it belong to another part */
export function embedding(vocabulary: number, positions: number, columns: number, firstRow: number): OperationCase {
  const ids = randomInts(positions, vocabulary)
  const { tokens, starts, order } = occurrencesOf(ids)
  const rows = vocabulary - firstRow
  const sizes = { positions, columns, firstRow, rows }
  return {
    name: `embedding of ${vocabulary} rows from ${firstRow} on, ${positions} positions of ${columns}`,
    tensors: {
      ...{ ids: ints(ids), tokens: ints(tokens), starts: ints(starts), order: ints(order) },
      ...{ table: random(vocabulary, columns), out: zeros(positions, columns), upstream: random(positions, columns) },
      gradient: zeros(vocabulary, columns),
    },
    forward: ({ ids, table, out }) => [
      { kind: 'embed', ids, table: { tensor: table, offset: firstRow * columns }, out, ...sizes },
    ],
    backward: ({ tokens, starts, order, upstream, gradient: tensor }) => {
      const gradient = { tensor, offset: firstRow * columns }
      return [{ kind: 'embedGradient', tokens, starts, order, upstream, gradient, ...sizes }]
    },
    objective: { out: 'out', upstream: 'upstream' },
    gradients: [['table', 'gradient']],
  }
}

export function norm(rows: number, columns: number, epsilon: number): OperationCase {
  const x = random(rows, columns)
  const sizes = { rows, columns }
  return {
    name: `RMSNorm of ${rows} rows of ${columns}`,
    tensors: {
      ...{ x, weight: random(columns), out: zeros(rows, columns), inverse: zeros(rows) },
      ...{ upstream: random(rows, columns), dx: random(rows, columns), dweight: zeros(columns) },
      added: zeros(rows, columns),
    },
    forward: ({ x, weight, out, inverse }) => [{ kind: 'rmsNorm', x, weight, out, inverse, ...sizes, epsilon }],
    backward: ({ x, weight, inverse, upstream, dx, dweight, added }) => [
      { kind: 'rmsNormGradient', x, weight, inverse, upstream, gradient: dx, ...sizes, accumulate: false },
      { kind: 'rmsNormGradient', x, weight, inverse, upstream, gradient: added, ...sizes, accumulate: true },
      { kind: 'rmsNormWeightGradient', x, inverse, upstream, gradient: dweight, ...sizes },
    ],
    objective: { out: 'out', upstream: 'upstream' },
    gradients: [
      ['x', 'dx'],
      ['x', 'added'],
      ['weight', 'dweight'],
    ],
  }
}

/** A projection as the plan has it: y = scale · x · Wᵀ, dx = scale · dy · W, dW += scale · dyᵀ · x. */
export function projection(rows: number, inputs: number, outputs: number, scale: number): OperationCase {
  const view = (tensor: TensorId, stride: number) => ({ tensor, offset: 0, stride })
  const plain = { kind: 'matmul', transposeA: false, transposeB: false, accumulate: false, scale } as const
  return {
    name: `projection of ${rows} rows, ${inputs} to ${outputs}`,
    tensors: {
      ...{ x: random(rows, inputs), weight: random(outputs, inputs), out: random(rows, outputs) },
      ...{ upstream: random(rows, outputs), dx: random(rows, inputs), dweight: zeros(outputs, inputs) },
    },
    forward: ({ x, weight, out }) => [
      {
        ...{ ...plain, transposeB: true, m: rows, n: outputs, k: inputs },
        ...{ a: view(x, inputs), b: view(weight, inputs), c: view(out, outputs) },
      },
    ],
    backward: ({ x, weight, upstream, dx, dweight }) => [
      {
        ...{ ...plain, m: rows, n: inputs, k: outputs },
        ...{ a: view(upstream, outputs), b: view(weight, inputs), c: view(dx, inputs) },
      },
      {
        ...{ ...plain, transposeA: true, accumulate: true, m: outputs, n: inputs, k: rows },
        ...{ a: view(upstream, outputs), b: view(x, inputs), c: view(dweight, inputs) },
      },
    ],
    objective: { out: 'out', upstream: 'upstream' },
    gradients: [
      ['x', 'dx'],
      ['weight', 'dweight'],
    ],
  }
}

/** Some columns of wider matrices, from crooked offsets on; what lies around them must stay. */
export function matmulWithin(m: number, n: number, k: number, transposeA: boolean, transposeB: boolean): OperationCase {
  const [aRows, aColumns] = transposeA ? [k, m] : [m, k]
  const [bRows, bColumns] = transposeB ? [n, k] : [k, n]
  const [a, b, c] = [random(aRows + 1, aColumns + 3), random(bRows + 2, bColumns + 5), random(m + 2, n + 7)]
  return {
    name: `product within wider matrices, ${m} × ${k} × ${n}${transposeA ? ', Aᵀ' : ''}${transposeB ? ', Bᵀ' : ''}`,
    tensors: { a, b, c },
    forward: ({ a, b, c }) => [
      {
        ...{ kind: 'matmul', m, n, k, transposeA, transposeB, accumulate: true, scale: 0.5 },
        a: { tensor: a, offset: 2, stride: aColumns + 3 },
        b: { tensor: b, offset: bColumns + 6, stride: bColumns + 5 },
        c: { tensor: c, offset: n + 8, stride: n + 7 },
      },
    ],
  }
}

export function rotary(rows: number, heads: number, headDim: number, length: number): OperationCase {
  const angles = randomValues((length * headDim) / 2, ++seed).map((value) => value * 3)
  const table = [length, headDim / 2]
  const sizes = { rows, heads, headDim }
  return {
    name: `rope of ${rows} rows, ${heads} heads of ${headDim}`,
    tensors: {
      ...{ x: random(rows, heads, headDim), positions: ints(randomInts(rows, length)) },
      ...{ cos: { shape: table, values: angles.map(Math.cos) }, sin: { shape: table, values: angles.map(Math.sin) } },
      ...{ upstream: random(rows, heads, headDim), none: zeros(rows, heads, headDim) },
      turned: zeros(rows, heads, headDim),
    },
    forward: ({ x, positions, cos, sin }) => [{ kind: 'rope', x, positions, cos, sin, ...sizes, inverse: false }],
    backward: ({ positions, cos, sin, upstream, none, turned }) => [
      // A copy: the gradient is made in place, and the upstream must last for the objective.
      { kind: 'add', a: upstream, b: none, out: turned, length: rows * heads * headDim },
      { kind: 'rope', x: turned, positions, cos, sin, ...sizes, inverse: true },
    ],
    objective: { out: 'x', upstream: 'upstream' },
    gradients: [['x', 'turned']],
  }
}

/** @param cuts for each block, where documents begin */
export function attending(
  cuts: number[][],
  length: number,
  heads: number,
  kvHeads: number,
  headDim: number,
): OperationCase {
  const batch = cuts.length
  const positions = batch * length
  const starts = cuts.flatMap((places) =>
    Array.from({ length }, (_, t) => Math.max(0, ...places.filter((place) => place <= t))),
  )
  const sizes = { batch, length, heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) }
  const queries = () => random(positions, heads, headDim)
  const keys = () => random(positions, kvHeads, headDim)
  return {
    name: `attention of ${batch} × ${length}, ${heads} heads over ${kvHeads} of ${headDim}`,
    tensors: {
      ...{ q: queries(), k: keys(), v: keys(), documentStart: ints(starts) },
      ...{ out: queries(), statistics: zeros(positions, heads, 2), upstream: queries() },
      ...{ dq: queries(), dk: keys(), dv: keys() },
    },
    forward: ({ q, k, v, documentStart, out, statistics }) => [
      { kind: 'attention', ...sizes, q, k, v, documentStart, out, statistics },
    ],
    backward: ({ q, k, v, documentStart, out, statistics, upstream, dq, dk, dv }) => {
      const common = { ...sizes, q, k, v, documentStart, statistics, upstream }
      return [
        { kind: 'attentionDelta', out, upstream, statistics, rows: positions * heads, headDim },
        { kind: 'attentionQueryGradient', ...common, gradient: dq },
        { kind: 'attentionKeyValueGradient', ...common, keyGradient: dk, valueGradient: dv },
      ]
    },
    objective: { out: 'out', upstream: 'upstream' },
    gradients: [
      ['q', 'dq'],
      ['k', 'dk'],
      ['v', 'dv'],
    ],
  }
}

function gating(length: number): OperationCase {
  const wide = (tensor: CaseTensor) => ({ ...tensor, values: tensor.values.map((value) => value * 6) as Float64Array })
  return {
    name: `SwiGLU of ${length} values`,
    tensors: { gate: wide(random(length)), up: random(length), out: zeros(length), upstream: random(length) },
    forward: ({ gate, up, out }) => [{ kind: 'swiglu', gate, up, out, length }],
    backward: ({ gate, up, upstream }) => [{ kind: 'swigluGradient', gate, up, upstream, length }],
    objective: { out: 'out', upstream: 'upstream' },
    gradients: [
      ['gate', 'gate'],
      ['up', 'up'],
    ],
  }
}

/** The gradients beside gate and up, as where these are in half. */
export function gatingInto(length: number): OperationCase {
  const { tensors, forward } = gating(length)
  return {
    name: `SwiGLU of ${length} values, gradients beside them`,
    tensors: { ...tensors, into: zeros(length) },
    forward,
    backward: ({ gate, up, upstream, into }) => [{ kind: 'swigluGradient', gate, up, upstream, into, length }],
    gradients: [
      ['gate', 'into'],
      ['up', 'upstream'],
    ],
  }
}

/** Rows from `firstRow` of the batch on; every third label is none. */
function entropy(positions: number, firstRow: number, vocabulary: number, scale: number): OperationCase {
  const rows = positions - firstRow
  const labels = randomInts(positions, vocabulary).map((label, at) => (at % 3 === 2 ? -100 : label))
  const logits = random(rows, vocabulary)
  const sizes = { firstRow, rows, vocabulary }
  return {
    name: `cross-entropy of ${rows} rows over ${vocabulary}, logits up to ${scale}`,
    tensors: {
      logits: { ...logits, values: (logits.values as Float64Array).map((value) => value * scale) },
      ...{ labels: ints(labels), weights: random(positions), nll: zeros(positions) },
    },
    forward: ({ logits, labels, weights, nll }) => [
      { kind: 'crossEntropy', logits, labels, weights, nll, ...sizes, gradient: false },
    ],
    backward: ({ logits, labels, weights, nll }) => [
      { kind: 'crossEntropy', logits, labels, weights, nll, ...sizes, gradient: true },
    ],
    objective: { out: 'nll', upstream: 'weights' },
    gradients: [['logits', 'logits']],
  }
}

function sums(length: number): OperationCase {
  return {
    name: `fill, add and dot of ${length} values`,
    tensors: { a: random(length + 3), b: random(length + 5), out: random(1), square: zeros(1), sum: random(length) },
    forward: ({ a, b, out, square, sum }) => [
      { kind: 'add', a, b, out: sum, length: length - 1 },
      { kind: 'fill', out: { tensor: sum, offset: 1 }, value: 0.25, length: 2 },
      { kind: 'dot', a: { tensor: a, offset: 3 }, b: { tensor: b, offset: 1 }, out, length, accumulate: true },
      { kind: 'dot', a: { tensor: a, offset: 3 }, b: { tensor: a, offset: 3 }, out: square, length, accumulate: false },
    ],
  }
}

/** @param normSquared of the gradients: infinity leaves all as it is */
export function optimizing(length: number, normSquared: number): OperationCase {
  const positive = (tensor: CaseTensor) => ({ ...tensor, values: tensor.values.map(Math.abs) as Float64Array })
  const options: Pick<AdamW, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'learningRateScale'> &
    Pick<Clip, 'maxNorm'> = {
    ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, learningRateScale: 0.5, maxNorm: 1 },
  }
  const { maxNorm, ...adam } = options
  return {
    name: `clip and AdamW of ${length} values, squared norm ${normSquared}`,
    tensors: {
      normSquared: { shape: [1], values: Float64Array.of(normSquared) },
      step: { shape: [4], values: Float64Array.of(0.01, 1 - 0.9 ** 3, 1 - 0.95 ** 3, 0) },
      ...{ clip: zeros(2), parameter: random(length + 5), gradient: random(length + 1) },
      ...{ m: random(length + 2), v: positive(random(length)) },
    },
    forward: ({ normSquared, step, clip, parameter, gradient, m, v }) => [
      { kind: 'clip', normSquared, out: clip, maxNorm },
      {
        ...{ kind: 'adamw', clip, step, length, ...adam },
        parameter: { tensor: parameter, offset: 3 },
        gradient: { tensor: gradient, offset: 1 },
        m: { tensor: m, offset: 2 },
        v: { tensor: v, offset: 0 },
      },
    ],
  }
}

/** With gradients, and few enough values to be moved one by one. */
export function smallCases(): OperationCase[] {
  seed = 0
  return [
    embedding(7, 6, 3, 0),
    norm(3, 5, 1e-5),
    norm(2, 4, 0.5),
    projection(3, 4, 5, 1),
    projection(2, 3, 2, 0.5),
    rotary(3, 2, 6, 5),
    attending([[]], 5, 2, 2, 4),
    attending([[2, 3], [4]], 6, 4, 2, 2),
    attending([[1]], 4, 3, 1, 3),
    gating(9),
    entropy(6, 0, 5, 2),
    entropy(7, 3, 4, 1),
  ]
}

export function largeCases(): OperationCase[] {
  seed = 1000
  const transposes = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const))
  return [
    embedding(301, 77, 33, 0),
    embedding(301, 77, 33, 130),
    norm(37, 131, 1e-5),
    norm(5, 1030, 1e-6),
    projection(67, 70, 33, 1),
    projection(130, 64, 128, 0.25),
    projection(1, 300, 3, 1),
    ...transposes.map(([a, b]) => matmulWithin(37, 29, 53, a, b)),
    ...transposes.map(([a, b]) => matmulWithin(130, 67, 70, a, b)),
    rotary(41, 3, 34, 29),
    attending([[], [70]], 97, 4, 2, 32),
    attending([[1, 33, 64], [5], []], 65, 3, 1, 20),
    attending([[]], 40, 2, 2, 128),
    gating(1111),
    entropy(19, 0, 1003, 3),
    entropy(19, 7, 5000, 60),
    sums(3),
    sums(70_003),
    optimizing(1001, 30),
    optimizing(1001, 0.01),
    optimizing(1001, Number.POSITIVE_INFINITY),
    optimizing(1001, Number.NaN),
  ]
}
