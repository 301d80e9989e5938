/** Sums of products, clipping and AdamW: once a step. */
import type { AdamW, Clip, Dot } from '../../../plan/operations'
import { assemble, storedType, sumOf, teamOf } from '../kernel'
import { type Launch, type LaunchContext, reads, variantOf, widthOf, writes } from '../launch'
import { elementwise } from './elementwise'

const THREADS = 256
/** Workgroups of the first stage, at most: 10^9 values then make sums of 4,000 each. */
const GROUPS = 1024

/** Two stages: every workgroup a sum of its own, then the sum of these; the order never changes. */
export function dot(op: Dot, context: LaunchContext): Launch[] {
  const [a, b, out] = [context.at(op.a), context.at(op.b), context.at(op.out)]
  const width = widthOf(op.length, a.offset, b.offset)
  const F = width === 4 ? 'vec4<f32>' : 'f32'
  const sums = { type: 'f32' } as const
  const team = teamOf(context.traits, THREADS)
  const first = { a: reads(a, width), b: reads(b, width), partial: writes(sums) }
  const blockwise = context.kernel(`dot ${team.threads} ${variantOf(...Object.values(first))}`, (name) =>
    assemble({
      ...{ name, operands: first, ...team },
      params: { count: 'u32', aOffset: 'u32', bOffset: 'u32', stride: 'u32' },
      declarations: sumOf(team),
      body: `var even = ${F}(0.0);
var odd = ${F}(0.0);
var i = group * ${team.threads}u + lane;
for (; i + params.stride < params.count; i += 2u * params.stride) {
  even += ${F}(a[params.aOffset + i]) * ${F}(b[params.bOffset + i]);
  odd += ${F}(a[params.aOffset + i + params.stride]) * ${F}(b[params.bOffset + i + params.stride]);
}
if (i < params.count) { even += ${F}(a[params.aOffset + i]) * ${F}(b[params.bOffset + i]); }
let both = even + odd;
let sum = sumOf(lane, ${width === 4 ? '(both.x + both.y) + (both.z + both.w)' : 'both'});
if (lane == 0u) { partial[group] = sum; }`,
    }),
  )
  const second = { partial: reads(sums), out: writes(out) }
  const together = context.kernel(`dot sum ${team.threads} ${variantOf(...Object.values(second))}`, (name) =>
    assemble({
      ...{ name, operands: second, ...team },
      params: { count: 'u32', accumulate: 'u32' },
      declarations: sumOf(team),
      body: `var sum = 0.0;
for (var i = lane; i < params.count; i += ${team.threads}u) { sum += partial[i]; }
sum = sumOf(lane, sum);
if (lane == 0u) {
  if (params.accumulate != 0u) { sum += f32(out[0]); }
  out[0] = ${out.type}(sum);
}`,
    }),
  )
  const count = op.length / width
  const groups = Math.max(1, Math.min(GROUPS, Math.ceil(count / (team.threads * (team.subgroup ? 256 : 4)))))
  return [
    {
      kernel: blockwise,
      operands: { a: a.buffer, b: b.buffer, partial: 'scratch' },
      params: { count, aOffset: a.offset / width, bOffset: b.offset / width, stride: groups * team.threads },
      ...{ grid: [groups, 1, 1], work: 2 * op.length, scratch: groups },
    },
    {
      kernel: together,
      operands: { partial: 'scratch', out: out.buffer },
      params: { count: groups, accumulate: Number(op.accumulate) },
      ...{ grid: [1, 1, 1], work: groups },
    },
  ]
}

export function clip(op: Clip, context: LaunchContext): Launch[] {
  const [normSquared, out] = [op.normSquared, op.out].map(context.at)
  return [
    elementwise(context, 'clip', {
      operands: { out: [writes(out), out.buffer], normSquared: [reads(normSquared), normSquared.buffer] },
      params: { maxNorm: 'f32' },
      values: { maxNorm: op.maxNorm },
      ...{ count: 1, work: 4 },
      // The exponent's bits: a compiler may assume that no infinity and no NaN occurs.
      body: `let square = F(normSquared[0]);
if ((bitcast<u32>(square) & 0x7f800000u) == 0x7f800000u) {
  out[0] = 0.0;
  out[1] = 0.0;
  return;
}
out[0] = select(min(1.0, params.maxNorm / (sqrt(square) + 1e-6)), 1.0, params.maxNorm == 0.0);
out[1] = 1.0;`,
    }),
  ]
}

export function adamw(op: AdamW, context: LaunchContext): Launch[] {
  const [parameter, gradient, m, v] = [op.parameter, op.gradient, op.m, op.v].map(context.at)
  const [clip, step] = [op.clip, op.step].map(context.at)
  const width = widthOf(op.length, ...[parameter, gradient, m, v].map(({ offset }) => offset))
  const targets = { parameter: writes(parameter, width), m: writes(m, width), v: writes(v, width) }
  return [
    elementwise(context, 'adamw', {
      operands: {
        parameter: [targets.parameter, parameter.buffer],
        gradient: [reads(gradient, width), gradient.buffer],
        m: [targets.m, m.buffer],
        v: [targets.v, v.buffer],
        clip: [reads(clip), clip.buffer],
        step: [reads(step), step.buffer],
      },
      params: {
        ...{ parameterOffset: 'u32', gradientOffset: 'u32', mOffset: 'u32', vOffset: 'u32' },
        ...{ beta1: 'f32', beta2: 'f32', rest1: 'f32', rest2: 'f32', epsilon: 'f32' },
        ...{ weightDecay: 'f32', learningRateScale: 'f32' },
      },
      values: {
        parameterOffset: parameter.offset / width,
        gradientOffset: gradient.offset / width,
        ...{ mOffset: m.offset / width, vOffset: v.offset / width },
        ...{ beta1: op.beta1, beta2: op.beta2, rest1: 1 - op.beta1, rest2: 1 - op.beta2, epsilon: op.epsilon },
        ...{ weightDecay: op.weightDecay, learningRateScale: op.learningRateScale },
      },
      ...{ count: op.length / width, work: 14 },
      body: `if (clip[1] == 0.0) { return; }
let rate = step[0] * params.learningRateScale;
let g = F(gradient[params.gradientOffset + i]) * clip[0];
let first = params.beta1 * F(m[params.mOffset + i]) + params.rest1 * g;
let second = params.beta2 * F(v[params.vOffset + i]) + params.rest2 * g * g;
m[params.mOffset + i] = ${storedType(targets.m)}(first);
v[params.vOffset + i] = ${storedType(targets.v)}(second);
let before = F(parameter[params.parameterOffset + i]) * (1.0 - rate * params.weightDecay);
let change = (rate / step[1]) * first / (sqrt(second) / sqrt(step[2]) + params.epsilon);
parameter[params.parameterOffset + i] = ${storedType(targets.parameter)}(before - change);`,
    }),
  ]
}
