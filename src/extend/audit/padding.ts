import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { collect } from './check'
import type { Check } from './types'

/**
 * Invariant 8: padding ids fill the rows of the embedding up to a multiple. They come after all others without a gap,
 * have names, are no part or result of a merge and no ordinary piece, and no text gave one.
 *
 * @param produced by id: 1 where an encoding of this audit gave it
 */
export function checkPadding(
  base: Tokenizer,
  extended: Tokenizer,
  paddingIds: readonly number[],
  produced: Uint8Array,
): Check {
  const { count, fail, skip, check } = collect('8-padding', 'padding ids are named, come last and are never given')
  if (paddingIds.length === 0) {
    skip('there are none')
    return check()
  }
  const ids = [...paddingIds].sort((a, b) => a - b)
  const padding = new Set(ids)
  const size = Math.max(extended.pieces.length, ids[ids.length - 1] + 1)
  const merged = new Set([...extended.merges.left, ...extended.merges.right, ...extended.merges.result])
  ids.forEach((id, i) => {
    count()
    const piece = extended.pieces[id] ?? ''
    if (id < base.pieces.length) fail({ id, piece, why: 'an id of the base' })
    else if (id !== size - ids.length + i) fail({ id, piece, why: 'not among the last ids', lastIds: ids.length })
    else if (piece === '') fail({ id, why: 'has no name' })
    else if (merged.has(id)) fail({ id, piece, why: 'takes part in a merge' })
    else if (extended.kinds[id] === PieceKind.Normal) fail({ id, piece, why: 'is an ordinary piece' })
    else if (produced[id]) fail({ id, piece, why: 'was given for a text' })
  })
  if (padding.size !== ids.length) fail({ why: 'an id is listed twice' })
  return check()
}
