/** extension.json: what later steps want to know of an extension. */
import type { LearnedMerges } from '../merges/types'
import { tokenizerHash } from '../tokenizer/hash'
import type { Tokenizer } from '../tokenizer/types'

/** extension.json, which lies in the folder of an extended tokenizer. */
export interface ExtensionRecord {
  format: 'ko-vocab-extension'
  format_version: '1'
  base_sha256: string
  extended_sha256: string
  /** Ids 0 to this, less one, are the base's. */
  base_rows: number
  /** User-defined symbols and learned pieces; padding is not counted. `last` is below `first` when there are none. */
  new_ids: { first: number; last: number; count: number }
  user_defined_symbols: { id: number; piece: string }[]
  /** They only fill the vocabulary: a trainer masks them. */
  padding: { id: number; piece: string }[]
  scope: string
  /** How words were normalized for counting (`keep`: as the base's own normalizer does); the tokenizer adds nothing. */
  normalize: string
  /** What the pieces were learned with, as in merges.txt. */
  learned_with: Record<string, string>
}

export function extensionRecord({
  base,
  extended,
  learned,
  userDefinedSymbols,
  paddingIds,
  scope,
}: {
  base: Tokenizer
  extended: Tokenizer
  learned: LearnedMerges
  userDefinedSymbols: readonly string[]
  paddingIds: readonly number[]
  scope: string
}): ExtensionRecord {
  const first = base.pieces.length
  const count = userDefinedSymbols.length + learned.pieces.length
  return {
    format: 'ko-vocab-extension',
    format_version: '1',
    base_sha256: base.sha256 ?? tokenizerHash(base),
    extended_sha256: extended.sha256 ?? tokenizerHash(extended),
    base_rows: first,
    new_ids: { first, last: first + count - 1, count },
    user_defined_symbols: userDefinedSymbols.map((piece, i) => ({ id: first + i, piece })),
    padding: paddingIds.map((id) => ({ id, piece: extended.pieces[id] })),
    scope,
    normalize: learned.meta.normalize ?? 'keep',
    learned_with: learned.meta,
  }
}
