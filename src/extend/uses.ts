import { encodeUtf8 } from '../text/utf8'
import type { Tokenizer } from '../tokenizer/types'
import { openedPieces } from './derivations'
import type { UsedWords } from './used-words'
import { createWordMerger } from './word-merger'

/** How often each id stands in some words, while pieces are taken away. */
export interface Uses {
  /** By id. */
  of: Float64Array
  /** Takes a piece away that no other new piece is made of, and counts anew the words that held it. */
  remove: (id: number) => void
}

/**
 * Counts uses exactly. Words are kept as the ids they have now; for each new piece, the words that have held it, as
 * a token or inside a base piece that it opened.
 *
 * @param firstNew the first id that may be taken away
 */
export function countUses(tokenizer: Tokenizer, words: UsedWords | undefined, firstNew: number): Uses {
  const of = new Float64Array(tokenizer.pieces.length)
  const merger = createWordMerger(tokenizer)
  const bytes = (words?.words ?? []).map((word) => encodeUtf8(word))
  const ids: Int32Array[] = []
  const holders = new Map<number, number[]>()
  const opened = openedPieces(tokenizer, firstNew)
  const hold = (id: number, word: number) => {
    const list = holders.get(id)
    // A piece that stands twice in a word is noted once.
    if (!list) holders.set(id, [word])
    else if (list[list.length - 1] !== word) list.push(word)
  }
  const note = (word: number) => {
    const count = words!.counts[word]
    for (const id of ids[word]) {
      of[id] += count
      if (id >= firstNew) hold(id, word)
      else for (const part of opened.get(id) ?? []) hold(part, word)
    }
  }
  bytes.forEach((word, i) => {
    ids.push(merger.merge(word).slice())
    note(i)
  })
  for (const [id, count] of words?.symbols ?? []) of[id] += count
  return {
    of,
    remove(id) {
      merger.remove(id)
      for (const word of holders.get(id) ?? []) {
        for (const held of ids[word]) of[held] -= words!.counts[word]
        ids[word] = merger.merge(bytes[word]).slice()
        note(word)
      }
      holders.delete(id)
    },
  }
}
