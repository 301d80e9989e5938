/**
 * SentencePiece models and tiktoken rank files hold no merges: any two neighbours merge whose concatenation is a piece,
 * the best score or lowest rank first. tokenizer.json names the pairs. These functions write the pairs out.
 */
import type { Merges } from './types'
import { PieceKind } from './types'

interface Splits extends Merges {
  length: number
}

/**
 * All merges of a SentencePiece BPE vocabulary in the order of the published tokenizer.json files (Llama-2, Mistral):
 * pieces by id, the splits of a piece by (left id, right id), all of that stably sorted by falling score.
 *
 * That is transformers' `generate_merges` as it was when those files were made. Later versions break ties of the score
 * by the length of the parts as well, which reorders the splits of single pieces and pieces of equal score.
 *
 * Only normal and user-defined pieces take part, since SentencePiece never merges into or from control, unknown and
 * byte pieces.
 *
 * @param pieces by id; `''` is no piece
 * @param scores by id
 * @param kinds by id, {@link PieceKind}
 */
export function mergesFromScores(pieces: readonly string[], scores: Float32Array, kinds: Uint8Array): Merges {
  const mergeable = (id: number) => kinds[id] === PieceKind.Normal || kinds[id] === PieceKind.UserDefined
  const splits = allSplits(pieces, mergeable)
  const { left, right, result } = splits
  const order = new Uint32Array(splits.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  order.sort((a, b) => scores[result[b]] - scores[result[a]] || a - b)
  return {
    left: Int32Array.from(order, (i) => left[i]),
    right: Int32Array.from(order, (i) => right[i]),
    result: Int32Array.from(order, (i) => result[i]),
  }
}

/**
 * All merges of a tiktoken rank vocabulary, in the order transformers' `TikTokenConverter` gives them: by id of the
 * result, then id of the left part, then id of the right part.
 *
 * @param pieces by id (= rank), in the byte alphabet; `''` is no piece
 * @param kinds by id, {@link PieceKind}; only normal pieces take part (special tokens never merge)
 */
export function mergesFromRanks(pieces: readonly string[], kinds: Uint8Array): Merges {
  const { left, right, result } = allSplits(pieces, (id) => kinds[id] === PieceKind.Normal)
  return { left, right, result }
}

/** Every split of every piece into two pieces, by id of the piece; within a piece by (left id, right id). */
function allSplits(pieces: readonly string[], mergeable: (id: number) => boolean): Splits {
  const idOf = new Map<string, number>()
  for (let id = 0; id < pieces.length; id++) if (pieces[id] !== '' && mergeable(id)) idOf.set(pieces[id], id)

  let capacity = pieces.length * 2 + 16
  let left = new Int32Array(capacity)
  let right = new Int32Array(capacity)
  let result = new Int32Array(capacity)
  let length = 0
  for (let id = 0; id < pieces.length; id++) {
    const piece = pieces[id]
    if (piece.length < 2 || idOf.get(piece) !== id) continue
    const first = length
    for (let cut = 1; cut < piece.length; cut++) {
      const unit = piece.charCodeAt(cut)
      if (unit >= 0xdc00 && unit < 0xe000) continue // inside a surrogate pair
      const l = idOf.get(piece.slice(0, cut))
      if (l === undefined) continue
      const r = idOf.get(piece.slice(cut))
      if (r === undefined) continue
      if (length === capacity) {
        capacity *= 2
        left = grown(left, capacity)
        right = grown(right, capacity)
        result = grown(result, capacity)
      }
      // Insertion sort: a piece has few splits. Left parts of one piece differ in length, so left ids are distinct.
      let at = length++
      while (at > first && left[at - 1] > l) {
        left[at] = left[at - 1]
        right[at] = right[at - 1]
        at--
      }
      left[at] = l
      right[at] = r
      result[length - 1] = id
    }
  }
  return {
    left: left.slice(0, length),
    right: right.slice(0, length),
    result: result.slice(0, length),
    length,
  }
}

function grown(array: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(capacity)
  copy.set(array)
  return copy
}
