/** From what a user names to a run that could begin: everything that can be wrong without touching a disk or device. Node only. */
import { prepareApply } from '../../checkpoint/prepare'
import type { ReadingOptions } from '../../corpus/format'
import { KoVocabError } from '../../errors'
import { openBase } from '../../extend/open-base'
import type { Tokenizer } from '../../tokenizer/types'
import type { Backend } from '../backends/types'
import { expandConfig } from '../forms/block-expansion'
import { type ModelFolder, openModel } from '../load'
import type { LlamaConfig } from '../model/config'
import type { Recipe } from '../recipes/types'
import { readBaseRows } from './base-rows'
import type { GateSettings } from './gate'
import { type PlannedStage, planStages } from './stages'
import { type NamedText, namedTexts } from './texts'

export interface PretrainOptions {
  /** Folder of a Hugging Face model: an extended one, or the base of an init map. */
  model: string
  /** With these two the model is extended first. */
  initMap?: string
  /** Folder of the extended tokenizer. */
  tokenizer?: string
  /**
   * Text to learn: paths, folders, globs; `name=path` gives one a name. JSON Lines of conversations for `instruction`, of
   * preferences for `dpo`.
   */
  data: readonly string[]
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  /** Text not to forget. */
  replay?: readonly string[]
  /** Of all tokens; 0.2 by default where there is text to replay. */
  replayShare?: number
  recipe: Recipe
  /** Instead of every stage's own. */
  learningRate?: number
  backend: Backend
  /** Folder of the run and, at its end, of the model. */
  out: string
  tokens: number
  /** Positions of a block. Default: 2,048, or as many as the model has. */
  length?: number
  /** Blocks of a micro-batch; 4 by default. */
  batch?: number
  /** Micro-batches of a step; 4 by default. */
  accumulate?: number
  seed?: number
  checkpointing?: boolean
  /** A folder for encoded texts, which several runs may share; by default `tokens` in `out`. */
  tokenCache?: string
  /** Rows of the base; by default what the model's folder says. */
  baseRows?: number
  /** Where documents end: at blank lines by default. */
  documents?: 'blank-line' | 'line'
  /** Whether the token that ends a text stands behind each document: `always` by default, where the tokenizer has one. */
  eos?: 'auto' | 'always' | 'never'
  /** `cut` by default; conversations are always packed `whole`. */
  packing?: 'cut' | 'whole'
  /** For `instruction` and `dpo`: a name, or the text of a file; by default the tokenizer's own. */
  chatTemplate?: string | { text: string; source: string }
  /**
   * Texts to measure what is learned, preferences for `dpo`; by default one document in `heldOut` of the data, or the
   * pairs of one prompt in so many.
   */
  evaluate?: readonly string[]
  /** Texts to measure what is forgotten; by default one document in `heldOut` of the replay. */
  guard?: readonly string[]
  /** Texts that are only watched. */
  watch?: readonly string[]
  heldOut?: number
  /** Most bytes of each text to measure on; 500,000 by default. */
  evaluateBytes?: number
  /** Steps; a twentieth of the run by default. */
  evaluateEvery?: number
  gate?: GateSettings
  /** Steps; a tenth of the run by default. */
  saveEvery?: number
  /** Checkpoints that stay; 2 by default. */
  keep?: number
  maxSteps?: number
}

/** Defaults filled in. */
export interface PlannedPretrain {
  model: ModelFolder
  /** The model's, or after an init map the extended one's. */
  tokenizer: Tokenizer
  /** Of what trains. */
  config: LlamaConfig
  recipe: Recipe
  baseRows: number | null
  texts: { data: NamedText[]; replay: NamedText[]; evaluate: NamedText[]; guard: NamedText[]; watch: NamedText[] }
  replayShare: number
  length: number
  batch: number
  accumulate: number
  stages: PlannedStage[]
  steps: number
  evaluateEvery: number
  saveEvery: number
}

/**
 * @throws KoVocabError for everything that is wrong with options, model, tokenizer, recipe and files, before anything is
 * written
 */
export async function planPretrain(options: PretrainOptions): Promise<PlannedPretrain> {
  const { initMap, learningRate, backend, tokens, batch = 4, accumulate = 4 } = options
  requireTogether(options)
  const model = await openModel(options.model)
  const grown = initMap === undefined ? null : await grownBy(options)
  const tokenizer = await openBase({ base: options.tokenizer ?? options.model })
  const plain = grown ? { ...model.config, vocabSize: grown.rows } : model.config
  if (tokenizer.pieces.length > plain.vocabSize) {
    const what = `the tokenizer has ${tokenizer.pieces.length} ids, the model ${plain.vocabSize} rows`
    const hint = 'extend the model first: ko-vocab apply, or give --init-map'
    throw new KoVocabError('mismatch', `${options.tokenizer ?? options.model}: ${what}`, hint)
  }
  const recipe = withRate(options.recipe, learningRate)
  const { kind } = recipe.objective
  if (kind === 'dpo') requireNoReplay(options)
  const config = recipe.form?.kind === 'block-expansion' ? expandConfig(plain, recipe.form.blocks) : plain
  const baseRows = options.baseRows ?? grown?.baseRows ?? (await readBaseRows(options.model))
  const length = options.length ?? Math.min(2048, config.maxPositions, config.slidingWindow ?? 2048)
  if (length > config.maxPositions) {
    const what = `blocks of ${length} tokens are longer than the ${config.maxPositions} positions of the model`
    throw new KoVocabError('bad-option', what, `give --length ${config.maxPositions}, or less`)
  }
  const { reading } = options
  const texts = {
    data: await namedTexts(options.data, 'data', { reading, jsonLines: kind !== 'causal-lm' }),
    replay: await namedTexts(options.replay ?? [], 'replay', { reading }),
    evaluate: await namedTexts(options.evaluate ?? [], 'eval', { reading, jsonLines: kind === 'dpo' }),
    guard: await namedTexts(options.guard ?? [], 'guard', { reading }),
    watch: await namedTexts(options.watch ?? [], 'watch', { reading }),
  }
  const replayShare = options.replayShare ?? (texts.replay.length > 0 ? 0.2 : 0)
  const plan = { checkpointing: options.checkpointing }
  const stages = planStages({ backend, config, recipe, baseRows, tokens, batch, length, accumulate, plan })
  const steps = stages.reduce((sum, stage) => sum + stage.steps, 0)
  return {
    ...{ model, tokenizer, config, recipe, baseRows, texts, replayShare, length, batch, accumulate, stages, steps },
    evaluateEvery: options.evaluateEvery ?? Math.max(1, Math.round(steps / 20)),
    saveEvery: options.saveEvery ?? Math.max(1, Math.round(steps / 10)),
  }
}

function requireTogether({ initMap, tokenizer, replay = [], replayShare }: PretrainOptions): void {
  if ((initMap === undefined) !== (tokenizer === undefined)) {
    const [given, missing] = initMap === undefined ? ['--tokenizer', '--init-map'] : ['--init-map', '--tokenizer']
    const hint = 'both extend a base model; an extended one needs neither'
    throw new KoVocabError('bad-option', `${given} is there without ${missing}`, hint)
  }
  if (replayShare !== undefined && !(replayShare >= 0 && replayShare <= 1)) {
    throw new KoVocabError('bad-option', `the share of replay is ${replayShare}, a number from 0 to 1 is expected`)
  }
  if ((replayShare ?? 0) > 0 && replay.length === 0) {
    const what = `${replayShare} of the tokens are to be replayed, but there is no text for it`
    throw new KoVocabError('bad-option', what, 'name it with --replay')
  }
}

/** A step of DPO has a loss of its own, which no text has. */
function requireNoReplay({ recipe, replay = [], replayShare = 0 }: PretrainOptions): void {
  const staged = recipe.stages.find((stage) => (stage.replayShare ?? 0) > 0)
  if (replay.length === 0 && replayShare === 0 && !staged) return
  const given = replay.length > 0 ? '--replay' : staged ? `replay-share of stage ${staged.name}` : '--replay-share'
  const what = `recipe ${recipe.name}: its objective is dpo, which learns from pairs alone, but ${given} is there`
  const hint = 'leave replay out; a larger beta keeps the model closer to the one at the beginning, --guard measures it'
  throw new KoVocabError('unsupported', what, hint)
}

/** What the model will have when it is extended. */
async function grownBy({ model, initMap, tokenizer, out }: PretrainOptions) {
  const place = extendedPlace(out)
  const prepared = await prepareApply({
    checkpoint: model,
    initMap: initMap!,
    tokenizer: tokenizer!,
    out: place,
    force: true,
  })
  return { rows: prepared.plan.rows, baseRows: prepared.map.baseRows }
}

/** Where a model lies that was extended on the way. */
export const extendedPlace = (out: string): string => `${out.replace(/[\\/]+$/, '')}/extended`

function withRate(recipe: Recipe, learningRate: number | undefined): Recipe {
  if (learningRate === undefined) return recipe
  return { ...recipe, stages: recipe.stages.map((stage) => ({ ...stage, learningRate })) }
}
