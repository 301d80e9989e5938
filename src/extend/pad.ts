import { KoVocabError } from '../errors'
import { tokenizerHash } from '../tokenizer/hash'
import { PieceKind, type Tokenizer } from '../tokenizer/types'

export interface PaddedTokenizer {
  tokenizer: Tokenizer
  /** The ids that only fill the vocabulary, rising; empty when it has the right size already. */
  paddingIds: number[]
}

/**
 * Fills a vocabulary up to a multiple, so that the rows of its embedding suit the hardware. The padding ids come last
 * and are special added tokens with names of their own, as Llama-3's reserved ones: no text without such a name gives
 * one, and every format can carry them.
 *
 * @param multiple ids in all are a multiple of this; from 1, which adds none
 * @throws KoVocabError `bad-option` for another multiple
 */
export function padTokenizer(tokenizer: Tokenizer, multiple: number): PaddedTokenizer {
  if (!Number.isSafeInteger(multiple) || multiple < 1) {
    throw new KoVocabError('bad-option', `pad-to-multiple is ${multiple}`, 'give a whole number from 1')
  }
  const first = tokenizer.pieces.length
  const missing = (multiple - (first % multiple)) % multiple
  if (missing === 0) return { tokenizer, paddingIds: [] }
  const taken = new Set(tokenizer.pieces)
  const names: string[] = []
  for (let n = 0; names.length < missing; n++) {
    const name = `<|padding_${n}|>`
    if (!taken.has(name)) names.push(name)
  }
  const paddingIds = names.map((_, i) => first + i)
  const kinds = new Uint8Array(first + missing).fill(PieceKind.Control)
  kinds.set(tokenizer.kinds)
  let { scores } = tokenizer
  if (scores) {
    scores = new Float32Array(first + missing)
    scores.set(tokenizer.scores!)
  }
  const added = names.map((content, i) => ({
    id: first + i,
    content,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }))
  const padded: Tokenizer = {
    ...tokenizer,
    pieces: tokenizer.pieces.concat(names),
    kinds,
    scores,
    addedTokens: tokenizer.addedTokens.concat(added),
  }
  return { tokenizer: { ...padded, sha256: tokenizerHash(padded) }, paddingIds }
}
