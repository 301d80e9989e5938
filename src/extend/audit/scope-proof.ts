import type { Scope } from '../../text/scope'
import { pieceInScope } from '../../text/scope'
import type { Tokenizer } from '../../tokenizer/types'
import { piecesWithoutHangul } from './asked-changes'
import { collect } from './check'
import type { Check } from './types'
import { bytesOf, newPieces, pairKey, rankOfPairs, readable } from './vocabulary'

/**
 * The proof that no text outside the scope can change, over the merges and pieces alone.
 *
 * Base and extended encoder differ in their merges and in what is a first symbol or a whole word, nothing else
 * (1-pipeline-stays). Take a text on which they part ways, and the first step where they do. That step
 *
 * - takes a new piece as a first symbol or, with `ignore_merges`, as a whole word: its bytes stand in the text; or
 * - applies a merge that the base lacks. It makes a new piece, whose bytes stand in the text; or it makes a base piece
 *   of two parts of which one is new, and that part had to be made first: not the first step; or
 * - applies a base merge in another order: excluded, since base merges keep their order (1-merges-stay).
 *
 * So the text holds the bytes of a new piece. Each of these is, by {@link pieceInScope}, an optional space and then
 * whole characters of the scope, the last of which may be cut where every character with that beginning lies in the
 * scope's blocks; or, where the scope has superwords, several of these. Text without a character of the scope or its blocks holds no such bytes: UTF-8 characters do not
 * overlap. Hence it is enough that every new piece is in scope and every new merge makes a new piece or has one as
 * part. User-defined symbols are asked for, not learned; they change the text they name.
 */
export function checkScopeProof(base: Tokenizer, extended: Tokenizer, scope: Scope): Check {
  const { count, fail, note, check } = collect('3-scope-proof', 'no new piece or merge can occur outside the scope')
  const firstNew = base.pieces.length
  const ordinary = newPieces(base, extended)
  for (const id of ordinary) {
    count()
    const bytes = bytesOf(extended, id)!
    if (pieceInScope(scope, bytes)) continue
    fail({ id, piece: readable(extended, id), bytes: hex(bytes), why: `not in scope ${scope.name}` })
  }
  for (const told of piecesWithoutHangul(extended, ordinary)) note(told)
  const isOrdinary = new Set(ordinary)
  const ofBase = rankOfPairs(base.merges)
  const { left, right, result } = extended.merges
  for (let rank = 0; rank < left.length; rank++) {
    if (ofBase.has(pairKey(left[rank], right[rank]))) continue
    count()
    if (isOrdinary.has(result[rank])) continue
    if (result[rank] < firstNew && (isOrdinary.has(left[rank]) || isOrdinary.has(right[rank]))) continue
    const pair = `${readable(extended, left[rank])} + ${readable(extended, right[rank])}`
    fail({ rank, pair, id: result[rank], why: 'a new merge of base pieces alone' })
  }
  const symbols = extended.addedTokens.filter((token) => token.id >= firstNew).length
  if (symbols > 0) note(`${symbols} new added tokens change the text that holds them, as asked`)
  return check()
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
