/** A run as its metrics: 12 tokens a step, evaluations every `every` steps, a loss that falls. */
import type { EvaluationMetrics, Metrics, NoteMetrics, StepMetrics } from '../../../src/trainer/run/metrics'
import type { WatchedMetrics } from '../../../src/trainer/watch/sink'

export function stepAt(step: number, more: Partial<StepMetrics> = {}): StepMetrics {
  return {
    kind: 'step',
    step,
    steps: 40,
    stage: step <= 10 ? 'new rows' : 'all',
    tokens: step * 12_000,
    flops: step * 7e13,
    learningRate: 3e-4 / (1 + step / 10),
    loss: 2 + 3 / step,
    gradientNorm: 1 + (step % 3) / 10,
    lossOf: { ko: 2.5 + 3 / step, en: 1.5 + 1 / step },
    tokensPerSecond: 48_000,
    secondsLeft: step < 2 ? null : (40 - step) / 4,
    ...more,
  }
}

export function evaluationAt(step: number, more: Partial<EvaluationMetrics> = {}): EvaluationMetrics {
  const worsened = step / 4000
  return {
    kind: 'evaluation',
    step,
    tokens: step * 12_000,
    flops: step * 7e13,
    sets: [
      { name: 'ko', role: 'target', bitsPerByte: 2.5 - step / 40, bytes: 90_000, tokens: 30_000, perplexity: 40 },
      { name: 'en', role: 'guarded', bitsPerByte: 1 + worsened, bytes: 80_000, tokens: 20_000, perplexity: 16 },
    ],
    jointScore: 3.5 - step / 40,
    best: true,
    gate: { state: worsened > 0.008 ? 'warn' : 'ok', worsened, bound: 0.01, rateScale: 1 },
    ...more,
  }
}

export const noteAt = (step: number, text: string): NoteMetrics => ({ kind: 'note', step, text })

/** Four steps a second from noon on. */
export function stamped(metrics: Metrics): WatchedMetrics {
  const seconds = metrics.step / 4
  return { ...metrics, time: new Date(Date.UTC(2026, 4, 1, 12) + 1000 * seconds).toISOString(), seconds }
}

export function runOf(steps: number, every = 10): WatchedMetrics[] {
  const all: Metrics[] = [evaluationAt(0), noteAt(0, "stage 'new rows' begins")]
  for (let step = 1; step <= steps; step++) {
    if (step === 11) all.push(noteAt(10, "stage 'all' begins"))
    all.push(stepAt(step))
    if (step % every === 0) all.push(evaluationAt(step), noteAt(step, `checkpoint written at step ${step}`))
  }
  return all.map(stamped)
}
