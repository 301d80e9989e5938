import type { CrossEntropy } from '../../plan/operations'
import type { Memory } from './memory'

export function crossEntropy(op: CrossEntropy, memory: Memory): void {
  const { firstRow, rows, vocabulary } = op
  const logits = memory.floats(op.logits)
  const labels = memory.ints(op.labels)
  const weights = memory.floats(op.weights)
  const nll = memory.floats(op.nll)
  for (let row = 0, at = 0; row < rows; row++, at += vocabulary) {
    const label = labels[firstRow + row]
    if (label < 0) {
      nll[firstRow + row] = 0
      if (op.gradient) logits.fill(0, at, at + vocabulary)
      continue
    }
    let most = Number.NEGATIVE_INFINITY
    for (let c = 0; c < vocabulary; c++) if (logits[at + c] > most) most = logits[at + c]
    let total = 0
    for (let c = 0; c < vocabulary; c++) total += Math.exp(logits[at + c] - most)
    const logSumExp = most + Math.log(total)
    nll[firstRow + row] = logSumExp - logits[at + label]
    if (!op.gradient) continue
    const weight = weights[firstRow + row]
    for (let c = 0; c < vocabulary; c++) {
      const share = Math.exp(logits[at + c] - logSumExp)
      logits[at + c] = weight * (c === label ? share - 1 : share)
    }
  }
}
