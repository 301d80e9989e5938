/**
 * A stage as torchtune's YAML, for its recipe `full_finetune_distributed`. Components and keys as of torchtune 0.6, by its
 * sources: the package could not be installed to try them.
 */
import { KoVocabError } from '../../errors'
import type { LlamaConfig } from '../model/config'
import type { StageConfig } from './axolotl'
import type { ResolvedStage } from './stages'
import type { HandoffModel, HandoffSettings } from './types'
import { yamlText } from './yaml-text'

/** torchtune freezes nothing but what its adapters leave, and masks no rows. */
export function fitsTorchtune(resolved: ResolvedStage, parameters: number): boolean {
  const trained = resolved.groups.reduce((sum, group) => sum + group.parameters.length, 0)
  return trained === parameters && resolved.groups.every(({ rows }) => rows === null)
}

/**
 * @param at which stage, from 1
 * @param base the model that it begins with, and its weights
 * @throws KoVocabError `unsupported` for models that torchtune's builders cannot make
 */
export function torchtuneStage(
  model: HandoffModel,
  config: LlamaConfig,
  settings: HandoffSettings,
  resolved: ResolvedStage,
  { at, base, weights, out }: { at: number; base: string; weights: readonly string[]; out: string },
): StageConfig {
  const { stage, steps, groups, shares } = resolved
  const { length, micro, processes, rowsPerStep, seed } = settings
  const builder = builderOf(config, model.folder)
  const warnings: string[] = []
  const { kind, warmup, final } = stage.schedule
  if (kind !== 'cosine') warnings.push(`a cosine schedule, where the recipe has ${kind}: torchtune has no other`)
  if (final !== 0) warnings.push(`the rate falls to 0, where the recipe ends at ${final} of it`)
  if (groups.some(({ learningRateScale }) => learningRateScale !== 1))
    warnings.push('one learning rate for all parameters: learning-rate-scale is not carried over')
  if (stage.weightDecay > 0) warnings.push('weight decay is of all parameters, norms too')
  if (settings.sources.length > 1) {
    const said = [...shares].map(([name, share]) => `${name} ${Number(share.toFixed(4))}`).join(', ')
    warnings.push(`texts are read in proportion to their lengths, where the recipe has the shares ${said}`)
  }
  warnings.push('every line is a document, encoded by torchtune; rows and their order are not those of the recipe')
  if (!model.hasSentencePiece) warnings.push('the tokenizer needs a chat_template in its tokenizer_config.json')
  const written = {
    output_dir: out,
    tokenizer: model.hasSentencePiece
      ? {
          _component_: 'torchtune.models.llama2.llama2_tokenizer',
          path: `${model.folder}/tokenizer.model`,
          max_seq_len: length,
        }
      : {
          _component_: 'torchtune.modules.transforms.tokenizers.HuggingFaceModelTokenizer',
          tokenizer_json_path: `${model.folder}/tokenizer.json`,
          tokenizer_config_json_path: `${model.folder}/tokenizer_config.json`,
          max_seq_len: length,
        },
    dataset: settings.sources.map(({ files }) => ({
      _component_: 'torchtune.datasets.text_completion_dataset',
      source: 'text',
      data_files: [...files],
      split: 'train',
      column: 'text',
      packed: true,
      split_across_pack: true,
    })),
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
      checkpoint_dir: base,
      checkpoint_files: [...weights],
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
    lr_scheduler: {
      _component_: 'torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup',
      num_warmup_steps: Math.round(warmup * steps),
    },
    loss: { _component_: 'torchtune.modules.loss.CEWithChunkedOutputLoss' },
    clip_grad_norm: stage.maxNorm === 0 ? null : stage.maxNorm,
    device: 'cuda',
    dtype: 'fp32',
    compile: false,
    optimizer_in_bwd: false,
    enable_activation_checkpointing: true,
    enable_activation_offloading: false,
    custom_sharded_layers: ['tok_embeddings', 'output'],
    metric_logger: { _component_: 'torchtune.training.metric_logging.DiskLogger', log_dir: out },
    log_every_n_steps: 1,
    log_peak_memory_stats: false,
  }
  const head = [
    `Stage ${at}, ${stage.name}, by ko-vocab handoff, for torchtune 0.6.`,
    'Not as the recipe says:',
    ...warnings.map((warning) => `- ${warning}`),
    ...(at > 1 ? ['checkpoint_files are those that the stage before wrote: look which.'] : []),
  ]
  return { text: yamlText(head, written), warnings }
}

function builderOf(config: LlamaConfig, folder: string): string {
  const { ropeScaling: rope, tied, heads, headDim, hiddenSize } = config
  const refused = (what: string) =>
    new KoVocabError('unsupported', `${folder}: torchtune's Llama builders have no ${what}`, 'hand off to fsdp')
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
