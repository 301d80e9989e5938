/** What config.json of a Hugging Face model says about its embeddings, and how it is changed. */
import { type JsonMembers, membersOf, memberValue, withMember } from './json-edit'

export interface ModelConfig {
  /** The bytes of config.json. */
  text: Uint8Array
  modelType: string | null
  /** `_name_or_path`: a Hub name, or a path on somebody's machine. */
  nameOrPath: string | null
  vocabSize: number | null
  /** Length of an embedding row. */
  embeddingSize: number | null
  /** `tie_word_embeddings`; null where it is left to the architecture. */
  tied: boolean | null
  /** `quantization_config.quant_method`, or `unknown`; null for plain weights. */
  quantization: string | null
  isEncoderDecoder: boolean
}

/** Models of several modalities keep the language model's facts in an object of their own. */
const NESTED = ['text_config', 'llm_config', 'language_config']

/** Names of the row length, the more telling first: OPT and ALBERT embed in another size than they compute in. */
const SIZES = ['word_embed_proj_dim', 'embedding_size', 'hidden_size', 'n_embd', 'd_model', 'dim']

/** @throws KoVocabError `bad-file` when the text is no JSON object */
export function readModelConfig(text: Uint8Array, name: string): ModelConfig {
  const objects = objectsOf(text, name)
  const first = (key: string): unknown => {
    for (const members of objects) {
      const value = memberValue(members, key)
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }
  const textOf = (key: string) => {
    const value = first(key)
    return typeof value === 'string' && value !== '' ? value : null
  }
  const sizeOf = (key: string) => {
    const value = first(key)
    return Number.isSafeInteger(value) ? (value as number) : null
  }
  const tied = first('tie_word_embeddings')
  const quantization = first('quantization_config') as { quant_method?: unknown } | undefined
  return {
    text,
    modelType: textOf('model_type'),
    nameOrPath: textOf('_name_or_path'),
    vocabSize: sizeOf('vocab_size'),
    embeddingSize: SIZES.map(sizeOf).find((size) => size !== null) ?? null,
    tied: typeof tied === 'boolean' ? tied : null,
    quantization: quantization === undefined ? null : String(quantization.quant_method ?? 'unknown'),
    isEncoderDecoder: first('is_encoder_decoder') === true,
  }
}

/** config.json with another `vocab_size`, wherever it stands; every other byte stays. */
export function withVocabSize(text: Uint8Array, name: string, vocabSize: number): Uint8Array {
  let changed = text
  const holders = [[], ...NESTED.map((key) => [key])].filter((path) =>
    membersOf(changed, name, path)?.spans.has('vocab_size'),
  )
  for (const path of holders.length > 0 ? holders : [[]]) {
    changed = withMember(membersOf(changed, name, path)!, 'vocab_size', vocabSize)
  }
  return changed
}

/** The outermost object and those of {@link NESTED} that are there. */
function objectsOf(text: Uint8Array, name: string): JsonMembers[] {
  return [[], ...NESTED.map((key) => [key])].flatMap((path) => membersOf(text, name, path) ?? [])
}
