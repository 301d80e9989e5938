import type { Tokenizer } from '../../tokenizer/types'
import { keyOfPiece } from '../keys'
import type { Registry } from '../registry'
import { firstParts, segmentKey } from '../segment-key'
import type { LearnedPiece } from '../types'

export interface Taken {
  pieces: LearnedPiece[]
  /** By key of a wanted piece that was made: its place in `pieces`, -1 when there was no room. */
  rankOf: ReadonlyMap<string, number>
  /** By key of a wanted piece that was made: the new pieces without which it could not be reached. */
  needs: ReadonlyMap<string, LearnedPiece[]>
}

/**
 * Takes wanted pieces in order as long as they fit, each with what it needs. The rest falls away and changes nothing:
 * all merges that happen while a reachable piece is encoded alone are nodes of its final tree, so without the pieces
 * outside of that tree it is made as before.
 *
 * @param made in an order in which each piece is made of earlier ones
 * @param registry the base and all of `made`
 * @param room how many pieces
 */
export function takePieces(
  base: Tokenizer,
  made: readonly LearnedPiece[],
  wanted: ReadonlySet<string>,
  registry: Registry,
  room: number,
): Taken {
  const keys = made.map(({ piece }) => keyOfPiece(base.form, piece))
  const placeOf = new Map(keys.map((key, i) => [key, i]))
  const taken = new Uint8Array(made.length)
  const needs = new Map<string, LearnedPiece[]>()
  let used = 0
  keys.forEach((key, i) => {
    if (!wanted.has(key)) return
    const parts = [...partsOf(registry, key)].map((part) => placeOf.get(part) ?? -1).filter((place) => place >= 0)
    needs.set(
      key,
      parts.map((place) => made[place]),
    )
    const fresh = [...parts, i].filter((place) => !taken[place])
    if (used + fresh.length > room) return
    for (const place of fresh) taken[place] = 1
    used += fresh.length
  })
  const rankOf = new Map<string, number>()
  const pieces: LearnedPiece[] = []
  made.forEach((piece, i) => {
    if (wanted.has(keys[i])) rankOf.set(keys[i], taken[i] ? pieces.length : -1)
    if (taken[i]) pieces.push(piece)
  })
  return { pieces, rankOf, needs }
}

/** What is made on the way to a piece: its characters, and whatever its merges make before the last. */
function partsOf(registry: Registry, key: string): Set<string> {
  const parts = new Set(registry.splitsBytes ? [] : firstParts(registry, key))
  segmentKey(registry, key, (symbol) => parts.add(registry.keys[symbol]))
  parts.delete(key)
  return parts
}
