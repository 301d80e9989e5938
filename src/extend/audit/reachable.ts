/** Invariant 5 at the level of symbols; {@link checkReachableBy} asks the referees. */
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { collect, pause, sameIds, someIds } from './check'
import type { Check, OpenReferee } from './types'
import { newPieces, pieceEncoder, readable } from './vocabulary'

/**
 * The characters of each new piece, merged by the merges alone (no `ignore_merges`, no pre-tokenizer, no dummy
 * prefix), give exactly its id. A piece of one character is its own first symbol.
 */
export function checkReachable(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('5-reachable', 'every new piece encodes to its own id')
  const encode = pieceEncoder(extended)
  for (const id of newPieces(base, extended)) {
    count()
    const ids = encode(extended.pieces[id])
    if (!ids || !sameIds(ids, [id])) {
      fail({ id, piece: readable(extended, id), ids: ids ? someIds(ids) : 'a character is no piece' })
    }
  }
  return check()
}

/** Base pieces that merges could reach before can be reached still. Some never could (588 in Llama-3). */
export function checkBaseReachable(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, note, check } = collect('5-base-reachable', 'base pieces that were reachable still are')
  const before = pieceEncoder(base)
  const now = pieceEncoder(extended)
  let unreachable = 0
  base.pieces.forEach((piece, id) => {
    if (base.kinds[id] !== PieceKind.Normal) return
    const old = before(piece)
    if (!old || !sameIds(old, [id])) {
      unreachable++
      return
    }
    count()
    const ids = now(piece)
    if (!ids || !sameIds(ids, [id])) fail({ id, piece: readable(base, id), ids: ids ? someIds(ids) : 'none' })
  })
  if (unreachable > 0) note(`${unreachable} pieces of the base cannot be reached by its merges, before as after`)
  return check()
}

export async function checkReachableBy(
  base: Tokenizer,
  extended: Tokenizer,
  name: string,
  file: string,
  referee: OpenReferee,
): Promise<Check> {
  const { count, fail, check } = collect(`5-reachable-${name}`, `every new piece encodes to its own id in ${file}`)
  for (const id of newPieces(base, extended)) {
    count()
    if ((check().counted & 0x7ff) === 0) await pause()
    const ids = referee.encodePiece(extended.pieces[id])
    if (!sameIds(ids, [id])) fail({ id, piece: readable(extended, id), ids: someIds(ids) })
  }
  return check()
}
