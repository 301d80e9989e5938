/** From a stage of a recipe to what of the model trains in it. */
import { KoVocabError } from '../../errors'
import { nearest } from '../../text/nearest'
import { addedLayers } from '../forms/block-expansion'
import { loraName, loraWeightOf, projectionOf } from '../forms/lora-names'
import type { LlamaConfig } from '../model/config'
import { EMBEDDING, HEAD, parameterShapes } from '../model/parameters'
import type { PlanOptions, TrainSettings } from '../plan/build'
import type { RowRange } from '../plan/types'
import { ROLES } from './schema'
import type { Recipe, Stage, TrainRule } from './types'

export interface RecipeModel {
  /** Rows of embedding and head that the base had: those behind them are new. Null where nothing is known to be new. */
  baseRows: number | null
}

/** The part of a plan's options that a recipe decides. */
export interface StagePlan
  extends Required<Pick<PlanOptions, 'train' | 'weightDecay' | 'beta1' | 'beta2' | 'epsilon' | 'maxNorm'>>,
    Pick<PlanOptions, 'lora'> {
  /** For people: where a rule means something else than it may seem to. */
  notes: string[]
}

/**
 * @param config of the model that trains: after a block expansion the larger one
 * @throws KoVocabError `bad-option` for a rule that decides nothing: its name is unknown, rules before it take all that it
 * names, there are no new rows, adapters or blocks; and when nothing trains
 */
export function planOptionsOf(recipe: Recipe, stage: Stage, config: LlamaConfig, model: RecipeModel): StagePlan {
  const names = parameterNames(recipe, config)
  const rules = stage.train.map((rule) => ({ rule, names: matchesOf(rule, names, recipe, config) }))
  const settings = new Map<string, TrainSettings>()
  const notes: string[] = []
  for (const { rule, names: matching } of rules) {
    const at = placeOf(recipe, stage, rule)
    if (matching.length === 0)
      throw new KoVocabError('bad-option', `${at} matches no parameter`, hintFor(rule, recipe, config))
    const isHead = config.tied && rule.parameters === 'head'
    if (isHead) notes.push(`${at}: the head is the embedding (tie_word_embeddings), so ${EMBEDDING} trains`)
    const open = matching.filter((name) => !settings.has(name))
    // A tied head may be named beside its embedding: recipes for untied models stay right.
    if (open.length === 0 && !isHead && !(config.tied && rule.parameters === 'embedding')) {
      const hint = 'the first rule that matches decides: put this one before them, or remove it'
      throw new KoVocabError('bad-option', `${at} decides nothing: rules before it take all that it names`, hint)
    }
    const { learningRateScale, weightDecay } = rule
    for (const name of open) {
      const rows = rowsOf(rule, name, config, model, at)
      settings.set(name, {
        ...(rows === null ? {} : { rows }),
        ...(weightDecay === undefined ? {} : { weightDecay }),
        ...(learningRateScale === undefined ? {} : { learningRateScale }),
      })
    }
  }
  if (settings.size === 0) {
    const what = `${recipe.name}: nothing trains in stage ${stage.name}`
    throw new KoVocabError('bad-option', what, 'add train: [all], for example')
  }
  const { weightDecay, beta1, beta2, epsilon, maxNorm } = stage
  const { form } = recipe
  return {
    train: ({ name }) => settings.get(name) ?? false,
    ...{ weightDecay, beta1, beta2, epsilon, maxNorm },
    ...(form?.kind === 'lora'
      ? { lora: { rank: form.rank, scale: form.alpha / form.rank, targets: form.targets } }
      : {}),
    notes,
  }
}

/**
 * Parameters that train in one stage or another, adapters among them: what an adapter's folder has to hold.
 *
 * @throws KoVocabError as {@link planOptionsOf}
 */
export function trainedParameters(recipe: Recipe, config: LlamaConfig, model: RecipeModel): Set<string> {
  const names = parameterNames(recipe, config)
  const plans = recipe.stages.map((stage) => planOptionsOf(recipe, stage, config, model))
  return new Set(names.filter((name) => plans.some(({ train }) => train({ name, shape: [] }) !== false)))
}

/** Of the model, then of its adapters. */
function parameterNames({ form }: Recipe, config: LlamaConfig): string[] {
  const names = parameterShapes(config).map(({ name }) => name)
  if (form?.kind !== 'lora') return names
  const targets = names.filter((name) => form.targets.includes(projectionOf(name) ?? ''))
  return [...names, ...targets.flatMap((name) => [loraName(name, 'A'), loraName(name, 'B')])]
}

function matchesOf(
  { parameters }: TrainRule,
  names: readonly string[],
  { form }: Recipe,
  config: LlamaConfig,
): string[] {
  const newBlocks = form?.kind === 'block-expansion' ? addedLayers(config.layers, form.blocks) : []
  const isAdapter = (name: string) => loraWeightOf(name) !== null
  const inLayers = (name: string) => name.startsWith('model.layers.')
  const choose: Record<(typeof ROLES)[number], (name: string) => boolean> = {
    all: () => true,
    embedding: (name) => name === EMBEDDING,
    head: (name) => name === (config.tied ? EMBEDDING : HEAD),
    layers: inLayers,
    attention: (name) => inLayers(name) && name.includes('.self_attn.'),
    mlp: (name) => inLayers(name) && name.includes('.mlp.'),
    norms: (name) => name.endsWith('norm.weight'),
    adapters: isAdapter,
    'new-blocks': (name) => newBlocks.some((layer) => name.startsWith(`model.layers.${layer}.`)),
  }
  if (Object.hasOwn(choose, parameters)) return names.filter(choose[parameters as keyof typeof choose])
  const pattern = new RegExp(`^${parameters.split('*').map(escaped).join('.*')}$`)
  return names.filter((name) => pattern.test(name))
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** The rows that train; null for all. */
function rowsOf(
  { rows }: TrainRule,
  name: string,
  { vocabSize }: LlamaConfig,
  { baseRows }: RecipeModel,
  at: string,
): RowRange | null {
  if (rows === undefined || rows === 'all') return null
  if (name !== EMBEDDING && name !== HEAD) {
    const what = `${at} has rows: ${rows}, but ${name} has no rows of pieces`
    throw new KoVocabError('bad-option', what, 'rows belong to rules for embedding and head')
  }
  const base = baseRows ?? vocabSize
  if (!(Number.isSafeInteger(base) && base > 0 && base <= vocabSize)) {
    const what = `the base has ${base} rows, but the model ${vocabSize}`
    throw new KoVocabError('mismatch', what, 'give the base that this model was extended from')
  }
  if (rows === 'base') return { first: 0, count: base }
  if (base < vocabSize) return { first: base, count: vocabSize - base }
  const what = `${at} has rows: new, but none of the ${vocabSize} rows is known to be new`
  throw new KoVocabError(
    'bad-option',
    what,
    'give a model that was extended (its rows.json, or the base), or train all rows',
  )
}

function placeOf({ name }: Recipe, stage: Stage, rule: TrainRule): string {
  return `${name}: stage ${stage.name}: the rule ${rule.parameters}`
}

function hintFor({ parameters }: TrainRule, { form }: Recipe, config: LlamaConfig): string {
  if (parameters === 'adapters') return 'add form: lora'
  if (parameters === 'new-blocks') return 'add form: { kind: block-expansion, blocks: … }'
  if (parameters === HEAD && config.tied) return `the head is the embedding: write head, or ${EMBEDDING}`
  const near = nearest(parameters, ROLES)
  if (near !== undefined) return `did you mean ${near}?`
  const names = form?.kind === 'lora' ? `a name of PEFT's, ` : ''
  return `write ${ROLES.join(', ')}, ${names}or a parameter's name with * for any characters: model.layers.*.mlp.*`
}
