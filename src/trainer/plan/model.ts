/** The whole model: ids to hidden states, and the way back. */
import { EMBEDDING, FINAL_NORM } from '../model/parameters'
import { addActivation, type Draft, partsOf } from './draft'
import { type LayerActivations, layerBackward, layerForward, layerOutput, rmsNorm, rmsNormBackward } from './layer'
import type { Operation } from './operations'
import type { TensorId } from './types'

export interface ModelForward {
  operations: Operation[]
  /** The residual stream before each layer, and after the last. */
  streams: TensorId[]
  layers: LayerActivations[]
  finalInverse: TensorId
  /** [N, hidden]: the last norm's output. */
  hidden: TensorId
}

export function modelForward(draft: Draft): ModelForward {
  const { positions, config } = draft
  const { hiddenSize } = config
  const embedded = addActivation(draft, 'embedded', positions, hiddenSize)
  const operations = embed(draft, embedded)
  const streams = [embedded]
  const layers: LayerActivations[] = []
  for (let layer = 0; layer < config.layers; layer++) {
    const forward = layerForward(draft, layer, streams[layer])
    const output = layerOutput(draft, layer, forward.activations)
    operations.push(...forward.operations, ...output.operations)
    streams.push(output.x)
    layers.push(forward.activations)
  }
  const finalInverse = addActivation(draft, 'last norm inverse', positions)
  const hidden = addActivation(draft, 'hidden', positions, hiddenSize)
  operations.push(rmsNorm(draft, streams[config.layers], draft.parameters.get(FINAL_NORM)!, hidden, finalInverse))
  return { operations, streams, layers, finalInverse, hidden }
}

/**
 * @param gradient [N, hidden]: of the last norm's output
 * @param again whether layers are computed again instead of kept
 */
export function modelBackward(
  draft: Draft,
  { streams, layers, finalInverse }: ModelForward,
  gradient: TensorId,
  again: boolean,
): Operation[] {
  const { positions, config } = draft
  const norm = draft.parameters.get(FINAL_NORM)!
  const last = streams[config.layers]
  const stream = addActivation(draft, 'gradient of the residual stream', positions, config.hiddenSize)
  const operations = rmsNormBackward(draft, last, norm, finalInverse, gradient, stream, false)
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    let activations = layers[layer]
    if (again) {
      const forward = layerForward(draft, layer, streams[layer])
      operations.push(...forward.operations)
      activations = forward.activations
    }
    operations.push(...layerBackward(draft, layer, activations, stream))
  }
  operations.push(...embedBackward(draft, stream))
  return operations
}

function embed(draft: Draft, out: TensorId): Operation[] {
  const { positions, inputs, config } = draft
  const { tensor } = draft.parameters.get(EMBEDDING)!
  const columns = config.hiddenSize
  return partsOf(draft.tensors[tensor]).map(({ first, count }) => {
    const table = { tensor, offset: first * columns }
    return { kind: 'embed', ids: inputs.ids, table, out, positions, columns, firstRow: first, rows: count }
  })
}

function embedBackward(draft: Draft, upstream: TensorId): Operation[] {
  const { positions, inputs, config } = draft
  const { trained } = draft.parameters.get(EMBEDDING)!
  if (!trained || !inputs.occurrences) return []
  const columns = config.hiddenSize
  const { gradient: tensor, rows } = trained
  return partsOf(draft.tensors[tensor]).map(({ first, count }) => ({
    kind: 'embedGradient',
    ...inputs.occurrences!,
    upstream,
    gradient: { tensor, offset: first * columns },
    positions,
    columns,
    firstRow: rows.first + first,
    rows: count,
  }))
}
