/** From what was written to a whole recipe: defaults, and what two values must have in common. */
import { KoVocabError } from '../../errors'
import { mergeSettings } from './merge'
import { PROJECTIONS, type RawRecipe, type RawRule, type RawStage } from './schema'
import type { Objective, Recipe, Schedule, Stage, TrainRule } from './types'

/** Llama 2's optimizer (arXiv 2307.09288, section 2.2), with torch's epsilon. */
const OPTIMIZER = { weightDecay: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, maxNorm: 1 }

/**
 * @param source for errors
 * @param fallback the name of a recipe that has none
 * @throws KoVocabError `bad-option` for what is missing, and for values that contradict each other
 */
export function completeRecipe(raw: RawRecipe, source: string, fallback = source): Recipe {
  const stages = raw.stages as RawStage[]
  const names = stages.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw wrong(source, `two stages are called ${twice}`, 'rename one')
  const name = raw.name ?? fallback.replace(/^.*\//, '').replace(/\.ya?ml$/, '')
  return {
    name,
    description: (raw.description ?? '').trim(),
    objective: objectiveOf(raw, source),
    form: formOf(raw, source),
    stages: stages.map((stage) => stageOf({ ...mergeSettings(raw.defaults ?? {}, stage), name: stage.name }, source)),
  }
}

function objectiveOf({ objective }: RawRecipe, source: string): Objective {
  const { kind = 'causal-lm', beta } = objective ?? {}
  if (kind === 'dpo') return { kind, beta: beta ?? 0.1 }
  if (beta !== undefined)
    throw wrong(source, `objective.beta is ${beta}, but the objective is ${kind}`, 'beta is DPO’s')
  return { kind }
}

function formOf({ form }: RawRecipe, source: string): Recipe['form'] {
  if (form === undefined || form === null) return null
  const { kind, rank, alpha, targets, blocks } = form
  if (kind === undefined) throw wrong(source, 'form has no kind', 'expected none, lora or block-expansion')
  const foreign = {
    lora: { blocks },
    'block-expansion': { rank, alpha, targets },
    none: { rank, alpha, targets, blocks },
  }
  for (const [key, value] of Object.entries(foreign[kind]))
    if (value !== undefined) throw wrong(source, `form.${key} is there, but the form is ${kind}`, `remove ${key}`)
  if (kind === 'none') return null
  if (kind === 'block-expansion') {
    if (blocks === undefined) throw wrong(source, 'form.blocks is missing', 'say how many blocks are added')
    return { kind, blocks }
  }
  const r = rank ?? 8
  // In the order of the model, each once: equal forms are equal data.
  const chosen = targets === undefined ? [...PROJECTIONS] : PROJECTIONS.filter((name) => targets.includes(name))
  return { kind, rank: r, alpha: alpha ?? 2 * r, targets: chosen }
}

function stageOf(raw: RawStage, source: string): Stage {
  const { name, train } = raw
  const place = `stage ${name}`
  if (train === undefined) throw wrong(source, `${place} does not say what trains`, 'add train: [all], for example')
  const learningRate = raw['learning-rate']
  if (learningRate === undefined) {
    const hint = 'add learning-rate to the stage, or to defaults for all stages'
    throw wrong(source, `${place} has no learning-rate`, hint)
  }
  const stage: Stage = {
    name,
    train: train.map(ruleOf),
    share: raw.share ?? 1,
    learningRate,
    schedule: scheduleOf(raw, `${source}: ${place}`),
    weightDecay: raw['weight-decay'] ?? OPTIMIZER.weightDecay,
    beta1: raw.beta1 ?? OPTIMIZER.beta1,
    beta2: raw.beta2 ?? OPTIMIZER.beta2,
    epsilon: raw.epsilon ?? OPTIMIZER.epsilon,
    maxNorm: raw['max-norm'] ?? OPTIMIZER.maxNorm,
  }
  const replayShare = raw['replay-share']
  return replayShare === undefined ? stage : { ...stage, replayShare }
}

function ruleOf(raw: RawRule): TrainRule {
  if (typeof raw === 'string') return { parameters: raw }
  const { parameters, rows, 'learning-rate-scale': learningRateScale, 'weight-decay': weightDecay } = raw
  return {
    parameters,
    ...(rows === undefined ? {} : { rows }),
    ...(learningRateScale === undefined ? {} : { learningRateScale }),
    ...(weightDecay === undefined ? {} : { weightDecay }),
  }
}

function scheduleOf({ schedule }: RawStage, place: string): Schedule {
  const { kind = 'cosine', warmup = 0.02, final = 0.1, decay } = schedule ?? {}
  if (kind === 'constant') {
    if (decay !== undefined) throw wrong(place, 'schedule.decay is there, but the schedule is constant', 'remove decay')
    return { kind, warmup, final: 1 }
  }
  if (kind !== 'wsd') {
    if (decay !== undefined)
      throw wrong(place, `schedule.decay is ${decay}, but the schedule is ${kind}`, 'decay is of wsd')
    return { kind, warmup, final }
  }
  const falls = decay ?? 0.2
  if (warmup + falls > 1) {
    const what = `schedule.warmup ${warmup} and schedule.decay ${falls} come to more than 1`
    throw wrong(place, what, 'they are shares of the stage’s steps')
  }
  return { kind, warmup, final, decay: falls }
}

function wrong(source: string, what: string, hint: string): KoVocabError {
  return new KoVocabError('bad-option', `${source}: ${what}`, hint)
}
