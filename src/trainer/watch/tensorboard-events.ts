/** Which of TensorBoard's scalars and texts a metric is. */

import type { PreferenceScores } from '../run/metrics'
import { type EventTime, scalarsEvent, textEvent } from './event-file'
import type { WatchedMetrics } from './sink'

/** What TensorBoard shows as its step: steps of the optimizer, or tokens, by which runs of other batch sizes compare. */
export type TensorboardStep = 'steps' | 'tokens'

/** Tags are kept, so that runs can be laid over one another. Notes have no tokens: they take those of the step before. */
export function tensorboardEvent(metrics: WatchedMetrics, step: number): Uint8Array {
  const time: EventTime = { wallTime: Date.parse(metrics.time) / 1000, step }
  if (metrics.kind === 'note') return textEvent(time, 'notes', metrics.text)
  return scalarsEvent(time, scalarsOf(metrics))
}

function scalarsOf(metrics: Exclude<WatchedMetrics, { kind: 'note' }>): (readonly [string, number])[] {
  if (metrics.kind === 'step') {
    return [
      ['train/loss', metrics.loss],
      ...Object.entries(metrics.lossOf).map(([source, loss]) => [`train/loss_of/${source}`, loss] as const),
      ...(metrics.preferences ? preferenceScalars('train', metrics.preferences) : []),
      ['train/lr', metrics.learningRate],
      ['train/grad_norm', metrics.gradientNorm],
      ['train/tokens_per_second', metrics.tokensPerSecond],
      ['train/tokens', metrics.tokens],
      ['train/flops', metrics.flops],
    ]
  }
  const { sets, preferences = [], jointScore, gate } = metrics
  return [
    ...sets.map(({ name, bitsPerByte }) => [`eval/${name}/bits_per_byte`, bitsPerByte] as const),
    ...sets.map(({ name, perplexity }) => [`eval/${name}/perplexity`, perplexity] as const),
    ...preferences.flatMap(({ name, loss, ...scores }) => [
      [`eval/${name}/loss`, loss] as const,
      ...preferenceScalars(`eval/${name}`, scores),
    ]),
    ...(jointScore === null ? [] : [['eval/joint', jointScore] as const]),
    ...(gate.worsened === null ? [] : [['gate/worsened', gate.worsened] as const]),
    ['gate/rate_scale', gate.rateScale],
  ]
}

function preferenceScalars(tag: string, { accuracy, margin }: PreferenceScores): (readonly [string, number])[] {
  return [
    [`${tag}/accuracy`, accuracy],
    [`${tag}/margin`, margin],
  ]
}
