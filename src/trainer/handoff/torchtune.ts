/**
 * A stage as torchtune's YAML, for its recipe `full_finetune_distributed`. Components and keys by torchtune's sources, read
 * at the commits that test/trainer/handoff/keys.test.ts names, and such as both 0.6.1 and what came after it have; never
 * run.
 */
import { KoVocabError } from '../../errors'
import type { LlamaConfig } from '../model/config'
import type { StageConfig } from './axolotl'
import type { ResolvedStage } from './stages'
import type { HandoffModel, HandoffSettings, HandoffSource, SourceFile } from './types'
import { yamlText } from './yaml-text'

export interface TorchtuneBase {
  folder: string
  weights: readonly string[]
  /** Whether the names of the weights are not known before they are written. */
  isGuess?: boolean
}

/** Names that the checkpointer gives to weights that it read from so many files. */
export function torchtuneWeights(files: number): string[] {
  const five = (n: number) => `${n}`.padStart(5, '0')
  return Array.from({ length: files }, (_, i) => `model-${five(i + 1)}-of-${five(files)}.safetensors`)
}

/** torchtune freezes nothing but what its adapters leave, and masks no rows. */
export function fitsTorchtune(resolved: ResolvedStage, parameters: number): boolean {
  const trained = resolved.groups.reduce((sum, group) => sum + group.parameters.length, 0)
  return trained === parameters && resolved.groups.every(({ rows }) => rows === null)
}

/**
 * @param at which stage, from 1
 * @param base the model that it begins with
 * @throws KoVocabError `unsupported` for models that torchtune's builders cannot make, and texts that it cannot read
 */
export function torchtuneStage(
  model: HandoffModel,
  config: LlamaConfig,
  settings: HandoffSettings,
  resolved: ResolvedStage,
  { at, base, out }: { at: number; base: TorchtuneBase; out: string },
): StageConfig {
  const { stage, steps, groups, shares } = resolved
  const { length, micro, processes, rowsPerStep, seed } = settings
  const builder = builderOf(config, model, length)
  const warnings: string[] = []
  const { kind, warmup, final } = stage.schedule
  const warmupSteps = Math.round(warmup * steps)
  const isFlat = warmupSteps === 0 && (kind === 'constant' || final === 1)
  if (!isFlat) {
    if (kind !== 'cosine') warnings.push(`a cosine schedule, where the recipe has ${kind}: torchtune has no other`)
    if (final !== 0) warnings.push(`the rate falls to 0, where the recipe ends at ${final} of it`)
    if (warmupSteps > 0) warnings.push('rates begin at 0, a step behind those of the recipe')
  }
  if (groups.some(({ learningRateScale }) => learningRateScale !== 1))
    warnings.push('one learning rate for all parameters: learning-rate-scale is not carried over')
  if (stage.weightDecay > 0) warnings.push('weight decay is of all parameters, norms too')
  if (settings.sources.length > 1) {
    const said = [...shares].map(([name, share]) => `${name} ${Number(share.toFixed(4))}`).join(', ')
    warnings.push(`texts are read in proportion to their lengths, where the recipe has the shares ${said}`)
  }
  const wanted = steps * rowsPerStep * length
  const there = settings.sources.reduce((sum, { tokens }) => sum + tokens, 0)
  if (there < wanted)
    warnings.push(`texts are read once: they hold some ${there} tokens, so that steps are missing of the ${wanted}`)
  warnings.push(
    'every line or record is a document between BOS and EOS, encoded by torchtune; rows and their order are not those of the recipe',
    `of a document longer than ${length - 1} tokens the rest is lost`,
  )
  const written = {
    output_dir: out,
    tokenizer: {
      _component_: 'torchtune.models.llama2.llama2_tokenizer',
      path: `${model.folder}/tokenizer.model`,
      max_seq_len: length,
    },
    dataset: settings.sources.flatMap(datasetsOf),
    shuffle: true,
    seed,
    model: {
      _component_: builder,
      vocab_size: config.vocabSize,
      num_layers: config.layers,
      num_heads: config.heads,
      num_kv_heads: config.kvHeads,
      embed_dim: config.hiddenSize,
      intermediate_dim: config.intermediateSize,
      max_seq_len: length,
      norm_eps: config.normEpsilon,
      rope_base: config.ropeTheta,
    },
    checkpointer: {
      _component_: 'torchtune.training.FullModelHFCheckpointer',
      checkpoint_dir: base.folder,
      checkpoint_files: [...base.weights],
      recipe_checkpoint: null,
      output_dir: out,
      model_type: builder.includes('llama2') ? 'LLAMA2' : 'LLAMA3',
    },
    resume_from_checkpoint: false,
    epochs: 1,
    max_steps_per_epoch: steps,
    batch_size: micro,
    gradient_accumulation_steps: rowsPerStep / (micro * processes),
    optimizer: {
      _component_: 'torch.optim.AdamW',
      lr: stage.learningRate,
      betas: [stage.beta1, stage.beta2],
      eps: stage.epsilon,
      weight_decay: stage.weightDecay,
      fused: true,
    },
    ...(isFlat
      ? {}
      : {
          lr_scheduler: {
            _component_: 'torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup',
            num_warmup_steps: warmupSteps,
          },
        }),
    // Those of torchtune's own that save memory are not the same in 0.6.1 and after it.
    loss: { _component_: 'torch.nn.CrossEntropyLoss' },
    clip_grad_norm: stage.maxNorm === 0 ? null : stage.maxNorm,
    device: 'cuda',
    dtype: 'fp32',
    compile: false,
    optimizer_in_bwd: false,
    enable_activation_checkpointing: true,
    enable_activation_offloading: false,
    custom_sharded_layers: ['tok_embeddings', 'output'],
    metric_logger: { _component_: 'torchtune.training.metric_logging.DiskLogger', log_dir: out },
    log_level: 'INFO',
    log_every_n_steps: 1,
    log_peak_memory_stats: false,
  }
  const head = [
    `Stage ${at}, ${stage.name}, by ko-vocab handoff, for torchtune 0.6.1.`,
    'Not as the recipe says:',
    ...warnings.map((warning) => `- ${warning}`),
    ...(base.isGuess ? ['checkpoint_files are those that train.py wrote: look which, a large model has several.'] : []),
  ]
  return { text: yamlText(head, written), warnings }
}

/** A dataset for each kind of file, by the loaders of `datasets`. */
function datasetsOf({ files }: HandoffSource) {
  const kinds = new Map<string, SourceFile[]>()
  for (const file of files) {
    const kind = `${file.format} ${file.field ?? 'text'}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), file])
  }
  return [...kinds.values()].map((alike) => {
    const [{ path, format, field: column = 'text' }] = alike
    if (column.includes('.')) {
      const what = `${path}: torchtune reads columns, and ${column} lies within one`
      throw new KoVocabError('unsupported', what, 'hand off to fsdp, or write the texts out with ko-vocab prepare')
    }
    return {
      _component_: 'torchtune.datasets.text_completion_dataset',
      source: { text: 'text', jsonl: 'json', csv: 'csv', tsv: 'csv', parquet: 'parquet' }[format],
      ...(format === 'tsv' ? { sep: '\t' } : {}),
      data_files: alike.map((file) => file.path),
      split: 'train',
      column,
      packed: true,
      split_across_pack: true,
    }
  })
}

function builderOf(config: LlamaConfig, { folder, hasSentencePiece }: HandoffModel, length: number): string {
  const { ropeScaling: rope, tied, heads, headDim, hiddenSize, slidingWindow } = config
  const refused = (what: string) =>
    new KoVocabError('unsupported', `${folder}: torchtune's Llama builders have no ${what}`, 'hand off to fsdp')
  if (!hasSentencePiece) {
    const what = `${folder} has no tokenizer.model, and torchtune's tokenizer for tokenizer.json cannot encode plain text`
    throw new KoVocabError('unsupported', what, 'hand off to fsdp')
  }
  if (slidingWindow !== null && slidingWindow < length) throw refused('sliding window')
  if (tied) throw refused('tied head of this size')
  if (heads * headDim !== hiddenSize) throw refused('head_dim of its own')
  if (rope.type === 'default') return 'torchtune.models.llama2.llama2'
  const is31 =
    rope.type === 'llama3' &&
    rope.factor === 8 &&
    rope.lowFrequency === 1 &&
    rope.highFrequency === 4 &&
    rope.originalLength === 8192
  if (!is31) throw refused(`rope scaling like this one (${JSON.stringify(rope)})`)
  return 'torchtune.models.llama3_1.llama3_1'
}
