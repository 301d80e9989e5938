/**
 * A stage as axolotl's YAML. Keys and their meaning by axolotl's sources, read at the commits that
 * test/trainer/handoff/keys.test.ts names (`utils/schemas`, `utils/freeze.py`, `core/builders/base.py`); never run.
 */
import { KoVocabError } from '../../errors'
import { projectionOf } from '../forms/lora-names'
import { EMBEDDING, HEAD } from '../model/parameters'
import type { Lora, Recipe } from '../recipes/types'
import { formedParameters, type ParameterGroup } from './select'
import type { ResolvedStage } from './stages'
import type { HandoffModel, HandoffSettings } from './types'
import { yamlText } from './yaml-text'

export interface StageConfig {
  text: string
  /** Without the stage's name. */
  warnings: string[]
}

/**
 * @param at which stage, from 1
 * @param base the model that it begins with
 * @param out where its model goes
 * @throws KoVocabError `unsupported` for an alpha that axolotl cannot read
 */
export function axolotlStage(
  recipe: Recipe,
  model: HandoffModel,
  settings: HandoffSettings,
  resolved: ResolvedStage,
  { at, base, out }: { at: number; base: string; out: string },
): StageConfig {
  const { stage, steps, groups, folder } = resolved
  const { length, micro, processes, rowsPerStep, seed } = settings
  const warnings: string[] = [
    'documents that share a row see each other, and the label behind the last place of a row is lost',
  ]
  const lora = recipe.form?.kind === 'lora' ? recipe.form : null
  const hasRows = groups.some(({ rows }) => rows !== null)
  const usesFsdp = lora === null && !hasRows && processes > 1
  const isAll =
    !hasRows && groups.flatMap(({ parameters }) => parameters).length === formedParameters(model, recipe).length
  const decay = decayOf(groups, lora === null && hasRows, warnings)
  if (groups.some(({ learningRateScale }) => learningRateScale !== 1))
    warnings.push('one learning rate for all parameters: learning-rate-scale is not carried over')
  const isOfPieces = groups.every(({ parameters }) => parameters.every((name) => name === EMBEDDING || name === HEAD))
  if (lora === null && (usesFsdp || !isOfPieces))
    warnings.push(
      "bf16: auto makes weights and Adam's moments bfloat16, where train.py has float32, which bf16: false with float32: true gives",
    )
  const config = {
    base_model: base,
    output_dir: out,
    // Its collator wants a token to pad with, though full rows need none.
    ...(model.padding === null ? {} : { special_tokens: { pad_token: model.padding } }),
    // Rows that `blocks.py` wrote, in the order of training: replay and shuffle are in them.
    datasets: [{ path: `blocks/${folder}.parquet`, ds_type: 'parquet', type: null }],
    shuffle_merged_datasets: false,
    curriculum_sampling: true,
    dataset_prepared_path: `prepared/${folder}`,
    val_set_size: 0,
    sequence_len: length,
    sample_packing: false,
    pad_to_sequence_len: true,
    ...(lora
      ? loraKeys(lora, groups, warnings)
      : isAll
        ? {}
        : { unfrozen_parameters: unfrozen(groups, layersOf(recipe, model)) }),
    micro_batch_size: micro,
    gradient_accumulation_steps: rowsPerStep / (micro * processes),
    max_steps: steps,
    num_epochs: 1,
    optimizer: 'adamw_torch',
    learning_rate: stage.learningRate,
    ...scheduleKeys(resolved, warnings),
    weight_decay: decay,
    adam_beta1: stage.beta1,
    adam_beta2: stage.beta2,
    adam_epsilon: stage.epsilon,
    // 0 was read as not given, which means 1, until the schema of 2026.
    max_grad_norm: stage.maxNorm === 0 ? 1e9 : stage.maxNorm,
    bf16: 'auto',
    gradient_checkpointing: true,
    // The reentrant kind has no gradient where the embedding is frozen.
    gradient_checkpointing_kwargs: { use_reentrant: false },
    logging_steps: 1,
    save_strategy: 'no',
    seed,
    ...(usesFsdp ? fsdpKeys(model.layerClass) : {}),
  }
  if (lora === null && hasRows && processes > 1)
    warnings.push('row ranges are hooks on whole parameters: they hold under DDP, not under FSDP, so none is asked for')
  const head = [
    `Stage ${at}, ${stage.name}, of the recipe ${recipe.name}, by ko-vocab handoff.`,
    `Before it: python blocks.py stages.json --stage ${at} --out blocks`,
    ...(warnings.length > 0 ? ['Not as the recipe says:', ...warnings.map((warning) => `- ${warning}`)] : []),
  ]
  return { text: yamlText(head, config), warnings }
}

const fsdpKeys = (layerClass: string) => ({
  fsdp_version: 2,
  fsdp_config: {
    auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
    transformer_layer_cls_to_wrap: layerClass,
    state_dict_type: 'FULL_STATE_DICT',
    reshard_after_forward: true,
  },
})

/** One decay for all; none where rows are frozen, because axolotl zeroes their gradients but AdamW would shrink them. */
function decayOf(groups: readonly ParameterGroup[], hasFrozenRows: boolean, warnings: string[]): number {
  const decays = [...new Set(groups.flatMap(({ parameters, weightDecay }) => (isNorms(parameters) ? [] : weightDecay)))]
  const most = Math.max(0, ...decays)
  if (hasFrozenRows && most > 0) {
    warnings.push(`no weight decay, where the recipe has ${most}: it would shrink the rows that are frozen, too`)
    return 0
  }
  if (decays.length > 1) warnings.push(`one weight decay for all parameters, ${most}, where the recipe has several`)
  return most
}

const isNorms = (parameters: readonly string[]) => parameters.every((name) => name.endsWith('norm.weight'))

const layersOf = ({ form }: Recipe, { config }: HandoffModel): number =>
  config.layers + (form?.kind === 'block-expansion' ? form.blocks : 0)

/** Patterns of axolotl: dots are literal, `[first:end]` behind `$` are rows, the end not counted. */
function unfrozen(groups: readonly ParameterGroup[], layers: number): string[] {
  return groups.flatMap(({ parameters, rows }) => {
    const kinds = new Map<string, string[]>()
    const patterns: string[] = []
    for (const name of parameters) {
      const [, layer, rest] = /^model\.layers\.(\d+)\.(.*)$/.exec(name) ?? []
      if (rest === undefined) patterns.push(`^${name}$${rows ? `[${rows[0]}:${rows[1] + 1}]` : ''}`)
      else kinds.set(rest, [...(kinds.get(rest) ?? []), layer])
    }
    for (const [rest, of] of kinds) {
      const which = of.length === layers ? '[0-9]+' : `(${of.join('|')})`
      patterns.push(`^model.layers.${which}.${rest}$`)
    }
    return patterns
  })
}

function loraKeys({ rank, alpha, targets }: Lora, groups: readonly ParameterGroup[], warnings: string[]) {
  if (!Number.isInteger(alpha)) {
    const what = `the alpha of the adapters is ${alpha}, but axolotl's lora_alpha is a whole number`
    throw new KoVocabError('unsupported', what, 'change rank and alpha by the same factor, or hand off to transformers')
  }
  const modules = { [EMBEDDING]: 'embed_tokens', [HEAD]: 'lm_head' } as Record<string, string>
  const trained = groups.flatMap(({ parameters, rows }) => parameters.map((name) => ({ name, rows })))
  const whole = trained.flatMap(({ name, rows }) => (modules[name] && rows === null ? [modules[name]] : []))
  const some = trained.flatMap(({ name, rows }) => (modules[name] && rows !== null ? [{ name, rows }] : []))
  const others = trained.filter(({ name }) => !modules[name] && !name.includes('.lora_'))
  if (others.length > 0) {
    const what = projectionOf(others[0].name) === null ? others[0].name : 'weights of projections'
    warnings.push(`${what} (${others.length} tensors) stay frozen: axolotl trains adapters, embedding and head`)
  }
  return {
    adapter: 'lora',
    lora_r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    lora_target_modules: targets,
    ...(whole.length > 0 ? { lora_modules_to_save: whole } : {}),
    ...(some.length > 0 ? { peft_trainable_token_indices: tokenIndices(some, modules) } : {}),
  }
}

function tokenIndices(some: readonly { name: string; rows: [number, number] }[], modules: Record<string, string>) {
  return Object.fromEntries(
    some.map(({ name, rows: [first, last] }) => [
      modules[name],
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ]),
  )
}

/**
 * transformers' schedules: step n has the rate that ours gives to step n - 1, so that the last one does not end. Without
 * a warm-up they begin as ours.
 */
function scheduleKeys({ stage, steps }: ResolvedStage, warnings: string[]) {
  const { kind, warmup, final, decay = 0 } = stage.schedule
  const warmup_steps = Math.round(warmup * steps)
  if (warmup_steps === 1) warnings.push('axolotl makes two steps of a warm-up of one')
  // transformers' polynomial refuses an end that is no lower than the highest.
  if (kind === 'constant' || (kind === 'linear' && final === 1))
    return { lr_scheduler: 'constant_with_warmup', warmup_steps }
  if (kind === 'cosine')
    return { lr_scheduler: 'cosine', warmup_steps, ...(final > 0 ? { cosine_min_lr_ratio: final } : {}) }
  if (kind === 'linear') {
    if (final === 0) return { lr_scheduler: 'linear', warmup_steps }
    const lr_scheduler_kwargs = { lr_end: Number((stage.learningRate * final).toPrecision(12)), power: 1 }
    return { lr_scheduler: 'polynomial', lr_scheduler_kwargs, warmup_steps }
  }
  if (warmup_steps > 0 && final > 0) warnings.push(`the warm-up begins at ${final} of the rate, as the schedule ends`)
  const num_decay_steps = Math.min(Math.round(decay * steps), steps - warmup_steps)
  const lr_scheduler_kwargs = { num_decay_steps, decay_type: '1-sqrt', min_lr_ratio: final }
  return { lr_scheduler: 'warmup_stable_decay', lr_scheduler_kwargs, warmup_steps }
}
