/** A run as one line of text. */
import type { EvaluationMetrics, GateState, Metrics, PreferenceScores, StepMetrics } from '../run/metrics'
import { clock, percentOf, plain, share } from './numbers'

/** What of the metrics so far the line says. */
export interface ProgressState {
  step: StepMetrics | null
  evaluation: EvaluationMetrics | null
}

export const NO_PROGRESS: ProgressState = { step: null, evaluation: null }

export function nextProgress(state: ProgressState, metrics: Metrics): ProgressState {
  if (metrics.kind === 'step') return { ...state, step: metrics }
  return metrics.kind === 'evaluation' ? { ...state, evaluation: metrics } : state
}

/** As picocolors has them. */
export interface LineColors {
  green: (text: string) => string
  yellow: (text: string) => string
  red: (text: string) => string
}

export interface LineOptions {
  /** Default: none. */
  colors?: LineColors
  /** Characters that the line may have; what matters least is left out. Default: no limit. */
  columns?: number
}

interface Part {
  text: string
  /** The lowest goes first. */
  rank: number
  color?: keyof LineColors
}

/**
 * `step 1,200/4,000  30 %  loss 2.314  ko 1.2043  en 0.9812 bits/byte  en gate ok +0.31 % of 1.00 %  48,210 tok/s  1:02:03 left`
 *
 * Empty before the first metric.
 */
export function progressLine({ step, evaluation }: ProgressState, { colors, columns }: LineOptions = {}): string {
  let parts = [...stepParts(step, evaluation), ...evaluationParts(evaluation), ...speedParts(step)]
  const width = () => parts.reduce((sum, { text }) => sum + text.length + 2, -2)
  while (columns !== undefined && width() > columns && parts.length > 1) {
    const least = Math.min(...parts.map(({ rank }) => rank))
    parts = parts.filter(({ rank }) => rank !== least)
  }
  return parts.map(({ text, color }) => (color && colors ? colors[color](text) : text)).join('  ')
}

function stepParts(step: StepMetrics | null, evaluation: EvaluationMetrics | null): Part[] {
  if (!step) return evaluation ? [{ text: `step ${plain(evaluation.step)}`, rank: 9 }] : []
  const percent = Math.floor((100 * step.step) / step.steps)
  const finite = Number.isFinite(step.loss)
  return [
    { text: `step ${plain(step.step)}/${plain(step.steps)}`, rank: 9 },
    { text: `${percent} %`, rank: 2 },
    { text: step.stage, rank: 0 },
    { text: `loss ${finite ? step.loss.toFixed(3) : step.loss}`, rank: 8, color: finite ? undefined : 'red' },
    ...(step.preferences ? [{ text: `right ${rightOf(step.preferences)}`, rank: 4 }] : []),
  ]
}

function evaluationParts(evaluation: EvaluationMetrics | null): Part[] {
  if (!evaluation) return []
  const { sets, preferences = [], gate } = evaluation
  const shown = sets.filter(({ role }) => role !== null)
  const bits = shown.map(({ name, bitsPerByte }) => `${name} ${bitsPerByte.toFixed(4)}`).join('  ')
  const parts: Part[] = bits === '' ? [] : [{ text: `${bits} bits/byte`, rank: 5 }]
  const pairs = preferences.map((one) => ({
    text: `${one.name} ${one.loss.toFixed(4)} right ${rightOf(one)}`,
    rank: 5,
  }))
  return [
    ...pairs,
    ...parts,
    ...gateParts(
      gate,
      sets.filter(({ role }) => role === 'guarded').map(({ name }) => name),
    ),
  ]
}

/** Pairs of which the chosen answer is told. */
function rightOf({ accuracy }: PreferenceScores): string {
  return `${Math.round(100 * accuracy)} %`
}

const GATE_COLORS: Record<GateState['state'], keyof LineColors> = {
  ok: 'green',
  warn: 'yellow',
  slow: 'red',
  stop: 'red',
}

function gateParts({ state, worsened, bound }: GateState, guarded: readonly string[]): Part[] {
  if (worsened === null || bound === null) return []
  const name = guarded.length === 1 ? `${guarded[0]} gate` : 'gate'
  return [{ text: `${name} ${state} ${percentOf(worsened)} of ${share(bound)}`, rank: 6, color: GATE_COLORS[state] }]
}

function speedParts(step: StepMetrics | null): Part[] {
  if (!step) return []
  const speed = { text: `${plain(Math.round(step.tokensPerSecond))} tok/s`, rank: 3 }
  return step.secondsLeft === null ? [speed] : [speed, { text: `${clock(step.secondsLeft)} left`, rank: 7 }]
}
