/** The other way round of merges-of.ts: scores for a `.model` from the merges of a tokenizer.json. */
import { mergesFromScores } from '../merges-of'
import type { JsonNode, Tokenizer } from '../types'
import { PieceKind } from '../types'
import { isObject, show } from './text'

/**
 * Scores under which SentencePiece merges in the order of the merges: 0, -1, -2, … for each piece by its first rank,
 * and lower ones by id for pieces that nothing merges into (characters), since no score of theirs is ever looked at.
 * Pieces whose ranks interleave (the whitespace runs of Llama-2) had equal scores once and get equal scores again.
 *
 * @returns the scores by id, or the reason why a `.model` cannot say the same as these merges
 */
export function scoresFromMerges(tokenizer: Tokenizer): Float32Array | string {
  const { merges, pieces, kinds } = tokenizer
  const count = merges.left.length
  const last = new Int32Array(pieces.length).fill(-1)
  for (let rank = 0; rank < count; rank++) last[merges.result[rank]] = rank

  const scores = new Float32Array(pieces.length)
  const scored = new Uint8Array(pieces.length)
  let score = 0
  for (let rank = 0; rank < count; score--) {
    let end = last[merges.result[rank]]
    for (; rank <= end; rank++) {
      const id = merges.result[rank]
      scores[id] = score
      scored[id] = 1
      if (last[id] > end) end = last[id]
    }
  }
  for (let id = 0; id < pieces.length; id++) if (kinds[id] === PieceKind.Normal && !scored[id]) scores[id] = score--

  const again = mergesFromScores(pieces, scores, kinds)
  const name = (left: number, right: number) => show(`${pieces[left]} ${pieces[right]}`)
  for (let rank = 0; rank < Math.max(count, again.left.length); rank++) {
    if (again.left[rank] === merges.left[rank] && again.right[rank] === merges.right[rank]) continue
    if (rank >= count) return `SentencePiece would also merge ${name(again.left[rank], again.right[rank])}`
    const other =
      rank < again.left.length ? `, SentencePiece's would be ${name(again.left[rank], again.right[rank])}` : ''
    return `merge ${rank} is ${name(merges.left[rank], merges.right[rank])}${other}`
  }
  return scores
}

/**
 * Whether the normalizer puts `▁` before the text, when normalizer and pre-tokenizer say no more than what a `.model`
 * with the identity rules does; otherwise the reason.
 */
export function dummyPrefixOf({ normalizer, preTokenizer }: Tokenizer): boolean | string {
  if (preTokenizer) return `it has a ${preTokenizer.type} pre-tokenizer`
  const nodes =
    normalizer?.type === 'Sequence' ? (normalizer.normalizers as JsonNode[]) : normalizer ? [normalizer] : []
  const isReplace = (node: JsonNode | undefined) =>
    node?.type === 'Replace' && isObject(node.pattern) && node.pattern.String === ' ' && node.content === '▁'
  if (nodes.length === 1 && isReplace(nodes[0])) return false
  if (nodes.length === 2 && nodes[0].type === 'Prepend' && nodes[0].prepend === '▁' && isReplace(nodes[1])) return true
  return `its normalizer is not "Prepend ▁, Replace space by ▁": ${show(normalizer)}`
}
