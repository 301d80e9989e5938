/** Two files of one folder that describe the same tokenizer must say the same. */
import { KoVocabError } from '../../errors'
import type { Merges, Tokenizer } from '../types'
import { PieceKind } from '../types'
import { MAX_ID, show } from './text'

/**
 * Checks that tokenizer.json and a `.model` or rank file agree in pieces by id, and that the merges of tokenizer.json
 * are, as a set, those that the scores or ranks imply. Order is not compared: tokenizer.json's is the one that is used.
 *
 * tokenizer.json may hold more: added tokens above the other file's last id.
 *
 * @throws KoVocabError `mismatch` that names the first difference
 */
export function requireAgreement(json: Tokenizer, jsonFile: string, other: Tokenizer, otherFile: string): void {
  const differ = (what: string) =>
    new KoVocabError(
      'mismatch',
      `${jsonFile} and ${otherFile} do not agree: ${what}`,
      'they come from different tokenizers: remove the one that does not belong to the model',
    )
  if (json.form !== other.form) throw differ(`the first is ${json.form}, the second ${other.form}`)
  const added = new Set(json.addedTokens.map((token) => token.id))
  const count = Math.max(json.pieces.length, other.pieces.length)
  for (let id = 0; id < count; id++) {
    const a = json.pieces[id] ?? ''
    const b = other.pieces[id] ?? ''
    if (a === b || (b === '' && added.has(id))) continue
    throw differ(
      `id ${id} is ${a === '' ? 'no piece' : show(a)} in the first, ${b === '' ? 'no piece' : show(b)} in the second`,
    )
  }
  const inJson = pairsOf(json.merges, other.kinds)
  const inOther = pairsOf(other.merges, other.kinds)
  const name = ({ left, right }: Merges, rank: number) => show(`${json.pieces[left[rank]]} ${json.pieces[right[rank]]}`)
  for (const [key, rank] of inJson) {
    if (!inOther.has(key))
      throw differ(`merge ${rank} of the first, ${name(json.merges, rank)}, does not follow from the second`)
  }
  for (const [key, rank] of inOther) {
    if (!inJson.has(key)) throw differ(`the second merges ${name(other.merges, rank)}, the first does not`)
  }
}

/** Pair → rank. Merges that make or use added tokens never happen, whoever lists them. */
function pairsOf(merges: Merges, kinds: Uint8Array): Map<number, number> {
  const normal = (id: number) => kinds[id] === PieceKind.Normal
  const pairs = new Map<number, number>()
  for (let rank = 0; rank < merges.left.length; rank++) {
    const left = merges.left[rank]
    const right = merges.right[rank]
    if (normal(left) && normal(right) && normal(merges.result[rank])) pairs.set(left * MAX_ID * 2 + right, rank)
  }
  return pairs
}

/** tokenizer.json's tokenizer with what only the other file knows: scores, kinds, the bytes of the file. */
export function joined(json: Tokenizer, other: Tokenizer): Tokenizer {
  const kinds = Uint8Array.from(json.kinds)
  let scores: Float32Array | null = null
  if (other.scores) {
    scores = new Float32Array(json.pieces.length)
    scores.set(other.scores)
  }
  if (other.form === 'sentencepiece') kinds.set(other.kinds)
  return {
    ...json,
    kinds,
    scores,
    sources: { ...other.sources, json: json.sources.json, sidecars: json.sources.sidecars },
  }
}
