/**
 * Which gradients somebody wants: those of what trains, and those on the way to it. What nobody wants is left out of the
 * plan, so nothing is computed behind the last parameter that trains.
 */
import { EMBEDDING, FINAL_NORM, layerNames } from '../model/parameters'

/** Whether the gradient of each activation is wanted. */
export interface LayerNeeds {
  /** The residual stream before the layer. */
  x: boolean
  attentionInput: boolean
  query: boolean
  key: boolean
  value: boolean
  attention: boolean
  /** The residual stream between attention and MLP. */
  middle: boolean
  mlpInput: boolean
  /** The MLP's hidden values. */
  hidden: boolean
  /** The residual stream after the layer. */
  out: boolean
}

export interface Needs {
  layers: LayerNeeds[]
  /** The last residual stream. */
  stream: boolean
  /** The last norm's output. */
  hidden: boolean
}

/** @param trains whether any row of a parameter trains */
export function needsOf(layers: number, trains: (name: string) => boolean): Needs {
  const needs: LayerNeeds[] = []
  let stream = trains(EMBEDDING)
  for (let layer = 0; layer < layers; layer++) {
    const names = layerNames(layer)
    const x = stream
    const attentionInput = x || trains(names.attentionNorm)
    const query = attentionInput || trains(names.query)
    const key = attentionInput || trains(names.key)
    const value = attentionInput || trains(names.value)
    const attention = query || key || value
    const middle = x || attention || trains(names.output)
    const mlpInput = middle || trains(names.mlpNorm)
    const hidden = mlpInput || trains(names.gate) || trains(names.up)
    const out = hidden || trains(names.down)
    needs.push({ x, attentionInput, query, key, value, attention, middle, mlpInput, hidden, out })
    stream = out
  }
  return { layers: needs, stream, hidden: stream || trains(FINAL_NORM) }
}
