/** Operations whose elements know nothing of each other. */
import type { Add, Fill, Rope, SwiGlu, SwiGluGradient } from '../../../plan/operations'
import { assemble, type OperandSpec, spread, storedType } from '../kernel'
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
      body: `out[params.offset + i] = ${storedType(out)}(F(params.value));`,
    }),
  ]
}

export function add(op: Add, context: LaunchContext): Launch[] {
  const width = widthOf(op.length)
  const [a, b, out] = [op.a, op.b, op.out].map(context.at)
  const target = writes(out, width)
  return [
    elementwise(context, 'add', {
      operands: { a: [reads(a, width), a.buffer], b: [reads(b, width), b.buffer], out: [target, out.buffer] },
      ...{ params: {}, values: {}, count: op.length / width, work: 1 },
      body: `out[i] = ${storedType(target)}(F(a[i]) + F(b[i]));`,
    }),
  ]
}

/** exp of at most 80: beyond that sigmoid is below 2e-35, and infinity is nothing that WGSL promises to handle. */
const SIGMOID = '1.0 / (1.0 + exp(min(-g, F(80.0))))'

export function swiglu(op: SwiGlu, context: LaunchContext): Launch[] {
  const width = widthOf(op.length)
  const [gate, up, out] = [op.gate, op.up, op.out].map(context.at)
  const target = writes(out, width)
  return [
    elementwise(context, 'swiglu', {
      operands: {
        gate: [reads(gate, width), gate.buffer],
        up: [reads(up, width), up.buffer],
        out: [target, out.buffer],
      },
      ...{ params: {}, values: {}, count: op.length / width, work: 6 },
      body: `let g = F(gate[i]);
out[i] = ${storedType(target)}(g * ${SIGMOID} * F(up[i]));`,
    }),
  ]
}

export function swigluGradient(op: SwiGluGradient, context: LaunchContext): Launch[] {
  const width = widthOf(op.length)
  const [gate, up, upstream] = [op.gate, op.up, op.upstream].map(context.at)
  const [dGate, dUp] = [writes(gate, width), writes(up, width)]
  return [
    elementwise(context, 'swigluGradient', {
      operands: {
        gate: [dGate, gate.buffer],
        up: [dUp, up.buffer],
        upstream: [reads(upstream, width), upstream.buffer],
      },
      ...{ params: {}, values: {}, count: op.length / width, work: 12 },
      body: `let g = F(gate[i]);
let s = ${SIGMOID};
let u = F(upstream[i]);
gate[i] = ${storedType(dGate)}(u * F(up[i]) * s * (1.0 + g * (1.0 - s)));
up[i] = ${storedType(dUp)}(u * g * s);`,
    }),
  ]
}

export function rope(op: Rope, context: LaunchContext): Launch[] {
  const [x, positions, cos, sin] = [op.x, op.positions, op.cos, op.sin].map(context.at)
  const half = op.headDim / 2
  return [
    elementwise(context, 'rope', {
      operands: {
        x: [writes(x), x.buffer],
        positions: [reads(positions), positions.buffer],
        cos: [reads(cos), cos.buffer],
        sin: [reads(sin), sin.buffer],
      },
      params: { heads: 'u32', half: 'u32', sign: 'f32' },
      values: { heads: op.heads, half, sign: op.inverse ? -1 : 1 },
      ...{ count: op.rows * op.heads * half, work: 6 },
      body: `let turn = i % params.half;
let head = i / params.half;
let angle = u32(positions[head / params.heads]) * params.half + turn;
let c = F(cos[angle]);
let s = F(sin[angle]) * params.sign;
let first = head * params.half * 2u + turn;
let second = first + params.half;
let u = F(x[first]);
let w = F(x[second]);
x[first] = ${x.type}(u * c - w * s);
x[second] = ${x.type}(w * c + u * s);`,
    }),
  ]
}
