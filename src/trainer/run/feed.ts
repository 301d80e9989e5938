/** Where a stage has its steps from: rows of text, or pairs of answers. */
import type { Session } from '../backends/types'
import { beginPreferenceStep } from './preference-step'
import type { Run } from './run'
import type { PlannedStage } from './stages'
import { type BegunStep, beginStep, type StepOptions } from './step'

export interface Feed {
  begin: (session: Session, options: StepOptions) => Promise<BegunStep>
  /** By source: rows of it among the first so many of the stage. */
  counts: (rows: number) => readonly number[]
}

/** A stage goes on behind what the stages before it have read. */
export function feedOf({ options, state, reference }: Run, { stage }: PlannedStage): Feed {
  const { objective } = options.recipe
  if (objective.kind === 'dpo') {
    const { batches } = options.preferences!
    const before = state.read[0] ?? 0
    const step = { batches, reference: reference!.learned, beta: objective.beta }
    return {
      begin: (session, { first, ...rest }) => beginPreferenceStep(session, step, { first: before + first, ...rest }),
      counts: (rows) => [rows],
    }
  }
  const batches = options.batches!({ replayShare: stage.replayShare, read: state.read })
  return { begin: (session, step) => beginStep(session, batches, step), counts: batches.counts }
}
