/** The stages of a run as plans, all of them made before the first step: what is wrong with the last one shows now. */
import type { LlamaConfig } from '../model/config'
import { buildPlan } from '../plan/build'
import type { Plan } from '../plan/types'
import { planOptionsOf } from '../recipes/plan-options'
import { stepsOf } from '../recipes/schedule'
import type { Stage } from '../recipes/types'
import type { TrainOptions } from './types'

export interface PlannedStage {
  stage: Stage
  plan: Plan
  steps: number
  /** Steps of the stages before. */
  before: number
  /** Values that train. */
  trainable: number
  /** Names of the parameters that have trained when this stage has ended. */
  touched: string[]
  notes: string[]
}

export type StageOptions = Pick<
  TrainOptions,
  'backend' | 'recipe' | 'baseRows' | 'tokens' | 'batch' | 'length' | 'accumulate' | 'plan'
> & { config: LlamaConfig }

/** @throws KoVocabError as stepsOf, planOptionsOf and buildPlan */
export function planStages(options: StageOptions): PlannedStage[] {
  const { backend, config, recipe, baseRows, tokens, batch, length, accumulate = 1 } = options
  const steps = stepsOf(recipe, tokens, batch * length * accumulate)
  const touched = new Set<string>()
  let before = 0
  return recipe.stages.map((stage, i) => {
    const { notes, ...chosen } = planOptionsOf(recipe, stage, config, { baseRows })
    const { bindingBytes, storage } = backend
    // What has trained is kept as it is; what has not can be read from the model's folder again.
    const keepWhole = (name: string) => touched.has(name)
    const space = { batch, length, bindingBytes, storage, keepWhole }
    const plan = buildPlan(config, { ...options.plan, ...chosen, ...space })
    let trainable = 0
    for (const { name, trained } of plan.parameters) {
      if (!trained) continue
      touched.add(name)
      trainable += plan.tensors[trained.gradient].size
    }
    const planned = { stage, plan, steps: steps[i], before, trainable, touched: [...touched], notes }
    before += steps[i]
    return planned
  })
}
