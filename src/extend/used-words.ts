import { encodeUtf8, toWellFormed } from '../text/utf8'
import { splitAddedTokens } from '../tokenizer/pipeline/added-tokens'
import { compilePreTokenizer } from '../tokenizer/pipeline/pre-tokenize'
import { modelPieces } from '../tokenizer/symbols'
import type { Tokenizer } from '../tokenizer/types'
import { openedPieces } from './derivations'
import { createWordMerger } from './word-merger'

/** The words of a text in which an extension's new pieces stand, each once. */
export interface UsedWords {
  /** Normalized, `▁` for a space in SentencePiece form. No merge crosses their edges. */
  words: string[]
  /** How often each was seen. */
  counts: number[]
  /** By id, user-defined symbols only: how often each was seen. */
  symbols: Map<number, number>
  lines: number
}

export interface UseCounter {
  /** Takes a line, a text of its own. */
  add: (line: string) => void
  /** What was seen so far; grows with further lines. */
  used: UsedWords
}

/** Words without a new piece that are remembered, so that they need not be merged each time. */
const OTHERS_MAX = 1 << 18

/**
 * Counts the words that {@link pruneExtension} needs: those that the extended tokenizer cuts text into, and that hold a
 * new piece. Memory: the distinct ones.
 */
export function createUseCounter(base: Tokenizer, extended: Tokenizer): UseCounter {
  const split = splitAddedTokens(extended)
  const preTokenize = compilePreTokenizer(extended.preTokenizer, extended.form)
  const merger = createWordMerger(extended)
  const cut = wordCutter(extended, merger.symbols.cutsAtSpaces, merger.symbols.cutsAtHangul)
  // With `ignore_merges` a word that is a base piece is taken whole, now as after pruning.
  const wholes = extended.ignoreMerges ? modelPieces(base) : null
  const used: UsedWords = { words: [], counts: [], symbols: new Map(), lines: 0 }
  const opened = openedPieces(extended, base.pieces.length)
  const concerned = (id: number) => id >= base.pieces.length || opened.has(id)
  const places = new Map<string, number>()
  const others = new Set<string>()

  const addWord = (word: string) => {
    const place = places.get(word)
    if (place !== undefined) {
      used.counts[place]++
      return
    }
    if (others.has(word)) return
    // A slice would keep the whole block of text alive that it was cut from.
    const kept = word.length < 13 ? word : ` ${word}`.slice(1)
    if (wholes?.has(merger.spell(word)) || !merger.merge(encodeUtf8(word)).some(concerned)) {
      if (others.size >= OTHERS_MAX) others.clear()
      others.add(kept)
      return
    }
    places.set(kept, used.words.length)
    used.words.push(kept)
    used.counts.push(1)
  }
  return {
    used,
    add(line) {
      used.lines++
      split(toWellFormed(line)).forEach((segment, i) => {
        if (segment.id !== undefined) {
          if (segment.id >= base.pieces.length) used.symbols.set(segment.id, (used.symbols.get(segment.id) ?? 0) + 1)
          return
        }
        for (const preToken of preTokenize(segment.text, i === 0)) cut(preToken, addWord)
      })
    },
  }
}

/** Cuts a pre-token further where no piece reaches across; SentencePiece form has whole lines for pre-tokens. */
function wordCutter(
  { form }: Tokenizer,
  atSpaces: boolean,
  atHangul: boolean,
): (text: string, emit: (word: string) => void) => void {
  if (form === 'byte-level' || !atSpaces) return (text, emit) => emit(text)
  const word = atHangul ? /▁*[가-힣]+|▁*[^▁가-힣]+|▁+/g : /▁*[^▁]+|▁+/g
  return (text, emit) => {
    for (const found of text.match(word) ?? []) emit(found)
  }
}
