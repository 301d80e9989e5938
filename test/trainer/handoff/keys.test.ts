/**
 * What the YAMLs may say: keys, types and names, as the other trainers' sources have them. The lists are ours, written
 * after reading these files (a commit each, the newest that we could get); the packages were not there to run them.
 *
 * axolotl-ai-cloud/axolotl, releases up to 0.21:
 * - utils/schemas/config.py and fsdp.py 06dcd85d0287, peft.py 00564c8f9909, datasets.py 07e83ab884f5,
 *   validation.py 00eea01115d7
 * - utils/freeze.py 107c67ae5a23, utils/config/__init__.py 00ce8882ab23
 * - core/builders/base.py ceda25b60826, core/trainers/mixins/scheduler.py 042d23b1, utils/data/wrappers.py 0ca4645a and
 *   sft.py 00cda8cc, docs/cli.qmd 004ba8ffc98c, docs/multi-gpu.qmd 086cafe8
 *
 * pytorch/torchtune, 0.6.1 and what came after it:
 * - recipes/full_finetune_distributed.py 015b39c745a2, models/llama2 and llama3_1/_component_builders.py 00a080a60669,
 *   models/llama2/_model_builders.py 00a080a60669, training/checkpointing/_checkpointer.py 0104e39e4772,
 *   training/lr_schedulers.py 2463c5f0134c
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { handOff } from '../../../src/trainer/handoff/hand-off'
import { formedParameters } from '../../../src/trainer/handoff/select'
import { resolveStages } from '../../../src/trainer/handoff/stages'
import type { HandoffModel, HandoffSettings } from '../../../src/trainer/handoff/types'
import { readLlamaConfig } from '../../../src/trainer/model/config'
import { presetRecipe, readRecipe } from '../../../src/trainer/recipes/read'
import { PROJECTIONS } from '../../../src/trainer/recipes/schema'
import type { Recipe } from '../../../src/trainer/recipes/types'

const config = (more = {}) =>
  readLlamaConfig(
    JSON.stringify({
      ...{ architectures: ['LlamaForCausalLM'], vocab_size: 272, hidden_size: 16, intermediate_size: 32 },
      ...{ num_hidden_layers: 12, num_attention_heads: 2, max_position_embeddings: 256, ...more },
    }),
    'config.json',
  )
const model: HandoffModel = {
  ...{ config: config(), folder: '../model', weights: ['model.safetensors'], baseRows: 258 },
  ...{ hasSentencePiece: true, padding: '</s>', layerClass: 'LlamaDecoderLayer' },
}
const settings: HandoffSettings = {
  sources: [
    {
      ...{ name: 'ko', role: 'data', tokens: 3000, folder: 'tokens/ko' },
      files: [
        { path: '../ko.txt', format: 'text' },
        { path: '../ko.tsv', format: 'tsv' },
      ],
    },
  ],
  evaluation: [],
  ...{ replayShare: 0, length: 128, rowsPerStep: 16, micro: 2, processes: 4, tokens: 1e6, seed: 1 },
}

const own = (text: string) => readRecipe(text, 'own.yaml')
const scheduled = (schedule: string) => own(`extends: full\nstages: { all: { schedule: ${schedule} } }`)
const recipes: Record<string, Recipe> = {
  ...Object.fromEntries(['full', 'two-stage', 'eeve', 'new-rows', 'lora'].map((name) => [name, presetRecipe(name)])),
  'llama-pro': own('extends: llama-pro\nform: { blocks: 3 }'),
  'lora with new rows': own(
    `extends: lora
stages:
  - { name: a, train: [adapters, { parameters: embedding, rows: new }, { parameters: head, rows: new }] }
  - { name: b, train: [adapters] }`,
  ),
  'a few layers': own(
    'extends: full\nstages: [{ name: a, train: ["model.layers.1.*", "model.layers.11.mlp.*", head] }]',
  ),
  linear: scheduled('{ kind: linear, final: 0 }'),
  'linear to an end': scheduled('{ kind: linear, final: 0.1 }'),
  constant: scheduled('constant'),
  wsd: scheduled('wsd'),
  'no limit': own('extends: full\ndefaults: { max-norm: 0 }'),
}

const yamlsOf = (recipe: Recipe, target: 'axolotl' | 'torchtune', given: Partial<HandoffSettings> = {}) =>
  handOff(recipe, model, { ...settings, ...given }, target)
    .files.filter(({ name }) => name.endsWith('.yaml'))
    .map(({ name, text }) => ({ name, value: parse(text, { version: '1.1' }) }))
const examplesOf = (target: string) => {
  const folder = fileURLToPath(new URL(`../../../examples/${target}/`, import.meta.url))
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  return names.map((name) => ({ name, value: parse(readFileSync(folder + name, 'utf8'), { version: '1.1' }) }))
}

const whole = z.int().min(0)
const count = z.int().min(1)

/** Arguments of transformers' functions of these names, in `lr_scheduler_kwargs`. */
const schedule = z.discriminatedUnion('lr_scheduler', [
  z.object({
    lr_scheduler: z.enum(['cosine', 'linear', 'constant_with_warmup']),
    lr_scheduler_kwargs: z.never().optional(),
  }),
  z.object({
    lr_scheduler: z.literal('polynomial'),
    lr_scheduler_kwargs: z.strictObject({ lr_end: z.number(), power: z.number() }),
  }),
  z.object({
    lr_scheduler: z.literal('warmup_stable_decay'),
    lr_scheduler_kwargs: z.strictObject({
      ...{ num_decay_steps: whole, min_lr_ratio: z.number() },
      decay_type: z.enum(['linear', 'cosine', '1-sqrt']),
    }),
  }),
])

const axolotl = z
  .strictObject({
    base_model: z.string(),
    output_dir: z.string(),
    special_tokens: z.strictObject({ pad_token: z.string() }).optional(),
    // Without a type the columns input_ids, attention_mask and labels are taken as they stand.
    datasets: z.array(z.strictObject({ path: z.string(), ds_type: z.enum(['parquet', 'json']), type: z.null() })),
    shuffle_merged_datasets: z.boolean(),
    curriculum_sampling: z.boolean(),
    dataset_prepared_path: z.string(),
    val_set_size: z.number(),
    sequence_len: count,
    sample_packing: z.boolean(),
    pad_to_sequence_len: z.boolean(),
    unfrozen_parameters: z.array(z.string()).optional(),
    micro_batch_size: count,
    gradient_accumulation_steps: count,
    max_steps: count,
    num_epochs: z.number(),
    optimizer: z.literal('adamw_torch'),
    learning_rate: z.number(),
    lr_scheduler: z.string(),
    lr_scheduler_kwargs: z.unknown().optional(),
    cosine_min_lr_ratio: z.number().optional(),
    warmup_steps: whole,
    weight_decay: z.number(),
    adam_beta1: z.number(),
    adam_beta2: z.number(),
    adam_epsilon: z.number(),
    max_grad_norm: z.number().gt(0),
    bf16: z.union([z.literal('auto'), z.boolean()]),
    gradient_checkpointing: z.boolean(),
    // A validator refuses true beside unfrozen_parameters.
    gradient_checkpointing_kwargs: z.strictObject({ use_reentrant: z.literal(false) }),
    logging_steps: count,
    save_strategy: z.enum(['no', 'steps', 'epoch', 'best']),
    seed: whole,
    fsdp_version: z.literal(2).optional(),
    fsdp_config: z
      .strictObject({
        auto_wrap_policy: z.literal('TRANSFORMER_BASED_WRAP'),
        transformer_layer_cls_to_wrap: z.string(),
        state_dict_type: z.enum(['FULL_STATE_DICT', 'SHARDED_STATE_DICT']),
        reshard_after_forward: z.boolean(),
      })
      .optional(),
    adapter: z.literal('lora').optional(),
    lora_r: count.optional(),
    lora_alpha: count.optional(),
    lora_dropout: z.number().optional(),
    lora_target_modules: z.array(z.enum(PROJECTIONS)).optional(),
    lora_modules_to_save: z.array(z.enum(['embed_tokens', 'lm_head'])).optional(),
    peft_trainable_token_indices: z.record(z.enum(['embed_tokens', 'lm_head']), z.array(whole)).optional(),
  })
  .and(schedule)

const component = <Name extends string, Rest extends z.ZodRawShape>(name: Name, rest: Rest) =>
  z.strictObject({ _component_: z.literal(name), ...rest })
const shape = {
  ...{ vocab_size: count, num_layers: count, num_heads: count, num_kv_heads: count, embed_dim: count },
  ...{ max_seq_len: count, intermediate_dim: count, norm_eps: z.number(), rope_base: z.number() },
}

const torchtune = z.strictObject({
  output_dir: z.string(),
  tokenizer: component('torchtune.models.llama2.llama2_tokenizer', { path: z.string(), max_seq_len: count }),
  dataset: z.array(
    component('torchtune.datasets.text_completion_dataset', {
      source: z.enum(['text', 'json', 'csv', 'parquet']),
      column: z.string(),
      packed: z.literal(true),
      split_across_pack: z.boolean(),
      // Arguments of datasets.load_dataset, and of its builder for CSV.
      ...{ split: z.string(), data_files: z.array(z.string()), sep: z.literal('\t').optional() },
    }),
  ),
  shuffle: z.boolean(),
  seed: whole,
  model: z.discriminatedUnion('_component_', [
    component('torchtune.models.llama2.llama2', shape),
    component('torchtune.models.llama3_1.llama3_1', shape),
  ]),
  checkpointer: component('torchtune.training.FullModelHFCheckpointer', {
    ...{ checkpoint_dir: z.string(), checkpoint_files: z.array(z.string()).min(1), recipe_checkpoint: z.null() },
    ...{ output_dir: z.string(), model_type: z.enum(['LLAMA2', 'LLAMA3']) },
  }),
  resume_from_checkpoint: z.literal(false),
  epochs: count,
  max_steps_per_epoch: count,
  batch_size: count,
  gradient_accumulation_steps: count,
  optimizer: component('torch.optim.AdamW', {
    ...{ lr: z.number(), betas: z.array(z.number()).length(2), eps: z.number(), weight_decay: z.number() },
    fused: z.boolean(),
  }),
  lr_scheduler: component('torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup', {
    num_warmup_steps: whole,
  }).optional(),
  loss: component('torch.nn.CrossEntropyLoss', {}),
  clip_grad_norm: z.number().nullable(),
  device: z.literal('cuda'),
  dtype: z.enum(['fp32', 'bf16']),
  compile: z.boolean(),
  optimizer_in_bwd: z.boolean(),
  enable_activation_checkpointing: z.boolean(),
  enable_activation_offloading: z.boolean(),
  custom_sharded_layers: z.array(z.enum(['tok_embeddings', 'output'])),
  metric_logger: component('torchtune.training.metric_logging.DiskLogger', { log_dir: z.string() }),
  log_level: z.string(),
  log_every_n_steps: count,
  log_peak_memory_stats: z.boolean(),
})

describe.each(Object.entries(recipes))('%s', (_, recipe) => {
  it.each([1, 4])('axolotl knows the keys and values, with %i processes', (processes) => {
    const yamls = yamlsOf(recipe, 'axolotl', { processes })
    expect(yamls).toHaveLength(recipe.stages.length)
    for (const { name, value } of yamls) expect(axolotl.safeParse(value).error?.issues, name).toBeUndefined()
  })

  it('torchtune too', () => {
    for (const { name, value } of yamlsOf(recipe, 'torchtune'))
      expect(torchtune.safeParse(value).error?.issues, name).toBeUndefined()
  })
})

describe('examples', () => {
  it.each([
    ['axolotl', axolotl],
    ['torchtune', torchtune],
  ] as const)('of %s have keys and values that it knows', (target, known) => {
    const yamls = examplesOf(target)
    expect(yamls).not.toEqual([])
    for (const { name, value } of yamls) expect(known.safeParse(value).error?.issues, name).toBeUndefined()
  })
})

/** Rows of a parameter that a list of patterns leaves unfrozen, as `utils/freeze.py` reads it: null for all of them. */
function unfrozenRows(patterns: readonly string[], name: string): (string | null)[] {
  return patterns.flatMap((pattern) => {
    const [, before, first, end] = /^(.+)\[([0-9]*)(?::([0-9]*))?\]$/.exec(pattern) ?? []
    const regex = new RegExp((before ?? pattern).replaceAll(/\.(?!\+)/g, '\\.'), 'y')
    return regex.test(name) ? [before === undefined ? null : `${first}:${end}`] : []
  })
}

describe('unfrozen_parameters', () => {
  const frozen = Object.entries(recipes).filter(([, { form }]) => form?.kind !== 'lora')
  it.each(frozen)('%s: name what the stage trains, once, and nothing else', (_, recipe) => {
    const yamls = yamlsOf(recipe, 'axolotl')
    for (const [i, { groups, stage }] of resolveStages(recipe, model, settings).entries()) {
      const patterns = yamls[i].value.unfrozen_parameters ?? ['']
      const expected = groups.flatMap(({ parameters, rows }) =>
        parameters.map((name) => [name, [rows && `${rows[0]}:${rows[1] + 1}`]]),
      )
      const found = formedParameters(model, recipe)
        .map(({ name }) => [name, unfrozenRows(patterns, name)] as const)
        .filter(([, rows]) => rows.length > 0)
      expect(Object.fromEntries(found), stage.name).toEqual(Object.fromEntries(expected))
    }
  })
})

it('builders of torchtune by the kind of rope', () => {
  const rope = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 }
  const large: HandoffModel = {
    ...model,
    config: config({ rope_theta: 500_000, rope_scaling: { ...rope, original_max_position_embeddings: 8192 } }),
  }
  const [, yaml] = handOff(presetRecipe('full'), large, settings, 'torchtune').files.filter(({ name }) =>
    /stages\.json|yaml/.test(name),
  )
  const value = parse(yaml.text, { version: '1.1' })
  expect(torchtune.safeParse(value).error?.issues).toBeUndefined()
  expect(value).toMatchObject({
    model: { _component_: 'torchtune.models.llama3_1.llama3_1', rope_base: 500_000 },
    checkpointer: { model_type: 'LLAMA3' },
  })
})
