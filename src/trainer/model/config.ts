/** What config.json of a Llama-like model says: everything that the computation depends on. */
import { z } from 'zod'
import { KoVocabError } from '../../errors'

export type RopeScaling =
  | { type: 'default' }
  /** Positions divided by `factor`. */
  | { type: 'linear'; factor: number }
  /** Llama 3.1's: low frequencies divided by `factor`, high ones kept, those between blended. */
  | { type: 'llama3'; factor: number; lowFrequency: number; highFrequency: number; originalLength: number }

export interface LlamaConfig {
  vocabSize: number
  hiddenSize: number
  intermediateSize: number
  layers: number
  heads: number
  /** Divides `heads`. */
  kvHeads: number
  /** Even. heads · headDim need not be the hidden size. */
  headDim: number
  normEpsilon: number
  ropeTheta: number
  ropeScaling: RopeScaling
  /** The head is the embedding. */
  tied: boolean
  /** `max_position_embeddings`. */
  maxPositions: number
  /** A position attends to this many, itself among them; null: to all before it. */
  slidingWindow: number | null
}

/** Architectures whose computation is Llama's; Yi's old checkpoints have names of their own, but Llama's model type. */
const ARCHITECTURES = ['LlamaForCausalLM', 'MistralForCausalLM', 'YiForCausalLM']

const natural = z.int().min(1)
const positive = z.number().gt(0)

/** Both spellings of the kind: `rope_type` since transformers 4.43, `type` before. */
const rope = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: positive.optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: natural.optional(),
  partial_rotary_factor: z.number().optional(),
})

const file = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  vocab_size: natural,
  hidden_size: natural,
  intermediate_size: natural,
  num_hidden_layers: natural,
  num_attention_heads: natural,
  num_key_value_heads: natural.nullish(),
  head_dim: natural.nullish(),
  hidden_act: z.string().nullish(),
  rms_norm_eps: positive.nullish(),
  rope_theta: positive.nullish(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  attention_dropout: z.number().nullish(),
  max_position_embeddings: natural.nullish(),
  sliding_window: natural.nullish(),
  quantization_config: z.unknown().optional(),
})

type File = z.output<typeof file>

/**
 * @param text of config.json
 * @param name the file, for errors
 * @throws KoVocabError `bad-file` naming the field; `unsupported` for what would be computed differently
 */
export function readLlamaConfig(text: string, name: string): LlamaConfig {
  const config = parse(text, name)
  refuse(config, name)
  const heads = config.num_attention_heads
  const kvHeads = config.num_key_value_heads ?? heads
  if (heads % kvHeads !== 0)
    throw bad(name, `num_key_value_heads is ${kvHeads}, which does not divide num_attention_heads, ${heads}`)
  const headDim = config.head_dim ?? config.hidden_size / heads
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    const from = config.head_dim == null ? ` (hidden_size ${config.hidden_size} over num_attention_heads ${heads})` : ''
    throw bad(name, `head_dim is ${headDim}${from}; rotary embeddings need an even whole number`)
  }
  const isMistral = isArchitecture(config, 'MistralForCausalLM')
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    normEpsilon: config.rms_norm_eps ?? 1e-6,
    // transformers 5 moved it into rope_parameters.
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_scaling?.rope_theta ?? config.rope_theta ?? 10_000,
    ropeScaling: readScaling(config, name),
    tied: config.tie_word_embeddings ?? false,
    maxPositions: config.max_position_embeddings ?? (isMistral ? 4096 * 32 : 2048),
    // Llama's own model has no window, whatever its config says.
    slidingWindow: isMistral ? (config.sliding_window ?? null) : null,
  }
}

function parse(text: string, name: string): File {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw bad(name, `is not JSON: ${(cause as Error).message}`, { cause })
  }
  const parsed = file.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw bad(name, `${issue.path.join('.') || 'the whole'}: ${issue.message}`, { cause: parsed.error })
}

function isArchitecture({ architectures }: File, known: string): boolean {
  return architectures?.[0] === known
}

function refuse(config: File, name: string): void {
  const architecture = config.architectures?.[0]
  if (architecture !== undefined && !ARCHITECTURES.includes(architecture))
    throw unsupported(name, `architectures is ${architecture}`, `known: ${ARCHITECTURES.join(', ')}`)
  if (architecture === undefined)
    throw unsupported(name, 'architectures is missing', 'give the config.json that save_pretrained wrote')
  if (config.hidden_act != null && config.hidden_act !== 'silu' && config.hidden_act !== 'swish')
    throw unsupported(name, `hidden_act is ${config.hidden_act}; silu is known`)
  for (const key of ['attention_bias', 'mlp_bias'] as const)
    if (config[key]) throw unsupported(name, `${key} is true; projections without biases are known`)
  if (config.attention_dropout) throw unsupported(name, `attention_dropout is ${config.attention_dropout}; 0 is known`)
  if (config.quantization_config != null)
    throw unsupported(name, 'quantization_config is there', 'train the checkpoint that it was quantized from')
}

function readScaling(config: File, name: string): RopeScaling {
  const field = config.rope_parameters ? 'rope_parameters' : 'rope_scaling'
  const rope = config[field]
  const type = rope?.rope_type ?? rope?.type ?? 'default'
  if (rope?.partial_rotary_factor !== undefined && rope.partial_rotary_factor !== 1)
    throw unsupported(name, `${field}.partial_rotary_factor is ${rope.partial_rotary_factor}; 1 is known`)
  if (!rope || type === 'default') return { type: 'default' }
  const need = (key: 'factor' | 'low_freq_factor' | 'high_freq_factor' | 'original_max_position_embeddings') => {
    const value = rope[key]
    if (value === undefined) throw bad(name, `${field}.${key} is missing, which rope type ${type} needs`)
    return value
  }
  if (type === 'linear') return { type, factor: need('factor') }
  if (type !== 'llama3') throw unsupported(name, `${field} has the type ${type}`, 'known: default, linear, llama3')
  return {
    type,
    factor: need('factor'),
    lowFrequency: need('low_freq_factor'),
    highFrequency: need('high_freq_factor'),
    originalLength: need('original_max_position_embeddings'),
  }
}

function bad(name: string, what: string, options?: ErrorOptions): KoVocabError {
  return new KoVocabError('bad-file', `${name}: ${what}`, 'give the config.json that belongs to the weights', options)
}

function unsupported(name: string, what: string, hint?: string): KoVocabError {
  return new KoVocabError('unsupported', `${name}: ${what}`, hint)
}
