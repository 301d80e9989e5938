/**
 * From the last hidden states to the loss, some rows of the batch at a time, so that the logits [N, vocabulary] are never
 * all stored; and at once back to the gradients of hidden states and head, for which they would be needed again.
 */
import { EMBEDDING, HEAD } from '../model/parameters'
import { addActivation, type Draft, wholeOf } from './draft'
import type { Operation } from './operations'
import { project, projectBack, projectWeight } from './projection'
import type { Parameter, TensorId } from './types'

export interface Head {
  /** [N, hidden]: the last norm's output. */
  hidden: TensorId
  nll: TensorId
  loss: TensorId
  /** Rows of logits that are stored at once. */
  chunkRows: number
}

export function headOf({ parameters, config }: Draft): Parameter {
  return parameters.get(config.tied ? EMBEDDING : HEAD)!
}

/** `loss` and `nll` alone. */
export function headForward(draft: Draft, head: Head): Operation[] {
  return chunks(draft, head, null)
}

/**
 * `loss`, `nll`, and gradients.
 *
 * @param gradient [N, hidden]: of the hidden states
 */
export function headWithGradient(draft: Draft, head: Head, gradient: TensorId): Operation[] {
  return chunks(draft, head, gradient)
}

function chunks(draft: Draft, head: Head, hiddenGradient: TensorId | null): Operation[] {
  const { positions, inputs, config } = draft
  const { hiddenSize, vocabSize } = config
  const { hidden, nll, loss, chunkRows } = head
  const gradient = hiddenGradient !== null
  const logits = addActivation(draft, 'logits of a chunk', chunkRows, vocabSize)
  const operations: Operation[] = []
  for (let first = 0; first < positions; first += chunkRows) {
    const rows = Math.min(chunkRows, positions - first)
    const projection = { weight: headOf(draft), rows }
    const rowsOf = (tensor: TensorId) => ({ tensor, offset: first * hiddenSize, stride: hiddenSize })
    const y = wholeOf(logits, vocabSize)
    const { labels, weights } = inputs
    operations.push(...project(draft, projection, rowsOf(hidden), y), {
      kind: 'crossEntropy',
      logits,
      labels,
      weights,
      nll,
      firstRow: first,
      rows,
      vocabulary: vocabSize,
      gradient,
    })
    if (hiddenGradient === null) continue
    operations.push(
      ...projectWeight(draft, projection, y, rowsOf(hidden)),
      ...projectBack(draft, projection, y, rowsOf(hiddenGradient), false),
    )
  }
  operations.push({
    kind: 'dot',
    a: { tensor: inputs.weights, offset: 0 },
    b: { tensor: nll, offset: 0 },
    out: loss,
    length: positions,
    accumulate: true,
  })
  return operations
}
