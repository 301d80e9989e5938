import { derivationsOf, openedPieces } from '../../extend/derivations'
import type { LearnedMerges } from '../../merges/types'
import { encodeUtf8 } from '../../text/utf8'
import type { Tokenizer } from '../../tokenizer/types'

/** What a token becomes when the piece that it stands for, or one that it was made of, is taken away. */
export interface TakenBack {
  id: number
  /** The two tokens that it was made of; both -1 for a character, which falls back to its bytes. */
  left: number
  right: number
  /** Tokens that come in its place: 2, or the bytes of a character. */
  tokens: number
}

/**
 * By size n, what one more step back, from n to n - 1 pieces, does to tokens. Index 0 is empty.
 *
 * The new pieces merge in the order of learning, behind all of the base's, so at every size the encoder does the same
 * merges in the same order and only stops earlier: when the next merge in line would make a piece that it does not
 * have. Hence tokens at size n are those at the largest size with the last merges undone, and each token is undone by
 * itself, for no merge ever crossed its edges. A learned piece is undone into the pair that it was learned as, which is
 * the last state of its string before it is whole (see merges/train.ts); a base piece that only a new piece lets merges
 * reach (see extend/splits.ts) into the last pair of its derivation, together with the last new piece in it.
 *
 * @param extended the base with all of the pieces, no symbols and no padding
 * @returns by size 1..n the tokens to undo, longer ones first, since a base piece may hold what is undone with it
 */
export function takeBackSteps(base: Tokenizer, extended: Tokenizer, { pieces }: LearnedMerges): TakenBack[][] {
  const first = base.pieces.length
  const ids = new Map<string, number>()
  for (let id = extended.pieces.length - 1; id >= 0; id--) ids.set(extended.pieces[id], id)
  const steps: TakenBack[][] = [[]]
  for (const [i, { left, right, piece }] of pieces.entries()) {
    const id = first + i
    steps.push([
      left === null
        ? { id, left: -1, right: -1, tokens: base.byteFallback ? encodeUtf8(piece).length : 1 }
        : { id, left: ids.get(left)!, right: ids.get(right!)!, tokens: 2 },
    ])
  }
  const opened = openedPieces(extended, first)
  if (opened.size === 0) return steps
  const derivationOf = derivationsOf(extended)
  for (const [id, parts] of opened) {
    const { left, right } = derivationOf(id)!
    steps[Math.max(...parts) - first + 1].push({ id, left, right, tokens: 2 })
  }
  const lengthOf = ({ id }: TakenBack) => extended.pieces[id].length
  for (const step of steps) if (step.length > 1) step.sort((a, b) => lengthOf(b) - lengthOf(a))
  return steps
}

/**
 * Takes the last piece away, in place: the uses of every token that it undoes go to the tokens in its place.
 *
 * @param uses by id; bytes that a character falls back to are not counted
 * @returns by how many tokens the text grows
 */
export function takeBack(uses: Float64Array, step: readonly TakenBack[]): number {
  let grown = 0
  for (const { id, left, right, tokens } of step) {
    const count = uses[id]
    if (count === 0) continue
    uses[id] = 0
    grown += (tokens - 1) * count
    if (left >= 0) {
      uses[left] += count
      uses[right] += count
    }
  }
  return grown
}
