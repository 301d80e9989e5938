/**
 * Not forgetting: after every evaluation the guarded sets are held against what they were before the first step, and the
 * run warns, slows down or stops when they have worsened beyond a bound.
 */
import { KoVocabError } from '../../errors'
import type { EvaluationOfPreferences, EvaluationOfSet, GateState } from './metrics'

export type OnForget = 'warn' | 'slow' | 'stop'

export interface GateSettings {
  /** The largest worsening of the bits per byte of any guarded set that is allowed, as a share: 0.01 is 1 %. */
  bound: number
  onForget: OnForget
}

/** The rate is never lowered further. */
const LEAST_SCALE = 1 / 64
/** A percent of worsening beyond the bound counts as ten percent of the target. */
const PENALTY = 10

export function newGate(bound: number | null): GateState {
  return { state: 'ok', worsened: null, bound, rateScale: 1 }
}

/** @throws KoVocabError `bad-option` for a bound out of range */
export function requireGate({ bound }: GateSettings): void {
  if (Number.isFinite(bound) && bound >= 0) return
  throw new KoVocabError('bad-option', `the bound of the guarded sets is ${bound}, a share from 0 on is expected`)
}

/** The worst of the guarded sets against the beginning, as a share; null where none is guarded. */
export function worsening(sets: readonly EvaluationOfSet[], before: Readonly<Record<string, number>>): number | null {
  const shares = sets.flatMap(({ name, role, bitsPerByte }) =>
    role === 'guarded' && before[name] > 0 ? [bitsPerByte / before[name] - 1] : [],
  )
  return shares.length > 0 ? Math.max(...shares) : null
}

/**
 * The gate after an evaluation. It closes above the bound, and opens again at half of it, so that it does not flutter:
 *
 * - `warn`: says so
 * - `slow`: every evaluation above the bound halves the rate, down to a 64th; every one at or below half of it doubles
 *   it, up to the whole; between the two it stays
 * - `stop`: ends the run
 */
export function passGate(gate: GateState, { bound, onForget }: GateSettings, worsened: number | null): GateState {
  if (worsened === null) return { ...gate, worsened, bound: null }
  const passed = { ...gate, worsened, bound }
  if (worsened > bound) {
    if (onForget !== 'slow') return { ...passed, state: onForget }
    return { ...passed, state: 'slow', rateScale: Math.max(LEAST_SCALE, gate.rateScale / 2) }
  }
  if (worsened > bound / 2) return passed
  const rateScale = Math.min(1, gate.rateScale * 2)
  return { ...passed, state: rateScale < 1 ? 'slow' : 'ok', rateScale }
}

/**
 * Lower is better: the mean over the target sets of bits per byte (of preferences: DPO's loss) against those before the
 * first step, and 10 · (worsening - bound) on top where the guarded sets are worse than the bound. 1 before the first step.
 *
 * @returns null where there is no target
 */
export function jointScore(
  sets: readonly EvaluationOfSet[],
  before: Readonly<Record<string, number>>,
  bound: number,
  worsened: number | null,
  preferences: readonly EvaluationOfPreferences[] = [],
): number | null {
  const targets = sets.flatMap(({ name, role, bitsPerByte }) =>
    role === 'target' ? [{ name, value: bitsPerByte }] : [],
  )
  const pairs = preferences.map(({ name, loss }) => ({ name, value: loss }))
  const ratios = [...targets, ...pairs].flatMap(({ name, value }) => (before[name] > 0 ? [value / before[name]] : []))
  if (ratios.length === 0) return null
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  return mean + PENALTY * Math.max(0, (worsened ?? 0) - bound)
}
