import { decodeUtf8, encodeUtf8, isValidUtf8, toWellFormed } from '../../text/utf8'
import { bytesToPiece } from '../../tokenizer/byte-alphabet'
import { createEncoder, encode } from '../../tokenizer/encoder'
import { splitAddedTokens } from '../../tokenizer/pipeline/added-tokens'
import { compilePreTokenizer } from '../../tokenizer/pipeline/pre-tokenize'
import { modelPieces } from '../../tokenizer/symbols'
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { pairKey, rankOfPairs } from './vocabulary'

/**
 * Invariant 4 as a program, plain and slow: encodes each word with the base, lets new characters take the place of
 * their byte pieces, and goes on from there with the merges of the extension, lowest rank and leftmost first. The base
 * has left none of its own merges open, so what happens next is new merges and what those open.
 */
export function continueBase(base: Tokenizer, extended: Tokenizer): (text: string) => number[] {
  const split = splitAddedTokens(extended)
  const preTokenize = compilePreTokenizer(base.preTokenizer, base.form)
  // The words come from the pipeline: the base's model alone is left.
  const model = createEncoder(
    { ...base, addedTokens: [], normalizer: null, preTokenizer: null },
    { cacheWords: 1 << 12 },
  )
  const ranks = rankOfPairs(extended.merges)
  const { result } = extended.merges
  const wholes = extended.ignoreMerges ? modelPieces(extended) : new Map<string, number>()
  const characters = newCharacters(base, extended)

  const encodeWord = (word: string): number[] => {
    const whole = wholes.get(extended.form === 'byte-level' ? bytesToPiece(encodeUtf8(word)) : word)
    if (whole !== undefined) return [whole]
    const ids = joinCharacters(base, Array.from(encode(model, word)), characters)
    for (;;) {
      let best = -1
      let bestRank = Number.POSITIVE_INFINITY
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = ranks.get(pairKey(ids[i], ids[i + 1]))
        if (rank !== undefined && rank < bestRank) {
          best = i
          bestRank = rank
        }
      }
      if (best < 0) return ids
      ids.splice(best, 2, result[bestRank])
    }
  }
  return (text) =>
    split(toWellFormed(text)).flatMap((segment, i) =>
      segment.id !== undefined ? [segment.id] : preTokenize(segment.text, i === 0).flatMap(encodeWord),
    )
}

function newCharacters(base: Tokenizer, extended: Tokenizer): Map<string, number> {
  const characters = new Map<string, number>()
  if (extended.form === 'byte-level') return characters
  for (let id = base.pieces.length; id < extended.pieces.length; id++) {
    const piece = extended.pieces[id]
    if (extended.kinds[id] === PieceKind.Normal && [...piece].length === 1) characters.set(piece, id)
  }
  return characters
}

/** Runs of byte pieces that spell new characters become those. */
function joinCharacters(base: Tokenizer, ids: number[], characters: ReadonlyMap<string, number>): number[] {
  if (characters.size === 0) return ids
  const joined: number[] = []
  let run: number[] = []
  const flush = () => {
    const bytes = Uint8Array.from(run, (id) => Number.parseInt(base.pieces[id].slice(3, 5), 16))
    let at = 0
    for (const char of isValidUtf8(bytes) ? decodeUtf8(bytes) : '') {
      const size = encodeUtf8(char).length
      const id = characters.get(char)
      if (id !== undefined) joined.push(id)
      else joined.push(...run.slice(at, at + size))
      at += size
    }
    joined.push(...run.slice(at))
    run = []
  }
  for (const id of ids) {
    if (base.kinds[id] === PieceKind.Byte) {
      run.push(id)
      continue
    }
    flush()
    joined.push(id)
  }
  flush()
  return joined
}
