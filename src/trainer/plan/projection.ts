/** Projections `y = x · Wᵀ`, with low-rank adapters (arXiv 2106.09685) beside them, and the way back. */
import { type Adapter, addActivation, type Draft, partsOf, wholeOf } from './draft'
import type { MatrixView, Operation } from './operations'
import type { Parameter } from './types'

/** What a projection's operations have in common: y [rows, outputs] = x [rows, inputs] · Wᵀ. */
export interface Projection {
  /** W [outputs, inputs]. */
  weight: Parameter
  rows: number
}

/** `y = x · Wᵀ`, and with an adapter `y += scale · (x · Aᵀ) · Bᵀ`. */
export function project(draft: Draft, { weight, rows }: Projection, x: MatrixView, y: MatrixView): Operation[] {
  const adapter = draft.adapters.get(weight.name)
  const operations = times(draft, weight, rows, x, y)
  if (!adapter) return operations
  const narrow = addNarrow(draft, adapter, rows, 'low-rank values')
  operations.push(...times(draft, adapter.a, rows, x, narrow))
  operations.push(...times(draft, adapter.b, rows, narrow, y, { scale: adapter.scale, accumulate: true }))
  return operations
}

/** `dx (+)= dy · W`, and with an adapter `dx += (scale · dy · B) · A`. */
export function projectBack(
  draft: Draft,
  { weight, rows }: Projection,
  dy: MatrixView,
  dx: MatrixView,
  accumulate: boolean,
): Operation[] {
  const adapter = draft.adapters.get(weight.name)
  const operations = timesBack(draft, weight, rows, dy, dx, { accumulate })
  if (!adapter) return operations
  const narrow = addNarrow(draft, adapter, rows, 'gradient of low-rank values')
  operations.push(...timesBack(draft, adapter.b, rows, dy, narrow, { scale: adapter.scale }))
  operations.push(...timesBack(draft, adapter.a, rows, narrow, dx, { accumulate: true }))
  return operations
}

/**
 * `dW += dyᵀ · x`, of the rows that train; nothing where W is frozen. With an adapter `dB += scale · dyᵀ · (x · Aᵀ)` and
 * `dA += (scale · dy · B)ᵀ · x`: what is only as wide as the rank is computed again, which is less than keeping account
 * of it would be worth.
 */
export function projectWeight(draft: Draft, { weight, rows }: Projection, dy: MatrixView, x: MatrixView): Operation[] {
  const adapter = draft.adapters.get(weight.name)
  const operations = timesWeight(draft, weight, rows, dy, x)
  if (adapter?.b.trained) {
    const narrow = addNarrow(draft, adapter, rows, 'low-rank values again')
    operations.push(...times(draft, adapter.a, rows, x, narrow))
    operations.push(...timesWeight(draft, adapter.b, rows, dy, narrow, adapter.scale))
  }
  if (adapter?.a.trained) {
    const narrow = addNarrow(draft, adapter, rows, 'gradient of low-rank values')
    operations.push(...timesBack(draft, adapter.b, rows, dy, narrow, { scale: adapter.scale }))
    operations.push(...timesWeight(draft, adapter.a, rows, narrow, x))
  }
  return operations
}

function addNarrow(draft: Draft, { a }: Adapter, rows: number, what: string): MatrixView {
  const [rank] = a.shape
  return wholeOf(addActivation(draft, `${what} of ${a.name}`, rows, rank), rank)
}

interface Into {
  scale?: number
  accumulate?: boolean
}

/** `y (+)= scale · x · Wᵀ`. */
function times(
  draft: Draft,
  { shape: [, inputs], tensor }: Parameter,
  rows: number,
  x: MatrixView,
  y: MatrixView,
  into: Into = {},
): Operation[] {
  return partsOf(draft.tensors[tensor]).map(({ first, count }) => ({
    ...matmul(rows, count, inputs, into),
    a: x,
    b: { tensor, offset: first * inputs, stride: inputs },
    c: { ...y, offset: y.offset + first },
    transposeB: true,
  }))
}

/** `dx (+)= scale · dy · W`. */
function timesBack(
  draft: Draft,
  { shape: [, inputs], tensor }: Parameter,
  rows: number,
  dy: MatrixView,
  dx: MatrixView,
  { scale, accumulate }: Into,
): Operation[] {
  return partsOf(draft.tensors[tensor]).map(({ first, count }, i) => ({
    ...matmul(rows, inputs, count, { scale, accumulate: accumulate || i > 0 }),
    a: { ...dy, offset: dy.offset + first },
    b: { tensor, offset: first * inputs, stride: inputs },
    c: dx,
  }))
}

/** `dW += scale · dyᵀ · x`. */
function timesWeight(
  draft: Draft,
  { shape: [, inputs], trained }: Parameter,
  rows: number,
  dy: MatrixView,
  x: MatrixView,
  scale?: number,
): Operation[] {
  if (!trained) return []
  return partsOf(draft.tensors[trained.gradient]).map(({ first, count }) => ({
    ...matmul(count, inputs, rows, { scale, accumulate: true }),
    a: { ...dy, offset: dy.offset + trained.rows.first + first },
    b: x,
    c: { tensor: trained.gradient, offset: first * inputs, stride: inputs },
    transposeA: true,
  }))
}

function matmul(m: number, n: number, k: number, { scale = 1, accumulate = false }: Into) {
  const kind = 'matmul' as const
  return { kind, m, n, k, transposeA: false, transposeB: false, accumulate, scale }
}
