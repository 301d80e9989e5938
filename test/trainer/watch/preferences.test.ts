/** What a run of DPO tells besides others, in each of the places where runs are watched. */
import { describe, expect, it } from 'vitest'
import { metricsLine, readMetricsLine } from '../../../src/trainer/watch/metrics-line'
import { NO_PROGRESS, nextProgress, progressLine } from '../../../src/trainer/watch/progress-line'
import { addMetrics, createRunView } from '../../../src/trainer/watch/run-view'
import { tensorboardEvent } from '../../../src/trainer/watch/tensorboard-events'
import { watchPage } from '../../../src/trainer/watch/watch-page'
import { evaluationAt, stamped, stepAt } from './support'

const step = stepAt(20, {
  ...{ loss: 0.5, lossOf: { chosen: 2, rejected: 3 } },
  preferences: { pairs: 12, accuracy: 0.75, margin: 0.25 },
})
const evaluation = evaluationAt(20, {
  sets: [],
  preferences: [{ name: 'pairs', pairs: 40, loss: 0.61, accuracy: 0.725, margin: 0.1875 }],
})

describe('preferences', () => {
  it('on the terminal', () => {
    const line = progressLine([evaluation, step].reduce(nextProgress, NO_PROGRESS))
    expect(line).toMatch(
      /^step 20\/40 {2}50 % {2}all {2}loss 0\.500 {2}right 75 % {2}pairs 0\.6100 right 73 % {2}gate ok /,
    )
  })

  it('in metrics.jsonl', () => {
    const broken = { ...step, preferences: { pairs: 12, accuracy: 0, margin: Number.NaN } }
    for (const metrics of [step, evaluation, broken].map(stamped))
      expect(readMetricsLine(metricsLine(metrics), 'x')).toEqual(metrics)
  })

  it('in TensorBoard’s scalars', () => {
    const text = (metrics: Parameters<typeof stamped>[0]) =>
      new TextDecoder('latin1').decode(tensorboardEvent(stamped(metrics), 20))
    for (const tag of ['train/accuracy', 'train/margin', 'train/loss_of/chosen']) expect(text(step)).toContain(tag)
    expect(text(stepAt(20))).not.toContain('train/accuracy')
    for (const tag of ['loss', 'accuracy', 'margin']) expect(text(evaluation)).toContain(`eval/pairs/${tag}`)
    const value = new Uint8Array(Float32Array.of(0.1875).buffer)
    expect(text(evaluation)).toContain(new TextDecoder('latin1').decode(value))
  })

  it('on the page: a tile and a curve', () => {
    const view = createRunView()
    for (const metrics of [evaluationAt(0, { ...evaluation, step: 0 }), step, evaluation])
      addMetrics(view, stamped(metrics))
    const page = watchPage(view, { name: 'dpo' })
    for (const said of ['pairs, DPO loss', '0.6100', '73 % of pairs right', 'DPO loss, held-out pairs'])
      expect(page).toContain(said)
    const plain = createRunView()
    addMetrics(plain, stamped(evaluationAt(0)))
    expect(watchPage(plain, { name: 'text' })).not.toContain('DPO')
  })
})
