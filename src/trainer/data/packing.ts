/** How the tokens of a source are laid into blocks of one length. */
import { KoVocabError } from '../../errors'
import { packBestFit } from './best-fit'
import type { TokenStore } from './token-store'

/** Tokens [start, start + length) of a store. */
export interface TokenRange {
  start: number
  length: number
}

/**
 * - `cut`: all documents one after another, cut every so many tokens (GPT-2, Megatron-LM, nanoGPT): no padding but at
 *   the very end; a document goes on in the next block, which does not see its beginning
 * - `whole`: best-fit packing, which cuts no document that fits into a block, for a little padding
 */
export type PackingKind = 'cut' | 'whole'

export interface Packing {
  kind: PackingKind
  /** Tokens a block. */
  length: number
  /** Blocks that all tokens of the store take. */
  rows: number
  /** Places in them that hold no token. */
  padding: number
  /** What a block holds, in order; together no longer than `length`. Every token stands in one block, once. */
  ranges: (row: number) => TokenRange[]
}

/** @throws KoVocabError `bad-option` for a length that is no whole number above 0 */
export function packTokens(store: TokenStore, length: number, kind: PackingKind = 'cut'): Packing {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new KoVocabError('bad-option', `a block must hold a whole number of tokens above 0, not ${length}`)
  }
  if (kind === 'whole') return packBestFit(store, length)
  const rows = Math.ceil(store.tokens / length)
  return {
    kind,
    length,
    rows,
    padding: rows * length - store.tokens,
    ranges: (row) => {
      const start = row * length
      return [{ start, length: Math.min(length, store.tokens - start) }]
    },
  }
}
