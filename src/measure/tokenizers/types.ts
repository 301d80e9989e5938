/** What a bench needs of a tokenizer, whoever encodes with it. */
import type { Provenance } from '../bench/types'

export interface MeasuredTokenizer {
  /** For tables. */
  name: string
  /** Path or package. */
  source: string
  /** What encodes: `ko-vocab`, `sentencepiece-js`, `@huggingface/tokenizers`, a package. */
  engine: string
  /** `BPE, sentencepiece`, `Unigram`, … */
  kind: string
  /** Ids, those without a piece counted. */
  size: number
  /** Of ko-vocab's own Tokenizer; null for other engines. */
  sha256: string | null
  /** By id: UTF-8 of what a token stands for in text, a space for each `▁` or `Ġ`; null where that is nothing. */
  bytes: (Uint8Array | null)[]
  /** By id: 1 where ordinary text does not lead to it: control, unknown and padding pieces, ids without a piece. */
  special: Uint8Array
  /** By id: 1 for `<0xNN>`, and in byte-level vocabularies for pieces that are no whole characters. */
  byteIds: Uint8Array
  /** -1 if there is none. */
  unkId: number
  /** A token as people read it, a space as `▁`. */
  readable: (id: number) => string
  /** The ids of the text alone, without `<s>` and its like. */
  encode: (text: string) => ArrayLike<number>
  decode: (ids: ArrayLike<number>) => string
  /** What the tokenizer's normalizer makes of a text, the marks of spaces apart. */
  normalize: (text: string) => string
  /** What lies beside its file; nothing for packages. */
  provenance?: Provenance | null
}
