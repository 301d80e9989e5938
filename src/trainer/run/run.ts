/** A run that goes on: what it was asked for, what was planned, and where it stands. */
import { KoVocabError } from '../../errors'
import type { Session } from '../backends/types'
import { type GateSettings, requireGate } from './gate'
import type { Metrics } from './metrics'
import { createPace, type Pace } from './pace'
import type { ReferenceSums } from './reference'
import { type PlannedStage, planStages } from './stages'
import { newRunState, type RunState } from './state'
import type { TrainOptions, TrainResult } from './types'

const GATE: GateSettings = { bound: 0.01, onForget: 'warn' }

export interface Run {
  options: TrainOptions
  stages: PlannedStage[]
  steps: number
  state: RunState
  gate: GateSettings
  pace: Pace
  tell: (metrics: Metrics) => void
  ended: TrainResult['ended'] | null
  /** The last checkpoint, and its step. */
  saved: { place: string; step: number } | null
  /** With `dpo`: null until there is a session to compute it by. */
  reference: ReferenceSums | null
}

/** @throws KoVocabError for what is wrong before anything is computed */
export function beginRun(options: TrainOptions): Run {
  const { gate = GATE, onMetrics = () => {}, resume, evaluation, checkpoints, accumulate, maxSteps } = options
  requireGate(gate)
  const numbers = { 'evaluation.every': evaluation?.every, 'checkpoints.every': checkpoints?.every }
  for (const [name, value] of Object.entries({ ...numbers, accumulate, maxSteps })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue
    throw new KoVocabError('bad-option', `${name} is ${value}, a whole number above 0 is expected`)
  }
  const needed = options.recipe.objective.kind === 'dpo' ? 'preferences' : 'batches'
  if (!options[needed]) {
    const what = `the objective is ${options.recipe.objective.kind}, but there are no ${needed}`
    throw new KoVocabError('bad-option', what, `give ${needed}`)
  }
  const stages = planStages(options)
  return {
    options,
    stages,
    steps: stages.reduce((sum, { steps }) => sum + steps, 0),
    // It changes as the run goes; what was given stays.
    state: resume ? structuredClone(resume) : newRunState(),
    gate,
    pace: createPace(() => performance.now()),
    tell: onMetrics,
    ended: null,
    saved: resume ? { place: 'the one that it went on from', step: resume.step } : null,
    reference: null,
  }
}

export function tellNote(run: Run, text: string): void {
  run.tell({ kind: 'note', step: run.state.step, text })
}

/** A checkpoint of the state, unless there is one already, or nowhere to keep it. */
export async function save(run: Run, { touched }: PlannedStage, session: Session): Promise<void> {
  const { checkpoints } = run.options
  const { step } = run.state
  if (!checkpoints || step === 0 || run.saved?.step === step) return
  run.pace.pause('other')
  const place = await checkpoints.store.save(session, run.state, touched)
  run.pace.pause('checkpoint')
  run.saved = { place, step }
  tellNote(run, `checkpoint: ${place}`)
}

/** The same error, and what is not lost. */
export function namingCheckpoint(error: unknown, { saved, options }: Run): unknown {
  if (!(error instanceof KoVocabError) || !options.checkpoints) return error
  const { code, message, hint, cause } = error
  const kept = saved ? `the last checkpoint is of step ${saved.step}: ${saved.place}` : 'there is no checkpoint yet'
  return new KoVocabError(code, `${message}; ${kept}`, hint, { cause: cause ?? error })
}
