/** Documents as token ids, with the special tokens that mark where they begin and end. */
import { KoVocabError } from '../../errors'
import { createEncoder, encodeBytes } from '../../tokenizer/encoder'
import { canonicalConfig, tokenizerConfig } from '../../tokenizer/files/tokenizer-config'
import { tokenizerHash } from '../../tokenizer/hash'
import { compilePostProcessor } from '../../tokenizer/post-process'
import type { Tokenizer } from '../../tokenizer/types'

/**
 * Whether a special token stands before (BOS) or behind (EOS) each document: as the tokenizer's own post-processor says
 * (`auto`), whatever that says (`always`), or not at all (`never`).
 */
export type SpecialMode = 'auto' | 'always' | 'never'

export interface SpecialOptions {
  /** Default `auto`: Llama-2 and Mistral put `<s>` there. */
  bos?: SpecialMode
  /** Default `auto`: hardly any post-processor puts one there; `always` teaches a model where texts end. */
  eos?: SpecialMode
}

/** Makes ids of documents. Not for two threads at once, as the encoder inside it. */
export interface DocumentEncoder {
  before: number[]
  after: number[]
  /** How many ids there are, those without a piece included: every id is below. */
  vocabulary: number
  tokenizerSha256: string
  /** The ids of a document's UTF-8 text with the special tokens around them, as a copy. */
  encode: (text: Uint8Array) => Int32Array
}

/** @throws KoVocabError `bad-option` when a special token is to stand always and the tokenizer names none */
export function createDocumentEncoder(tokenizer: Tokenizer, options: SpecialOptions = {}): DocumentEncoder {
  const encoder = createEncoder(tokenizer)
  const own = compilePostProcessor(tokenizer.postProcessor)
  const before = sideOf(tokenizer, 'bos', options.bos ?? 'auto', own.before)
  const after = sideOf(tokenizer, 'eos', options.eos ?? 'auto', own.after)
  return {
    before,
    after,
    vocabulary: tokenizer.pieces.length,
    tokenizerSha256: tokenizer.sha256 ?? tokenizerHash(tokenizer),
    encode(text) {
      const ids = encodeBytes(encoder, text)
      const whole = new Int32Array(before.length + ids.length + after.length)
      whole.set(before)
      whole.set(ids, before.length)
      whole.set(after, before.length + ids.length)
      return whole
    },
  }
}

function sideOf(tokenizer: Tokenizer, side: 'bos' | 'eos', mode: SpecialMode, own: number[]): number[] {
  if (mode === 'never') return []
  if (mode === 'auto' || own.length > 0) return own
  const id = specialId(tokenizer, side)
  if (id !== null) return [id]
  const hint = `add ${side}_token to its tokenizer_config.json, or leave it out`
  throw new KoVocabError('bad-option', `the tokenizer names no ${side} token`, hint)
}

/** The id of the token that tokenizer_config.json, or its own well-known name (`</s>`), makes BOS or EOS; else null. */
export function specialId(tokenizer: Tokenizer, side: 'bos' | 'eos'): number | null {
  const key = `${side}_token`
  const known = JSON.parse(canonicalConfig(tokenizer)) as Record<string, unknown>
  const named = tokenizerConfig(tokenizer.sources.sidecars)?.[key] ?? known[key]
  const content = typeof named === 'object' && named !== null ? (named as { content?: unknown }).content : named
  return tokenizer.addedTokens.find((token) => token.content === content)?.id ?? null
}
