/** Operations whose elements know nothing of each other. */
import type { Add, Fill, Rope, SwiGlu, SwiGluGradient } from '../../../plan/operations'
import { assemble, load, type OperandSpec, spread, store } from '../kernel'
import { type Launch, type LaunchContext, type Operand, reads, variantOf, widthOf, writes } from '../launch'

const THREADS = 256

interface Elementwise {
  operands: Record<string, [OperandSpec, Operand]>
  params: Record<string, 'u32' | 'f32'>
  values: Record<string, number>
  /** Loads, not elements. */
  count: number
  /** Floating-point operations of an element. */
  work: number
  /** Gives element i; `F` is f32 or a vector of four. */
  body: string
}

/** One invocation a load. */
export function elementwise(context: LaunchContext, kind: string, given: Elementwise): Launch {
  const { params, values, count, body } = given
  const operands = Object.fromEntries(Object.entries(given.operands).map(([name, [spec]]) => [name, spec]))
  const places = Object.fromEntries(Object.entries(given.operands).map(([name, [, place]]) => [name, place]))
  const { width } = Object.values(operands)[0]
  const kernel = context.kernel(`${kind} ${variantOf(...Object.values(operands))}`, (name) =>
    assemble({
      name,
      operands,
      params: { count: 'u32', ...params },
      threads: THREADS,
      declarations: `alias F = ${width === 4 ? 'vec4<f32>' : 'f32'};`,
      body: `let i = group * ${THREADS}u + lane;
if (i >= params.count) { return; }
${body}`,
    }),
  )
  const grid = spread(Math.ceil(count / THREADS))
  return { kernel, operands: places, params: { count, ...values }, grid, work: given.work * count * width }
}

export function fill(op: Fill, context: LaunchContext): Launch[] {
  const { buffer, offset, type } = context.at(op.out)
  const width = widthOf(offset, op.length)
  const out = writes({ type }, width)
  return [
    elementwise(context, 'fill', {
      operands: { out: [out, buffer] },
      params: { offset: 'u32', value: 'f32' },
      values: { offset: offset / width, value: op.value },
      ...{ count: op.length / width, work: 1 },
      body: store(out, 'out', 'params.offset + i', 'F(params.value)'),
    }),
  ]
}

export function add(op: Add, context: LaunchContext): Launch[] {
  const width = widthOf(op.length)
  const [a, b, out] = [op.a, op.b, op.out].map(context.at)
  const specs = { a: reads(a, width), b: reads(b, width), out: writes(out, width) }
  return [
    elementwise(context, 'add', {
      operands: { a: [specs.a, a.buffer], b: [specs.b, b.buffer], out: [specs.out, out.buffer] },
      ...{ params: {}, values: {}, count: op.length / width, work: 1 },
      body: store(specs.out, 'out', 'i', `${load(specs.a, 'a', 'i')} + ${load(specs.b, 'b', 'i')}`),
    }),
  ]
}

/** exp of at most 80: beyond that sigmoid is below 2e-35, and infinity is nothing that WGSL promises to handle. */
const SIGMOID = '1.0 / (1.0 + exp(min(-g, F(80.0))))'

export function swiglu(op: SwiGlu, context: LaunchContext): Launch[] {
  const width = widthOf(op.length)
  const [gate, up, out] = [op.gate, op.up, op.out].map(context.at)
  const specs = { gate: reads(gate, width), up: reads(up, width), out: writes(out, width) }
  return [
    elementwise(context, 'swiglu', {
      operands: { gate: [specs.gate, gate.buffer], up: [specs.up, up.buffer], out: [specs.out, out.buffer] },
      ...{ params: {}, values: {}, count: op.length / width, work: 6 },
      body: `let g = ${load(specs.gate, 'gate', 'i')};
${store(specs.out, 'out', 'i', `g * ${SIGMOID} * ${load(specs.up, 'up', 'i')}`)}`,
    }),
  ]
}

export function swigluGradient(op: SwiGluGradient, context: LaunchContext): Launch[] {
  if (op.into !== undefined) return [swigluGradientInto(op, op.into, context)]
  const width = widthOf(op.length)
  const [gate, up, upstream] = [op.gate, op.up, op.upstream].map(context.at)
  const specs = { gate: writes(gate, width), up: writes(up, width), upstream: reads(upstream, width) }
  return [
    elementwise(context, 'swigluGradient', {
      operands: {
        gate: [specs.gate, gate.buffer],
        up: [specs.up, up.buffer],
        upstream: [specs.upstream, upstream.buffer],
      },
      ...{ params: {}, values: {}, count: op.length / width, work: 12 },
      body: `let g = ${load(specs.gate, 'gate', 'i')};
let s = ${SIGMOID};
let u = ${load(specs.upstream, 'upstream', 'i')};
${store(specs.gate, 'gate', 'i', `u * ${load(specs.up, 'up', 'i')} * ${FALL}`)}
${store(specs.up, 'up', 'i', 'u * g * s')}`,
    }),
  ]
}

/** Derivative of g · sigmoid(g), with the sigmoid in `s`. */
const FALL = 's * (1.0 + g * (1.0 - s))'

/** Gate and up stay as they are. */
function swigluGradientInto(op: SwiGluGradient, into: number, context: LaunchContext): Launch {
  const width = widthOf(op.length)
  const [gate, up, upstream, out] = [op.gate, op.up, op.upstream, into].map(context.at)
  const specs = {
    ...{ gate: reads(gate, width), up: reads(up, width) },
    ...{ upstream: writes(upstream, width), out: writes(out, width) },
  }
  return elementwise(context, 'swigluGradient into', {
    operands: {
      ...{ gate: [specs.gate, gate.buffer], up: [specs.up, up.buffer] },
      ...{ upstream: [specs.upstream, upstream.buffer], out: [specs.out, out.buffer] },
    },
    ...{ params: {}, values: {}, count: op.length / width, work: 12 },
    body: `let g = ${load(specs.gate, 'gate', 'i')};
let s = ${SIGMOID};
let u = ${load(specs.upstream, 'upstream', 'i')};
${store(specs.out, 'out', 'i', `u * ${load(specs.up, 'up', 'i')} * ${FALL}`)}
${store(specs.upstream, 'upstream', 'i', 'u * g * s')}`,
  })
}

export function rope(op: Rope, context: LaunchContext): Launch[] {
  const [x, positions, cos, sin] = [op.x, op.positions, op.cos, op.sin].map(context.at)
  // Halves are stored four at a time.
  const width = x.type === 'f16' ? 4 : 1
  const specs = { x: writes(x, width), positions: reads(positions), cos: reads(cos, width), sin: reads(sin, width) }
  const half = op.headDim / 2 / width
  return [
    elementwise(context, 'rope', {
      operands: {
        ...{ x: [specs.x, x.buffer], positions: [specs.positions, positions.buffer] },
        ...{ cos: [specs.cos, cos.buffer], sin: [specs.sin, sin.buffer] },
      },
      params: { heads: 'u32', half: 'u32', sign: 'f32' },
      values: { heads: op.heads, half, sign: op.inverse ? -1 : 1 },
      ...{ count: op.rows * op.heads * half, work: 6 },
      body: `let turn = i % params.half;
let head = i / params.half;
let angle = u32(positions[head / params.heads]) * params.half + turn;
let c = ${load(specs.cos, 'cos', 'angle')};
let s = ${load(specs.sin, 'sin', 'angle')} * params.sign;
let first = head * params.half * 2u + turn;
let second = first + params.half;
let u = ${load(specs.x, 'x', 'first')};
let w = ${load(specs.x, 'x', 'second')};
${store(specs.x, 'x', 'first', 'u * c - w * s')}
${store(specs.x, 'x', 'second', 'w * c + u * s')}`,
    }),
  ]
}
