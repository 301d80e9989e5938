import type { Add, Dot, Fill, Rope, SwiGlu, SwiGluGradient } from '../../plan/operations'
import type { Memory } from './memory'

export function fill({ out: { tensor, offset }, value, length }: Fill, memory: Memory): void {
  memory.floats(tensor).fill(value, offset, offset + length)
}

export function add(op: Add, memory: Memory): void {
  const a = memory.floats(op.a)
  const b = memory.floats(op.b)
  const out = memory.floats(op.out)
  for (let i = 0; i < op.length; i++) out[i] = a[i] + b[i]
}

export function dot(op: Dot, memory: Memory): void {
  const a = memory.floats(op.a.tensor)
  const b = memory.floats(op.b.tensor)
  const out = memory.floats(op.out)
  let sum = op.accumulate ? out[0] : 0
  for (let i = 0; i < op.length; i++) sum += a[op.a.offset + i] * b[op.b.offset + i]
  out[0] = sum
}

export function swiglu(op: SwiGlu, memory: Memory): void {
  const gate = memory.floats(op.gate)
  const up = memory.floats(op.up)
  const out = memory.floats(op.out)
  for (let i = 0; i < op.length; i++) out[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i]
}

export function swigluGradient(op: SwiGluGradient, memory: Memory): void {
  const gate = memory.floats(op.gate)
  const up = memory.floats(op.up)
  const upstream = memory.floats(op.upstream)
  const [toGate, toUp] = op.into === undefined ? [gate, up] : [memory.floats(op.into), upstream]
  for (let i = 0; i < op.length; i++) {
    const x = gate[i]
    const sigmoid = 1 / (1 + Math.exp(-x))
    toGate[i] = upstream[i] * up[i] * sigmoid * (1 + x * (1 - sigmoid))
    toUp[i] = upstream[i] * x * sigmoid
  }
}

export function rope(op: Rope, memory: Memory): void {
  const { rows, heads, headDim } = op
  const half = headDim / 2
  const x = memory.floats(op.x)
  const positions = memory.ints(op.positions)
  const cosines = memory.floats(op.cos)
  const sines = memory.floats(op.sin)
  for (let row = 0; row < rows; row++) {
    const table = positions[row] * half
    for (let head = 0; head < heads; head++) {
      const at = (row * heads + head) * headDim
      for (let i = 0; i < half; i++) {
        const cos = cosines[table + i]
        const sin = op.inverse ? -sines[table + i] : sines[table + i]
        const first = x[at + i]
        const second = x[at + half + i]
        x[at + i] = first * cos - second * sin
        x[at + half + i] = second * cos + first * sin
      }
    }
  }
}
