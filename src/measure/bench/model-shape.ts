/** The shape of a model, as far as it says what a token costs. */
import { KoVocabError } from '../../errors'
import { badFile, isObject, type JsonObject, parseJsonObject, show, unsupported } from '../../tokenizer/files/text'
import type { ModelShape } from './types'

type Shape = Omit<ModelShape, 'name' | 'bodyParameters' | 'cacheBytes'>

/** As their config.json publish them. */
const KNOWN: Record<string, Shape> = {
  '1b': llama('Llama-3.2-1B', 16, 2048, 8192, 32, 8, 64, true),
  '3b': llama('Llama-3.2-3B', 28, 3072, 8192, 24, 8, 128, true),
  '7b': llama('Llama-2-7B', 32, 4096, 11_008, 32, 32, 128, false),
  '8b': llama('Llama-3-8B', 32, 4096, 14_336, 32, 8, 128, false),
  '13b': llama('Llama-2-13B', 40, 5120, 13_824, 40, 40, 128, false),
  '70b': llama('Llama-3-70B', 80, 8192, 28_672, 64, 8, 128, false),
  'mistral-7b': llama('Mistral-7B-v0.1', 32, 4096, 14_336, 32, 8, 128, false),
  'solar-10.7b': llama('SOLAR-10.7B', 48, 4096, 14_336, 32, 8, 128, false),
}

export const MODEL_NAMES: readonly string[] = Object.keys(KNOWN)

function llama(
  source: string,
  layers: number,
  hidden: number,
  intermediate: number,
  heads: number,
  kvHeads: number,
  headDim: number,
  tied: boolean,
): Shape {
  return { source, layers, hidden, intermediate, heads, kvHeads, headDim, tied }
}

/** bfloat16, as models are served. */
const CACHE_BYTES = 2

/** Of {@link MODEL_NAMES}; null for another name. */
export function knownModelShape(name: string): ModelShape | null {
  const shape = Object.hasOwn(KNOWN, name.toLowerCase()) ? KNOWN[name.toLowerCase()] : undefined
  return shape ? finish(name, shape) : null
}

/** Models of several modalities keep the language model's facts in an object of their own. */
const NESTED = ['text_config', 'llm_config', 'language_config']

/**
 * From a config.json of the Llama family: attention with `num_key_value_heads`, a gated MLP, no biases.
 *
 * @throws KoVocabError `bad-file` where a key is missing; `unsupported` for experts and compressed caches, whose costs
 * these formulas do not give
 */
export function readModelShape(text: string, name: string): ModelShape {
  const document = parseJsonObject(text, name)
  const config: JsonObject = { ...document }
  for (const key of NESTED) if (isObject(document[key])) Object.assign(config, document[key])
  for (const key of ['num_local_experts', 'num_experts', 'n_routed_experts', 'kv_lora_rank']) {
    if (typeof config[key] !== 'number') continue
    throw unsupported(name, `${key} is ${config[key]}: costs are reckoned for dense models with a plain cache`)
  }
  const whole = (key: string, otherwise?: number): number => {
    const value = config[key] ?? otherwise
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
    throw badFile(name, `${key} is ${show(value)}, a whole number above 0 is expected`)
  }
  const hidden = whole('hidden_size')
  const heads = whole('num_attention_heads')
  return finish(name, {
    source: typeof document.model_type === 'string' ? document.model_type : 'config.json',
    layers: whole('num_hidden_layers'),
    hidden,
    intermediate: whole('intermediate_size'),
    heads,
    kvHeads: whole('num_key_value_heads', heads),
    headDim: whole('head_dim', hidden / heads),
    tied: config.tie_word_embeddings === true,
  })
}

export function unknownModel(name: string): KoVocabError {
  return new KoVocabError(
    'bad-option',
    `--model is ${JSON.stringify(name)}`,
    `expected one of ${MODEL_NAMES.join(', ')}, or a folder with config.json`,
  )
}

/**
 * Of a layer: the matrices of queries and outputs (hidden × heads × head size each), of keys and values (hidden × kv heads
 * × head size each), the gated MLP's three, two norms; and a last norm. Llama-2-7B's published 6,738,415,616 are these
 * and two matrices of 32,000 × 4,096.
 */
function finish(name: string, shape: Shape): ModelShape {
  const { layers, hidden, intermediate, heads, kvHeads, headDim } = shape
  const layer = 2 * hidden * headDim * (heads + kvHeads) + 3 * hidden * intermediate + 2 * hidden
  return { name, ...shape, bodyParameters: layers * layer + hidden, cacheBytes: CACHE_BYTES }
}
