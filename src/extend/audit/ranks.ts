/** What the formats demand of the merges: all splits, in the right rank group, behind all of the base's. */
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { collect } from './check'
import type { Check } from './types'
import { newPieces, normalPieces, pairKey, rankOfPairs, readable } from './vocabulary'

/** SentencePiece starts from characters: a piece with a character that is none of its own can never be made. */
export function checkCharacterClosure(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('7-character-closure', 'every character of a new piece is a piece')
  const ids = normalPieces(extended)
  for (const id of newPieces(base, extended)) {
    count()
    for (const char of extended.pieces[id]) {
      if (!ids.has(char)) fail({ id, piece: readable(extended, id), missing: char })
    }
  }
  return check()
}

/**
 * SentencePiece and tiktoken merge whatever spells a piece, so tokenizer.json must list every such pair: all splits of
 * new pieces, and those splits of base pieces that a new piece takes part in.
 */
export function checkAllSplits(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('7-all-splits', 'every split into two pieces is among the merges')
  const ids = normalPieces(extended)
  const ranks = rankOfPairs(extended.merges)
  const firstNew = base.pieces.length
  extended.pieces.forEach((piece, id) => {
    if (extended.kinds[id] !== PieceKind.Normal || piece.length < 2) return
    for (let cut = 1; cut < piece.length; cut++) {
      const left = ids.get(piece.slice(0, cut))
      if (left === undefined) continue
      const right = ids.get(piece.slice(cut))
      if (right === undefined || (id < firstNew && left < firstNew && right < firstNew)) continue
      count()
      if (ranks.has(pairKey(left, right))) continue
      fail({ id, piece: readable(extended, id), left: readable(extended, left), right: readable(extended, right) })
    }
  })
  return check()
}

/**
 * Base first, in the ranks: a merge that makes a new piece stands behind all of the base's and new pieces merge in the
 * order of their ids; a merge that makes a base piece out of a new one stands in that piece's rank group. Where the
 * piece has no merge of its own, its place is that of its score, or of its id without scores.
 */
export function checkRanks(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('4-ranks', 'new merges rank below all of the base, in the order of their ids')
  const { left, right, result } = extended.merges
  const firstNew = base.pieces.length
  const ofBase = rankOfPairs(base.merges)
  const isNew = Array.from(left, (l, rank) => !ofBase.has(pairKey(l, right[rank])))
  const merged = new Set(base.merges.result)
  const order = (id: number) => (base.scores ? -base.scores[id] : id)
  const name = (rank: number) => `${readable(extended, left[rank])} + ${readable(extended, right[rank])}`

  // By rank, what the next merge of the base makes; -1 behind the last one.
  const next = new Int32Array(left.length).fill(-1)
  for (let rank = left.length - 2; rank >= 0; rank--) next[rank] = isNew[rank + 1] ? next[rank + 1] : result[rank + 1]
  let previous = -1
  let highest = -1
  for (let rank = 0; rank < left.length; rank++) {
    const made = result[rank]
    if (!isNew[rank]) {
      previous = made
      continue
    }
    count()
    if (made >= firstNew) {
      if (next[rank] >= 0) fail({ rank, pair: name(rank), why: `a merge of the base comes later`, id: made })
      if (made < highest) fail({ rank, pair: name(rank), id: made, afterId: highest, why: 'ids do not rise' })
      highest = Math.max(highest, made)
    } else if (merged.has(made)) {
      if (previous !== made && next[rank] !== made) {
        fail({ rank, pair: name(rank), id: made, why: 'not beside the other merges of its piece' })
      }
    } else if (
      (previous >= 0 && order(previous) > order(made)) ||
      (next[rank] >= 0 && order(next[rank]) < order(made))
    ) {
      fail({ rank, pair: name(rank), id: made, why: 'not where its piece would merge' })
    }
  }
  return check()
}
