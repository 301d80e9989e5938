import { encodeUtf8 } from '../text/utf8'
import { bytesToPiece } from '../tokenizer/byte-alphabet'
import { createMergeRoom, mergeSymbols } from '../tokenizer/merge-symbols'
import { createMergeTable, removeMerge } from '../tokenizer/merge-table'
import { byteSymbols, characterSymbols, createSymbolTable, type SymbolTable } from '../tokenizer/symbols'
import type { Tokenizer } from '../tokenizer/types'

/** Merges words, with pieces that can be taken away one by one. */
export interface WordMerger {
  symbols: SymbolTable
  /** The ids of a word; the view is overwritten by the next call. */
  merge: (word: Uint8Array) => Int32Array
  /** A word in the vocabulary's spelling. */
  spell: (word: string) => string
  /** Takes the merges of a piece away, and the piece as a first symbol. */
  remove: (id: number) => void
}

export function createWordMerger(tokenizer: Tokenizer): WordMerger {
  const symbols = createSymbolTable(tokenizer)
  const { left, right, result } = tokenizer.merges
  const table = createMergeTable(tokenizer.merges)
  const room = createMergeRoom()
  const byteLevel = tokenizer.form === 'byte-level'
  let into = new Int32Array(256)
  let ranksOf: Map<number, number[]> | undefined
  return {
    symbols,
    spell: byteLevel ? (word) => bytesToPiece(encodeUtf8(word)) : (word) => word,
    merge(word) {
      if (into.length < word.length) into = new Int32Array(word.length * 2)
      const count = byteLevel
        ? byteSymbols(symbols, word, 0, word.length, into)
        : characterSymbols(symbols, tokenizer, word, 0, word.length, false, into, null)
      return into.subarray(0, mergeSymbols(table, room, into, count))
    },
    remove(id) {
      ranksOf ??= ranksByResult(result)
      for (const rank of ranksOf.get(id) ?? []) removeMerge(table, left[rank], right[rank])
      const codePoint = tokenizer.pieces[id].codePointAt(0)!
      if (!byteLevel && tokenizer.pieces[id] === String.fromCodePoint(codePoint)) {
        if (codePoint > 0xffff) symbols.astral.delete(codePoint)
        else symbols.characters[codePoint] = -1
      }
    },
  }
}

function ranksByResult(result: Int32Array): Map<number, number[]> {
  const ranks = new Map<number, number[]>()
  result.forEach((id, rank) => {
    const list = ranks.get(id)
    if (list) list.push(rank)
    else ranks.set(id, [rank])
  })
  return ranks
}
