/**
 * The plain data every other folder works on: one BPE tokenizer, whatever file it came from.
 */

/**
 * How text becomes first symbols.
 *
 * - `sentencepiece`: symbols are characters, spaces are written `▁`, unknown characters fall back to `<0xNN>` bytes.
 * - `byte-level`: symbols are the UTF-8 bytes, each spelled as one character of GPT-2's byte alphabet (`Ġ` is 0x20).
 */
export type Form = 'sentencepiece' | 'byte-level'

/** Values are those of `SentencePiece.Type` in sentencepiece_model.proto, so that `.model` files carry them unchanged. */
export const PieceKind = { Normal: 1, Unknown: 2, Control: 3, UserDefined: 4, Unused: 5, Byte: 6 } as const
export type PieceKind = (typeof PieceKind)[keyof typeof PieceKind]

/** An entry of `added_tokens` in tokenizer.json: found in the text before (or, if `normalized`, after) normalization. */
export interface AddedToken {
  id: number
  content: string
  singleWord: boolean
  lstrip: boolean
  rstrip: boolean
  normalized: boolean
  special: boolean
}

/**
 * Merges by rank: the pair at index r is (left[r], right[r]) and makes result[r]. Lower rank merges first.
 * Several ranks may have the same result (the splits of one piece).
 */
export interface Merges {
  left: Int32Array
  right: Int32Array
  result: Int32Array
}

/** A node of tokenizer.json's normalizer, pre_tokenizer, post_processor or decoder, as written there. */
export interface JsonNode {
  type: string
  [key: string]: unknown
}

/** How the base's files looked, kept so that an extension is written in the same manner. */
export interface TokenizerSources {
  /** tokenizer.json without model.vocab, model.merges and added_tokens, and the spelling its merges had. */
  json?: {
    /** The three are null here, so that they keep their place among the keys. */
    document: Record<string, unknown>
    mergesAs: 'strings' | 'pairs'
    /** Ids of the added tokens that the file's model.vocab does not hold. */
    outsideVocab?: number[]
  }
  /** The bytes of the SentencePiece ModelProto. */
  model?: Uint8Array
  /** Whether a `.tiktoken` / Llama-3 `tokenizer.model` rank file was there, under which name, and the first id it does not hold. */
  tiktoken?: { name: string }
  /** Other files of the folder that travel with the tokenizer, name → text: tokenizer_config.json, special_tokens_map.json, … */
  sidecars: Record<string, string>
}

export interface Tokenizer {
  form: Form
  /**
   * Piece strings by id, `''` where no piece has that id. Added tokens are included at their ids.
   * SentencePiece form: as in the vocabulary (`▁안녕`, `<0xEA>`). Byte-level form: in the byte alphabet (`Ġìķĥ`),
   * added tokens as plain text.
   */
  pieces: string[]
  /** By id, a {@link PieceKind}; 0 where there is no piece. Added tokens that the model's vocabulary does not hold: Control or UserDefined. */
  kinds: Uint8Array
  /** By id; SentencePiece form only, when a `.model` was read. null otherwise. */
  scores: Float32Array | null
  merges: Merges
  addedTokens: AddedToken[]
  /** Id of the unknown piece, -1 if there is none. */
  unkId: number
  /** SentencePiece form: unknown characters become `<0xNN>` pieces. */
  byteFallback: boolean
  /** HF `fuse_unk`: several unknown characters in a row make one unk. Only matters without byte fallback. */
  fuseUnk: boolean
  /** HF `ignore_merges`: a pre-token that is itself a piece is taken whole. */
  ignoreMerges: boolean
  normalizer: JsonNode | null
  preTokenizer: JsonNode | null
  postProcessor: JsonNode | null
  decoder: JsonNode | null
  sources: TokenizerSources
  /** SHA-256 over the canonical form (see hash.ts): equal for every file format of the same tokenizer. */
  sha256?: string
}
