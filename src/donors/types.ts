/** What a file brought along whose pieces shall become pieces of a base. */

/** Where the pieces came from, which says how they are spelled and what their order means. */
export type DonorFormat =
  | 'sentencepiece-bpe'
  | 'sentencepiece-unigram'
  | 'sentencepiece-word'
  | 'sentencepiece-char'
  | 'tokenizer-json-bpe'
  | 'tokenizer-json-unigram'
  | 'tokenizer-json-wordpiece'
  | 'tokenizer-json-wordlevel'
  | 'tiktoken'
  | 'list'

/**
 * - `piece`: takes part in segmentation
 * - `byte`: `<0xNN>`; of byte-level vocabularies the single bytes
 * - `special`: control, unknown and unused pieces, special added tokens
 * - `added`: user-defined symbols and added tokens that are not special
 */
export type DonorKind = 'piece' | 'byte' | 'special' | 'added'

export interface DonorPiece {
  /** As the file spells it, for people: `▁법원`, `Ġë²ķ`, `##원`, `<0xEB>`. */
  spelled: string
  /**
   * The text that it stands for as a key: its UTF-8 bytes, one character (U+0000 to U+00FF) a byte, a space for the
   * mark of a word's beginning (`▁`, `Ġ`, WordPiece's bare pieces). '' for special pieces.
   */
  key: string
  kind: DonorKind
  /** Log probability, BPE score, rank or count, as the file says; null where it says nothing. */
  score: number | null
  /**
   * What was done to the text: `nfc`: decomposed Hangul was composed; `nfkc`: the compatibility form that the donor's
   * normalizer takes away was put back (`ᄏᄏ` is `ㅋㅋ` again), so that the piece meets text as people write it.
   */
  restored?: 'nfc' | 'nfkc'
}

export interface Donor {
  /** Path or name, for messages and reports. */
  name: string
  format: DonorFormat
  /** Best first: by score, rank, count, or as the file has them. Two spellings of one key both stand here. */
  pieces: DonorPiece[]
  /** What `score` is; `order` where there is none. */
  orderedBy: 'score' | 'log probability' | 'rank' | 'count' | 'order'
  /** Its normalizer in the file's own words: `nmt_nfkc`, `Sequence(NFKC, Lowercase)`; null without. */
  normalizer: string | null
  /** Facts for the user, a sentence each. */
  notes: string[]
}

export interface ReadDonorOptions {
  /**
   * How a text list spells its lines; other formats say so themselves. Default `auto`.
   * - `words`: a line stands both for the word at a word's beginning and for it inside a word: two pieces
   * - `pieces`: as marked by `▁`, the byte alphabet (`Ġ`) or `##`; in a list without any mark, as the text stands
   * - `auto`: `pieces` where lines are marked, else `words`
   */
  spelling?: 'auto' | 'words' | 'pieces'
  /**
   * What becomes of single jamo that the donor's normalizer (NFKC) turned into conjoining ones. Default `undo`: they are
   * written as people type them (`ᄏᄏ` is `ㅋㅋ`); `keep`: as the file has them, though no text in NFC holds them.
   */
  normalized?: 'undo' | 'keep'
}
