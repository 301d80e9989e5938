/** A recipe as YAML. */
import { stringify } from 'yaml'
import type { Recipe, Stage, TrainRule } from './types'

/**
 * Everything that a recipe says, in the keys that `readRecipe` reads: what was read once gives the same recipe again.
 * What all stages have in common stands in `defaults`.
 */
export function formatRecipe({ name, description, objective, form, stages }: Recipe): string {
  const written = stages.map(settingsOf)
  const [first] = written
  const shared = Object.fromEntries(
    Object.entries(first).filter(
      ([key, value]) =>
        key !== 'name' &&
        stages.length > 1 &&
        written.every((stage) => JSON.stringify(stage[key]) === JSON.stringify(value)),
    ),
  )
  const own = (stage: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(stage).filter(([key]) => !Object.hasOwn(shared, key)))
  const recipe = {
    name,
    ...(description === '' ? {} : { description }),
    objective: objective.kind === 'dpo' ? objective : objective.kind,
    ...(form === null ? {} : { form }),
    ...(Object.keys(shared).length === 0 ? {} : { defaults: shared }),
    stages: written.map(own),
  }
  return stringify(recipe, { lineWidth: 100 })
}

function settingsOf(stage: Stage): Record<string, unknown> {
  return {
    name: stage.name,
    train: stage.train.map(ruleOf),
    share: stage.share,
    'learning-rate': stage.learningRate,
    // A constant rate has no end of its own.
    schedule: stage.schedule.kind === 'constant' ? { kind: 'constant', warmup: stage.schedule.warmup } : stage.schedule,
    'weight-decay': stage.weightDecay,
    beta1: stage.beta1,
    beta2: stage.beta2,
    epsilon: stage.epsilon,
    'max-norm': stage.maxNorm,
    ...(stage.replayShare === undefined ? {} : { 'replay-share': stage.replayShare }),
  }
}

function ruleOf({ parameters, rows, learningRateScale, weightDecay }: TrainRule): unknown {
  const more = {
    ...(rows === undefined ? {} : { rows }),
    ...(learningRateScale === undefined ? {} : { 'learning-rate-scale': learningRateScale }),
    ...(weightDecay === undefined ? {} : { 'weight-decay': weightDecay }),
  }
  return Object.keys(more).length === 0 ? parameters : { parameters, ...more }
}
