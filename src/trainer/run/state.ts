/** Where a run stands: everything beside weights, moments and data that the next step depends on. JSON. */
import { KoVocabError } from '../../errors'
import { newGate } from './gate'
import type { GateState } from './metrics'
import { newTrend, type Trend } from './trend'

export const RUN_FORMAT = 'ko-vocab run 1'

export interface RunState {
  format: typeof RUN_FORMAT
  /** Steps done, over all stages. */
  step: number
  /** The stage that goes on, an index; as many as there are when the run is over. */
  stage: number
  /** Steps done in it; 0 is a new optimizer. */
  stageStep: number
  tokens: number
  flops: number
  /** By source: rows that the stages before this one have read. */
  read: number[]
  trend: Trend
  gate: GateState
  /** Bits per byte of each set before the first step, and the loss of pairs. */
  before: Record<string, number>
  /** The step of the last evaluation; null before there is one. */
  evaluated: number | null
  /** The lowest joint score, and where. */
  best: { score: number; step: number } | null
}

export function newRunState(): RunState {
  return {
    format: RUN_FORMAT,
    ...{ step: 0, stage: 0, stageStep: 0, tokens: 0, flops: 0, read: [] },
    ...{ trend: newTrend(), gate: newGate(null), before: {}, evaluated: null, best: null },
  }
}

/**
 * @param source the file, for errors
 * @throws KoVocabError `bad-file`
 */
export function readRunState(value: unknown, source: string): RunState {
  const state = (typeof value === 'object' && value !== null ? value : {}) as Partial<RunState>
  if (state.format !== RUN_FORMAT) {
    const what = `${source}: its format is ${JSON.stringify(state.format)}, not ${RUN_FORMAT}`
    throw new KoVocabError('bad-file', what, 'go on with the version of ko-vocab that wrote it')
  }
  const counts = [state.step, state.stage, state.stageStep, state.tokens, state.flops]
  const isSound =
    counts.every((count) => typeof count === 'number' && count >= 0) &&
    Array.isArray(state.read) &&
    [state.trend, state.gate, state.before].every((part) => typeof part === 'object' && part !== null)
  if (isSound) return state as RunState
  throw new KoVocabError('bad-file', `${source}: is damaged`, 'remove this checkpoint; an earlier one may be there')
}
