import type { Merges, Tokenizer } from '../tokenizer/types'
import { PieceKind } from '../tokenizer/types'

/**
 * The merges of an extended vocabulary: the base's in their order, then every split of every new piece into two pieces,
 * pieces in the order of their ids, the splits of a piece by their ids: what reading the `.model` or the rank file gives
 * (see mergesFromScores), so that all formats have one hash.
 *
 * SentencePiece and tiktoken merge whatever spells a piece; tokenizer.json must list each such pair. That goes for base
 * pieces too: a new `BC` lets (`A`, `BC`) spell a base piece `ABC` which its own merges could not reach. Such a pair
 * stands in ABC's rank group, or where the group would be when ABC has no merge at all.
 *
 * @param pieces all pieces by id, new ones included
 * @param firstNew the first new id
 */
export function extendedMerges(
  base: Tokenizer,
  pieces: readonly string[],
  kinds: Uint8Array,
  firstNew: number,
): Merges {
  const ids = new Map<string, number>()
  for (let id = pieces.length - 1; id >= 0; id--) if (kinds[id] === PieceKind.Normal) ids.set(pieces[id], id)

  const added: { left: number; right: number; result: number }[] = []
  for (let id = firstNew; id < pieces.length; id++) {
    if (kinds[id] !== PieceKind.Normal) continue
    for (const [left, right] of splitsOf(pieces[id], ids)) added.push({ left, right, result: id })
  }
  const opened = openedSplits(pieces, kinds, firstNew, ids)
  return join(base, opened, added)
}

/** All ways to cut a piece between characters into two pieces, by id of the left one. */
function splitsOf(piece: string, ids: ReadonlyMap<string, number>): [number, number][] {
  const splits: [number, number][] = []
  for (let cut = piece.length - 1; cut > 0; cut--) {
    const left = ids.get(piece.slice(0, cut))
    if (left === undefined) continue
    const right = ids.get(piece.slice(cut))
    if (right !== undefined) splits.push([left, right])
  }
  return splits.sort((a, b) => a[0] - b[0] || a[1] - b[1])
}

/** Splits of base pieces with a new piece in them, by the base piece. */
function openedSplits(
  pieces: readonly string[],
  kinds: Uint8Array,
  firstNew: number,
  ids: ReadonlyMap<string, number>,
): Map<number, [number, number][]> {
  const opened = new Map<number, [number, number][]>()
  const firsts = new Set<number>()
  const lasts = new Set<number>()
  for (let id = firstNew; id < pieces.length; id++) {
    if (kinds[id] !== PieceKind.Normal) continue
    firsts.add(pieces[id].charCodeAt(0))
    lasts.add(pieces[id].charCodeAt(pieces[id].length - 1))
  }
  for (let id = 0; id < firstNew; id++) {
    const piece = pieces[id]
    if (kinds[id] !== PieceKind.Normal || piece.length < 2) continue
    if (!firsts.has(piece.charCodeAt(0)) && !lasts.has(piece.charCodeAt(piece.length - 1))) continue
    const splits = splitsOf(piece, ids).filter(([left, right]) => left >= firstNew || right >= firstNew)
    if (splits.length > 0) opened.set(id, splits)
  }
  return opened
}

function join(
  base: Tokenizer,
  opened: ReadonlyMap<number, [number, number][]>,
  added: readonly { left: number; right: number; result: number }[],
): Merges {
  const { left, right, result } = base.merges
  let extra = 0
  for (const splits of opened.values()) extra += splits.length
  const length = left.length + extra + added.length
  const merges: Merges = {
    left: new Int32Array(length),
    right: new Int32Array(length),
    result: new Int32Array(length),
  }
  let at = 0
  const push = (l: number, r: number, made: number) => {
    merges.left[at] = l
    merges.right[at] = r
    merges.result[at++] = made
  }
  const lastRank = new Map<number, number>()
  for (let rank = 0; rank < result.length; rank++) if (opened.has(result[rank])) lastRank.set(result[rank], rank)
  // Pieces without a merge: before the first merge of a piece that SentencePiece or tiktoken would merge later.
  const loose = [...opened.keys()].filter((id) => !lastRank.has(id)).sort((a, b) => order(base, a) - order(base, b))
  let nextLoose = 0
  for (let rank = 0; rank < result.length; rank++) {
    while (nextLoose < loose.length && order(base, loose[nextLoose]) < order(base, result[rank])) {
      for (const [l, r] of opened.get(loose[nextLoose])!) push(l, r, loose[nextLoose])
      nextLoose++
    }
    const own = opened.get(result[rank])
    while (own && own.length > 0 && before(own[0], left[rank], right[rank])) push(...own.shift()!, result[rank])
    push(left[rank], right[rank], result[rank])
    if (own && lastRank.get(result[rank]) === rank) for (const [l, r] of own) push(l, r, result[rank])
  }
  for (; nextLoose < loose.length; nextLoose++) {
    for (const [l, r] of opened.get(loose[nextLoose])!) push(l, r, loose[nextLoose])
  }
  for (const split of added) push(split.left, split.right, split.result)
  return merges
}

function before([left, right]: readonly [number, number], otherLeft: number, otherRight: number): boolean {
  return left < otherLeft || (left === otherLeft && right < otherRight)
}

/** Where a piece merges among the others: by score where there are scores, else by id. */
function order(base: Tokenizer, id: number): number {
  return base.scores ? -base.scores[id] : id
}
