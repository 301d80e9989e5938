import type { AdamW, Clip } from '../../plan/operations'
import type { Memory } from './memory'

export function clip({ normSquared, out, maxNorm }: Clip, memory: Memory): void {
  const square = memory.floats(normSquared)[0]
  const isSound = Number.isFinite(square)
  const factor = maxNorm === 0 ? 1 : Math.min(1, maxNorm / (Math.sqrt(square) + 1e-6))
  memory.floats(out).set([isSound ? factor : 0, isSound ? 1 : 0])
}

export function adamw(op: AdamW, memory: Memory): void {
  const { length, beta1, beta2, epsilon } = op
  const [factor, isSound] = memory.floats(op.clip)
  if (isSound === 0) return
  const [learningRate, correction1, correction2] = memory.floats(op.step)
  const parameter = memory.floats(op.parameter.tensor)
  const gradient = memory.floats(op.gradient.tensor)
  const m = memory.floats(op.m.tensor)
  const v = memory.floats(op.v.tensor)
  const rate = learningRate * op.learningRateScale
  const keep = 1 - rate * op.weightDecay
  const stepSize = rate / correction1
  const root = Math.sqrt(correction2)
  for (let i = 0; i < length; i++) {
    const g = gradient[op.gradient.offset + i] * factor
    const first = beta1 * m[op.m.offset + i] + (1 - beta1) * g
    const second = beta2 * v[op.v.offset + i] + (1 - beta2) * g * g
    m[op.m.offset + i] = first
    v[op.v.offset + i] = second
    const at = op.parameter.offset + i
    parameter[at] = parameter[at] * keep - (stepSize * first) / (Math.sqrt(second) / root + epsilon)
  }
}
