import { KoVocabError } from '../errors'
import type { LearnedMerges, LearnedPiece } from '../merges/types'
import { tokenizerHash } from '../tokenizer/hash'
import { readablePiece } from '../tokenizer/readable-piece'
import type { Tokenizer } from '../tokenizer/types'
import { type Derivation, derivationsOf } from './derivations'
import { extendTokenizer } from './extend'

/** What an extended tokenizer has that its base has not. */
export interface AddedPieces {
  /** Ids behind the base's, rising: user-defined symbols, learned pieces, padding, in this order. */
  symbols: number[]
  learned: number[]
  padding: number[]
  /** By learned id. */
  derivations: Map<number, Derivation>
}

/**
 * Tells apart what was added to a base, and makes sure that it was added as {@link extendTokenizer} does it.
 *
 * @param paddingIds where known (extension.json has them); else special added tokens named as padTokenizer names them
 * @throws KoVocabError `mismatch` when the tokenizer is no such extension of this base; `unsupported` for other special
 * tokens behind the base
 */
export function addedPieces(base: Tokenizer, extended: Tokenizer, paddingIds?: readonly number[]): AddedPieces {
  const first = base.pieces.length
  const padding = new Set(paddingIds)
  const tokens = new Map(extended.addedTokens.map((token) => [token.id, token]))
  const added: AddedPieces = { symbols: [], learned: [], padding: [], derivations: new Map() }
  for (let id = first; id < extended.pieces.length; id++) {
    const token = tokens.get(id)
    if (padding.has(id) || (!paddingIds && token?.special && /^<\|padding_\d+\|>$/.test(token.content))) {
      added.padding.push(id)
    } else if (!token) added.learned.push(id)
    else if (token.special && !paddingIds) {
      throw new KoVocabError(
        'unsupported',
        `id ${id}, ${JSON.stringify(token.content)}, is a special token that was added to the base`,
        'name the ids that only pad the vocabulary, or take it out of added_tokens',
      )
    } else added.symbols.push(id)
  }
  const derivationOf = derivationsOf(extended)
  const readable = readablePiece(extended)
  for (const id of added.learned) {
    const derivation = derivationOf(id)
    if (derivation) added.derivations.set(id, derivation)
    else throw foreign(base, `id ${id}, ${JSON.stringify(readable(id))}, is not reached by its merges`)
  }
  const order = [...added.symbols, ...added.learned, ...added.padding]
  if (order.some((id, i) => id !== first + i)) throw foreign(base, 'its new ids are in another order')
  const again = extendTokenizer(base, learnedOf(extended, added, added.learned), {
    userDefinedSymbols: added.symbols.map((id) => extended.pieces[id]),
  })
  if (again.sha256 !== tokenizerHash(withoutPadding(extended, again.pieces.length))) {
    throw foreign(base, 'the base with the same pieces added makes another tokenizer')
  }
  return added
}

/** Some of the learned pieces, as extendTokenizer takes them; counts are those of `before`, 0 where it has none. */
export function learnedOf(
  extended: Tokenizer,
  { derivations }: AddedPieces,
  ids: readonly number[],
  before: LearnedMerges = { pieces: [], meta: {} },
): LearnedMerges {
  const { pieces } = extended
  const counts = new Map(before.pieces.map(({ piece, count }) => [piece, count]))
  const entry = (id: number): LearnedPiece => {
    const { left, right } = derivations.get(id)!
    return {
      piece: pieces[id],
      left: left < 0 ? null : pieces[left],
      right: right < 0 ? null : pieces[right],
      count: counts.get(pieces[id]) ?? 0,
    }
  }
  return { pieces: ids.map(entry), meta: before.meta }
}

function withoutPadding(extended: Tokenizer, size: number): Tokenizer {
  return {
    ...extended,
    pieces: extended.pieces.slice(0, size),
    addedTokens: extended.addedTokens.filter((token) => token.id < size),
  }
}

function foreign(base: Tokenizer, why: string): KoVocabError {
  return new KoVocabError(
    'mismatch',
    `this is no extension of the base ${(base.sha256 ?? tokenizerHash(base)).slice(0, 16)}…: ${why}`,
    'give the base that was extended; ko-vocab audit and diff say more',
  )
}
