import type { RmsNorm, RmsNormGradient, RmsNormWeightGradient } from '../../plan/operations'
import type { Memory } from './memory'

export function rmsNorm(op: RmsNorm, memory: Memory): void {
  const { rows, columns, epsilon } = op
  const x = memory.floats(op.x)
  const weight = memory.floats(op.weight)
  const out = memory.floats(op.out)
  const inverses = memory.floats(op.inverse)
  for (let row = 0, at = 0; row < rows; row++, at += columns) {
    let squares = 0
    for (let c = 0; c < columns; c++) squares += x[at + c] * x[at + c]
    const inverse = 1 / Math.sqrt(squares / columns + epsilon)
    inverses[row] = inverse
    for (let c = 0; c < columns; c++) out[at + c] = x[at + c] * inverse * weight[c]
  }
}

export function rmsNormGradient(op: RmsNormGradient, memory: Memory): void {
  const { rows, columns } = op
  const x = memory.floats(op.x)
  const weight = memory.floats(op.weight)
  const inverses = memory.floats(op.inverse)
  const upstream = memory.floats(op.upstream)
  const gradient = memory.floats(op.gradient)
  for (let row = 0, at = 0; row < rows; row++, at += columns) {
    const inverse = inverses[row]
    let product = 0
    for (let c = 0; c < columns; c++) product += upstream[at + c] * weight[c] * x[at + c]
    // Σ g · n / columns, times the factor that makes n of x.
    const share = (product * inverse * inverse) / columns
    for (let c = 0; c < columns; c++) {
      const value = inverse * (upstream[at + c] * weight[c] - x[at + c] * share)
      gradient[at + c] = op.accumulate ? gradient[at + c] + value : value
    }
  }
}

export function rmsNormWeightGradient(op: RmsNormWeightGradient, memory: Memory): void {
  const { rows, columns } = op
  const x = memory.floats(op.x)
  const inverses = memory.floats(op.inverse)
  const upstream = memory.floats(op.upstream)
  const gradient = memory.floats(op.gradient)
  const sums = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++, at += columns) {
    const inverse = inverses[row]
    for (let c = 0; c < columns; c++) sums[c] += upstream[at + c] * x[at + c] * inverse
  }
  for (let c = 0; c < columns; c++) gradient[c] += sums[c]
}
