/** Invariant 1 in memory: every base id keeps its piece, its merges their order, its scores their bits. */
import { canonicalJson } from '../../tokenizer/hash'
import { type AddedToken, PieceKind, type Tokenizer } from '../../tokenizer/types'
import { collect, show } from './check'
import type { Check } from './types'
import { pairKey } from './vocabulary'

export function checkIdsStay(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('1-ids-stay', 'every base id keeps its piece, kind and added-token flags')
  const added = new Map(extended.addedTokens.map((token) => [token.id, token]))
  base.pieces.forEach((piece, id) => {
    count()
    const now = extended.pieces[id]
    if (now !== piece) fail({ id, base: piece, extended: now ?? '(no such id)' })
    else if (extended.kinds[id] !== base.kinds[id]) {
      fail({ id, piece, baseKind: base.kinds[id], extendedKind: extended.kinds[id] })
    }
  })
  for (const token of base.addedTokens) {
    const now = added.get(token.id)
    if (!now || !sameToken(token, now)) {
      fail({ id: token.id, base: canonicalJson(token), extended: now ? canonicalJson(now) : '(no added token)' })
    }
  }
  const beforeNew = new Set(base.addedTokens.map((token) => token.id))
  for (const token of extended.addedTokens) {
    if (token.id < base.pieces.length && !beforeNew.has(token.id)) {
      fail({ id: token.id, base: '(no added token)', extended: canonicalJson(token) })
    }
  }
  if (extended.unkId !== base.unkId) fail({ what: 'unk id', base: base.unkId, extended: extended.unkId })
  return check()
}

export function sameToken(a: AddedToken, b: AddedToken): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

/** Whatever else an encoder looks at is as it was: otherwise no proof over the merges says anything. */
export function checkPipelineStays(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('1-pipeline-stays', 'normalizer, pre-tokenizer, decoder and model flags stay')
  const keys = [
    'form',
    'normalizer',
    'preTokenizer',
    'postProcessor',
    'decoder',
    'byteFallback',
    'fuseUnk',
    'ignoreMerges',
  ] as const
  for (const key of keys) {
    count()
    if (canonicalJson(base[key]) !== canonicalJson(extended[key])) {
      fail({ what: key, base: show(canonicalJson(base[key])), extended: show(canonicalJson(extended[key])) })
    }
  }
  return check()
}

/** The base's merges are all there, make what they made, and keep their order. New ones may stand between them. */
export function checkMergesStay(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('1-merges-stay', 'base merges are all there, in their order')
  const places = new Map<number, number>()
  const { left, right, result } = extended.merges
  for (let rank = left.length - 1; rank >= 0; rank--) places.set(pairKey(left[rank], right[rank]), rank)
  let last = -1
  for (let rank = 0; rank < base.merges.left.length; rank++) {
    count()
    const l = base.merges.left[rank]
    const r = base.merges.right[rank]
    const place = places.get(pairKey(l, r))
    const pair = `${base.pieces[l]} ${base.pieces[r]}`
    if (place === undefined) fail({ pair, baseRank: rank, extendedRank: '(none)' })
    else if (result[place] !== base.merges.result[rank]) {
      fail({ pair, baseRank: rank, baseMakes: base.merges.result[rank], extendedMakes: result[place] })
    } else if (place <= last) fail({ pair, baseRank: rank, extendedRank: place, afterRank: last })
    if (place !== undefined) last = Math.max(last, place)
  }
  return check()
}

/** Bit by bit: SentencePiece compares float32, and a score that moved by one unit may change the order. */
export function checkScoresStay(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, skip, check } = collect('1-scores-stay', 'base scores are the same float32 values')
  if (!base.scores) skip('the base has no scores')
  else if (!extended.scores) fail({ base: 'has scores', extended: 'has none' })
  else {
    const bits = new Uint32Array(base.scores.slice().buffer)
    const now = new Uint32Array(extended.scores.slice(0, bits.length).buffer)
    for (let id = 0; id < bits.length; id++) {
      count()
      if (bits[id] !== now[id]) {
        fail({ id, piece: base.pieces[id], base: base.scores[id], extended: extended.scores[id] ?? '(none)' })
      }
    }
  }
  return check()
}

/**
 * New scores: each another float32, each below all of the base's, falling as ids rise. Equal ones would merge leftmost
 * first in SentencePiece and by rank in tokenizer.json.
 */
export function checkNewScores(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, skip, check } = collect('4-new-scores', 'new scores are distinct, below all others, falling')
  const { scores } = extended
  if (!scores || !base.scores) {
    // Characters then have the lowest scores, since no merge makes them; that the file says the same is 1-files' matter.
    skip('the base has no scores: they are made from the merges when a .model is written')
    return check()
  }
  let last = 0
  let lastId = -1
  for (let id = 0; id < base.pieces.length; id++) {
    if (base.pieces[id] !== '' && scores[id] < last) {
      last = scores[id]
      lastId = id
    }
  }
  for (let id = base.pieces.length; id < extended.pieces.length; id++) {
    if (extended.kinds[id] !== PieceKind.Normal) continue
    count()
    if (!(scores[id] < last)) fail({ id, piece: extended.pieces[id], score: scores[id], notBelow: last, ofId: lastId })
    last = scores[id]
    lastId = id
  }
  return check()
}
