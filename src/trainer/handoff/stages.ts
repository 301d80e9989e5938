/** `stages.json`: a recipe for one model and its data, everything in it resolved. */
import { KoVocabError } from '../../errors'
import { expandLayers } from '../forms/block-expansion'
import { stepsOf } from '../recipes/schedule'
import type { Recipe, Schedule, Stage } from '../recipes/types'
import { type ParameterGroup, parameterGroups, peftName } from './select'
import type { HandoffModel, HandoffSettings, HandoffSource } from './types'

export interface ResolvedStage {
  stage: Stage
  /** Of its model, and of its files: the number of the stage and its name. */
  folder: string
  steps: number
  groups: ParameterGroup[]
  /** For people. */
  notes: string[]
  /** Source → share of the stage's tokens. */
  shares: Map<string, number>
}

/**
 * @throws KoVocabError `bad-option` for settings out of range, rules that fit nothing, and stages without a step
 */
export function resolveStages(recipe: Recipe, model: HandoffModel, settings: HandoffSettings): ResolvedStage[] {
  const { length, rowsPerStep, tokens } = settings
  requireSettings(settings)
  const steps = stepsOf(recipe, tokens, length * rowsPerStep)
  return recipe.stages.map((stage, i) => ({
    stage,
    folder: stage.name.startsWith(`${i + 1}-`) ? stage.name : `${i + 1}-${stage.name}`,
    steps: steps[i],
    ...parameterGroups(recipe, stage, model),
    shares: sharesOf(stage, settings),
  }))
}

function requireSettings({ length, rowsPerStep, micro, processes, seed, sources, replayShare }: HandoffSettings): void {
  for (const [name, value] of Object.entries({ length, rowsPerStep, micro, processes })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new KoVocabError('bad-option', `${name} is ${value}, a whole number above 0 is expected`)
  }
  if (rowsPerStep % (micro * processes) !== 0) {
    const what = `${rowsPerStep} rows a step cannot be dealt out to ${processes} processes, ${micro} rows at once`
    throw new KoVocabError('bad-option', what, `make the rows of a step a multiple of ${micro * processes}`)
  }
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new KoVocabError('bad-option', `the seed must be a whole number from 0 to 2^32 - 1, not ${seed}`)
  if (!(replayShare >= 0 && replayShare < 1))
    throw new KoVocabError('bad-option', `the share of replay is ${replayShare}, expected 0 to below 1`)
  if (!sources.some(({ role }) => role === 'data')) throw new KoVocabError('bad-option', 'there is no text to train on')
  const empty = sources.find(({ tokens }) => tokens === 0)
  if (empty) throw new KoVocabError('bad-option', `${empty.name} holds no text`, 'give it files with text')
}

/** Sources of one role divide their part in proportion to their tokens. */
function sharesOf({ name, replayShare }: Stage, settings: HandoffSettings): Map<string, number> {
  const { sources } = settings
  const has = (role: string) => sources.some((source) => source.role === role)
  const replay = replayShare ?? (has('replay') ? settings.replayShare : 0)
  if (replay > 0 && !has('replay')) {
    const what = `stage ${name} has a share of replay of ${replay}, but there is no replay`
    throw new KoVocabError('bad-option', what, 'name text to replay')
  }
  const sumOf = (role: string) => sources.reduce((sum, source) => sum + (source.role === role ? source.tokens : 0), 0)
  // As `mixedData` and `createBatches` reckon, to the last bit: turns go by these numbers.
  const replayed = sumOf('replay')
  const shareOf = ({ tokens }: HandoffSource) => (replayed > 0 ? (replay * tokens) / replayed : 0)
  const given = sources.reduce((sum, source) => sum + (source.role === 'replay' ? shareOf(source) : 0), 0)
  return new Map(
    sources.map((source) => {
      const share = source.role === 'replay' ? shareOf(source) : ((1 - given) * source.tokens) / sumOf('data')
      return [source.name, share]
    }),
  )
}

/** Of the larger model: the old layer that each comes from, and which of them are new. */
function expansionOf({ form }: Recipe, { config }: HandoffModel) {
  if (form?.kind !== 'block-expansion') return { expansion: null }
  return { expansion: expandLayers(config.layers, form.blocks) }
}

const scheduleJson = ({ kind, warmup, final, decay }: Schedule) => ({ kind, warmup, final, decay: decay ?? 0 })

/** The text of stages.json, which examples/torchrun reads. */
export function formatStages(
  recipe: Recipe,
  model: HandoffModel,
  settings: HandoffSettings,
  stages: readonly ResolvedStage[],
): string {
  const { form } = recipe
  const lora = form?.kind === 'lora' ? { r: form.rank, lora_alpha: form.alpha, target_modules: form.targets } : null
  const named = (name: string) => (form?.kind === 'lora' ? peftName(name, form.targets) : name)
  const written = {
    format: 'ko-vocab stages 1',
    recipe: recipe.name,
    description: recipe.description,
    model: model.folder,
    lora,
    ...expansionOf(recipe, model),
    length: settings.length,
    rows_per_step: settings.rowsPerStep,
    seed: settings.seed,
    sources: settings.sources.map(({ name, folder }) => ({ name, folder })),
    evaluation: settings.evaluation.map(({ name, folder }) => ({ name, folder })),
    stages: stages.map(({ stage, folder, steps, groups, shares }) => ({
      name: stage.name,
      folder,
      steps,
      learning_rate: stage.learningRate,
      schedule: scheduleJson(stage.schedule),
      beta1: stage.beta1,
      beta2: stage.beta2,
      epsilon: stage.epsilon,
      max_norm: stage.maxNorm,
      // All of them, in the order of the run: the shuffle of a source goes by its number.
      sources: [...shares].map(([name, share]) => ({ name, share })),
      train: groups.map(({ parameters, rows, learningRateScale, weightDecay }) => ({
        learning_rate_scale: learningRateScale,
        weight_decay: weightDecay,
        rows: rows === null ? null : [rows],
        parameters: parameters.map(named),
      })),
    })),
  }
  return `${JSON.stringify(written, null, 1)}\n`
}
