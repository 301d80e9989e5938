/** What a page shows of a run, kept in bounded memory while metrics come. */
import type { EvaluationMetrics, EvaluationOfSet, StepMetrics } from '../run/metrics'
import { addPoint, type Curve, createCurve, type Place } from './curve'
import type { WatchedMetrics } from './sink'

export interface RunView {
  step: (StepMetrics & { time: string; seconds: number }) | null
  evaluation: (EvaluationMetrics & { time: string; seconds: number }) | null
  /** Of the last metric. */
  time: string | null
  /** Values `loss`, `rate`, `norm`, `speed`, and `of:<source>`. */
  training: Curve
  /** Values `bits:<set>`, `pairs:<set>` (DPO's loss), `joint`, `worsened`. */
  evaluations: Curve
  sets: Map<string, SetView>
  stages: { name: string; place: Place }[]
  best: EvaluationMetrics | null
  bestPlace: Place | null
  /** The last ones. */
  notes: { step: number; time: string; text: string }[]
  /** How many notes came before those. */
  olderNotes: number
  /** Steps whose loss or gradient was not finite. */
  broken: number
}

export interface SetView {
  role: EvaluationOfSet['role']
  /** Bits per byte when it was first measured: before the first step, if the run was watched from there. */
  first: number
  /** Highest value that the gate allows; null where it has no bound. */
  bound: number | null
}

export function createRunView(): RunView {
  return {
    step: null,
    evaluation: null,
    time: null,
    training: createCurve(),
    evaluations: createCurve(),
    sets: new Map(),
    stages: [],
    best: null,
    bestPlace: null,
    notes: [],
    olderNotes: 0,
    broken: 0,
  }
}

const NOTES = 200

/** In the order of the run. */
export function addMetrics(view: RunView, metrics: WatchedMetrics): void {
  view.time = metrics.time
  if (metrics.kind === 'note') addNote(view, metrics)
  else if (metrics.kind === 'step') addStep(view, metrics)
  else addEvaluation(view, metrics)
}

function addNote(view: RunView, { step, time, text }: WatchedMetrics & { kind: 'note' }): void {
  view.notes.push({ step, time, text })
  if (view.notes.length <= NOTES) return
  view.notes.shift()
  view.olderNotes++
}

function addStep(view: RunView, metrics: WatchedMetrics & { kind: 'step' }): void {
  const place = placeOf(metrics)
  if (metrics.stage !== view.step?.stage) {
    // The border is where the last stage ended.
    const border = view.training.buckets.at(-1)?.place ?? { step: 0, tokens: 0, flops: 0, seconds: 0 }
    view.stages.push({ name: metrics.stage, place: border })
  }
  view.step = metrics
  if (!Number.isFinite(metrics.loss) || !Number.isFinite(metrics.gradientNorm)) view.broken++
  addPoint(view.training, place, [
    ['loss', metrics.loss],
    ['rate', metrics.learningRate],
    ['norm', metrics.gradientNorm],
    ['speed', metrics.tokensPerSecond],
    ...Object.entries(metrics.lossOf).map(([source, loss]) => [`of:${source}`, loss] as const),
  ])
}

function addEvaluation(view: RunView, metrics: WatchedMetrics & { kind: 'evaluation' }): void {
  const place = placeOf(metrics)
  view.evaluation = metrics
  for (const { name, role, bitsPerByte } of metrics.sets) {
    const first = view.sets.get(name)?.first ?? bitsPerByte
    const bound = role === 'guarded' && metrics.gate.bound !== null ? first * (1 + metrics.gate.bound) : null
    view.sets.set(name, { role, first, bound })
  }
  if (metrics.best) {
    view.best = metrics
    view.bestPlace = place
  }
  addPoint(view.evaluations, place, [
    ...metrics.sets.map(({ name, bitsPerByte }) => [`bits:${name}`, bitsPerByte] as const),
    ...(metrics.preferences ?? []).map(({ name, loss }) => [`pairs:${name}`, loss] as const),
    ['joint', metrics.jointScore ?? Number.NaN],
    ['worsened', metrics.gate.worsened ?? Number.NaN],
  ])
}

function placeOf({ step, tokens, flops, seconds }: Place): Place {
  return { step, tokens, flops, seconds }
}
