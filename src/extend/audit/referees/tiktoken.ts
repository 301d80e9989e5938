import { encodeUtf8 } from '../../../text/utf8'
import { splitAddedTokens } from '../../../tokenizer/pipeline/added-tokens'
import { compilePreTokenizer } from '../../../tokenizer/pipeline/pre-tokenize'
import { tiktokenReferenceEncoder } from '../../../tokenizer/reference'
import { isRankFile, readBack } from '../read-back'
import type { Referee } from '../types'

/**
 * A rank file under tiktoken's rules, written out plainly: the regex of its companion file, then the adjacent parts
 * whose concatenation has the lowest rank. Special tokens in text are taken (`allowed_special="all"`).
 */
export const tiktokenReferee: Referee = {
  name: 'tiktoken',
  version: 'rules of tiktoken, written out',
  reads: isRankFile,
  open: async (name, files) => {
    const tokenizer = readBack(name, files)
    const split = splitAddedTokens(tokenizer)
    const preTokenize = compilePreTokenizer(tokenizer.preTokenizer, tokenizer.form)
    const encodeWord = tiktokenReferenceEncoder(tokenizer)
    const added = new Set(tokenizer.addedTokens.map((token) => token.id))
    const ranks = new Map<string, number>()
    tokenizer.pieces.forEach((piece, id) => {
      if (piece !== '' && !added.has(id)) ranks.set(piece, id)
    })
    return {
      encode: (text) =>
        split(text).flatMap((segment, i) =>
          segment.id !== undefined
            ? [segment.id]
            : preTokenize(segment.text, i === 0).flatMap((word) => encodeWord(encodeUtf8(word))),
        ),
      encodePiece: (piece) => mergeByRank(ranks, piece),
      idOf: (piece) => tokenizer.addedTokens.find((token) => token.content === piece)?.id ?? ranks.get(piece),
    }
  },
}

/** tiktoken's `_byte_pair_merge`, without the look-up of the whole that comes before it. */
function mergeByRank(ranks: ReadonlyMap<string, number>, piece: string): number[] {
  const parts = [...piece]
  for (;;) {
    let best = -1
    let bestRank = Number.POSITIVE_INFINITY
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(parts[i] + parts[i + 1]) ?? Number.POSITIVE_INFINITY
      if (rank < bestRank) {
        best = i
        bestRank = rank
      }
    }
    if (best < 0) return parts.map((part) => ranks.get(part) ?? -1)
    parts.splice(best, 2, parts[best] + parts[best + 1])
  }
}
