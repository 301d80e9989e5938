import { KoVocabError } from '../errors'
import type { LearnedMerges } from '../merges/types'
import { tokenizerHash } from '../tokenizer/hash'
import { type AddedToken, PieceKind, type Tokenizer } from '../tokenizer/types'
import { scoresBelow } from './scores'
import { extendedMerges } from './splits'

export interface ExtendOptions {
  /**
   * Strings that become one id wherever they stand, before anything else; they get the first new ids. Added tokens in
   * tokenizer.json, USER_DEFINED in a `.model`, special tokens for tiktoken.
   */
  userDefinedSymbols?: readonly string[]
}

/**
 * Adds learned pieces to a base tokenizer. Base ids, pieces, scores, added tokens, normalizer and pre-tokenizer stay;
 * new ids follow the highest base id, added tokens counted; new merges rank below all of the base's.
 *
 * @throws mismatch when the pieces were learned from another base, repeat a base piece or have a half that is no piece
 */
export function extendTokenizer(base: Tokenizer, learned: LearnedMerges, options: ExtendOptions = {}): Tokenizer {
  const baseHash = base.sha256 ?? tokenizerHash(base)
  const learnedFrom = learned.meta.base
  if (learnedFrom !== undefined && learnedFrom !== baseHash) {
    throw new KoVocabError(
      'mismatch',
      `the merges were learned from the base ${learnedFrom.slice(0, 16)}…, this base is ${baseHash.slice(0, 16)}…`,
      'give the base that the merges were learned from, or learn them again',
    )
  }
  const firstNew = base.pieces.length
  const symbols = options.userDefinedSymbols ?? []
  const pieces = base.pieces.concat(symbols)
  const ids = new Map<string, number>()
  base.pieces.forEach((piece, id) => {
    if (piece !== '') ids.set(piece, id)
  })
  symbols.forEach((symbol, i) => {
    if (symbol === '') throw new KoVocabError('bad-option', 'a user-defined symbol is empty')
    if (ids.has(symbol)) {
      throw new KoVocabError(
        'mismatch',
        `the user-defined symbol ${JSON.stringify(symbol)} is id ${ids.get(symbol)} already`,
        'leave it out',
      )
    }
    ids.set(symbol, firstNew + i)
  })
  for (const { piece, left, right } of learned.pieces) {
    const there = ids.get(piece)
    if (there !== undefined) {
      throw new KoVocabError('mismatch', `the learned piece ${JSON.stringify(piece)} is id ${there} already`)
    }
    requireParts(base, ids, piece, left, right)
    ids.set(piece, pieces.length)
    pieces.push(piece)
  }
  const kinds = new Uint8Array(pieces.length).fill(PieceKind.Normal)
  kinds.set(base.kinds)
  kinds.fill(PieceKind.UserDefined, firstNew, firstNew + symbols.length)

  const extended: Tokenizer = {
    ...base,
    pieces,
    kinds,
    scores: base.scores && extendedScores(base, base.scores, symbols.length, pieces.length),
    merges: extendedMerges(base, pieces, kinds, firstNew),
    addedTokens: base.addedTokens.concat(symbols.map((content, i) => userDefined(content, firstNew + i))),
  }
  extended.sha256 = tokenizerHash(extended)
  return extended
}

function userDefined(content: string, id: number): AddedToken {
  return { id, content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special: false }
}

function extendedScores(base: Tokenizer, old: Float32Array, symbols: number, size: number): Float32Array {
  let lowest = 0
  for (let id = 0; id < old.length; id++) if (base.pieces[id] !== '' && old[id] < lowest) lowest = old[id]
  const scores = new Float32Array(size)
  scores.set(old)
  const first = base.pieces.length + symbols
  scores.set(scoresBelow(lowest, size - first), first)
  return scores
}

/** A learned piece is a character of its own, or its two halves are pieces that came before it. */
function requireParts(
  base: Tokenizer,
  ids: ReadonlyMap<string, number>,
  piece: string,
  left: string | null,
  right: string | null,
): void {
  if (left === null || right === null) {
    const characters = [...piece].length
    if (characters === 1 && base.form === 'sentencepiece') return
    throw new KoVocabError(
      'mismatch',
      `the learned piece ${JSON.stringify(piece)} stands without the pair that makes it`,
      'only single characters of SentencePiece vocabularies may',
    )
  }
  const missing = !ids.has(left) ? left : !ids.has(right) ? right : null
  if (missing !== null || left + right !== piece) {
    throw new KoVocabError(
      'mismatch',
      missing === null
        ? `the learned piece ${JSON.stringify(piece)} is not what its halves spell: ${JSON.stringify(left + right)}`
        : `the learned piece ${JSON.stringify(piece)} needs ${JSON.stringify(missing)}, which is no piece before it`,
      'keep the pieces in the order in which they were learned, with everything they are made of',
    )
  }
}
