/** What a run is asked for, and what it asks of the world around it: nothing here knows files or pages. */
import type { Backend, Session } from '../backends/types'
import type { Batches } from '../data/batches'
import type { EvaluationSet } from '../evaluate/sets'
import type { LlamaConfig } from '../model/config'
import type { PreferenceBatches } from '../objectives/preferences'
import type { PlanOptions } from '../plan/build'
import type { Recipe } from '../recipes/types'
import type { GateSettings } from './gate'
import type { Metrics } from './metrics'
import type { ReferenceStore } from './reference'
import type { RunState } from './state'

export interface TrainOptions {
  backend: Backend
  /** Of the model that trains: after a block expansion the larger one. */
  config: LlamaConfig
  recipe: Recipe
  /** Rows of embedding and head that the base had; null where none is known to be new. */
  baseRows: number | null
  /** Writes every parameter of the session's plan as it was before the first stage. */
  initial: (session: Session) => Promise<void>
  /** The rows that a stage trains on; `dpo` has `preferences` instead. */
  batches?: (stage: StageData) => Batches
  /** What `dpo` learns from. */
  preferences?: PreferenceSettings
  /** Of the whole run; the number of steps follows. */
  tokens: number
  /** Blocks of a micro-batch. */
  batch: number
  /** Positions of a block. */
  length: number
  /** Micro-batches of a step. */
  accumulate?: number
  plan?: Pick<PlanOptions, 'checkpointing' | 'logitsElements'>
  /** Without them the run sees its own loss alone. */
  evaluation?: EvaluationSettings
  /** Default: a bound of 1 %, which warns. */
  gate?: GateSettings
  checkpoints?: CheckpointSettings
  /** Where an earlier run stood, of which `checkpoints.store` has the weights. */
  resume?: RunState
  /** End after so many steps of the whole run; schedules stay those of the whole run. */
  maxSteps?: number
  /** Takes the model: whenever it is the best so far, and when the run ends. */
  keep?: (what: 'best' | 'last', session: Session, state: RunState) => Promise<void>
  onMetrics?: (metrics: Metrics) => void
  /** Ends the run after the step that goes on, with a checkpoint. */
  signal?: AbortSignal
}

export interface StageData {
  /** Undefined: the run's own. */
  replayShare: number | undefined
  /** By source: rows that earlier stages have read; empty before the first. */
  read: readonly number[]
}

export interface PreferenceSettings {
  /** The pairs that are learned, of the run's length of blocks. */
  batches: PreferenceBatches
  /** Pairs that are evaluated on with `evaluation`'s texts: target texts of the joint score, by their loss. */
  measured?: readonly { name: string; batches: PreferenceBatches }[]
  /** Default: what the frozen model says of the pairs is computed at the beginning of every sitting. */
  store?: ReferenceStore
  /** While that is computed: pairs so far, pairs in all. */
  onProgress?: (done: number, total: number) => void
}

export interface EvaluationSettings {
  sets: readonly EvaluationSet[]
  /** Steps from one evaluation to the next; before the first step and at the end there is one in any case. */
  every: number
  stride?: number
}

export interface CheckpointSettings {
  /** Steps from one checkpoint to the next; at the end of every stage there is one in any case. */
  every: number
  store: CheckpointStore
}

export interface CheckpointStore {
  /**
   * Keeps a state with the parameters that are named and, where the stage has begun, their moments: whole or not at all.
   *
   * @returns what to call it: a path, as a rule
   */
  save: (session: Session, state: RunState, parameters: readonly string[]) => Promise<string>
  /** Writes what was saved with this state over the initial parameters. */
  load: (session: Session, state: RunState) => Promise<void>
}

export interface TrainResult {
  state: RunState
  /** Steps of the whole run. */
  steps: number
  /** `forgot`: the gate stopped it; `paused`: at `maxSteps`. */
  ended: 'done' | 'forgot' | 'paused'
}
