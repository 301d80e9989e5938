import type { WordCounts } from '../counts/types'
import { KoVocabError } from '../errors'
import { textToKey } from '../text/byte-key'
import { codePointAt, utf8Length } from '../text/utf8'
import { createMergeRoom, mergeSymbols } from '../tokenizer/merge-symbols'
import { createMergeTable } from '../tokenizer/merge-table'
import { createSymbolTable } from '../tokenizer/symbols'
import type { Tokenizer } from '../tokenizer/types'
import { BOUNDARY, type TrainingText } from './text'

export interface LaidOut {
  text: TrainingText
  /**
   * SentencePiece form: characters that are no pieces of the base, most frequent first, ties by code point. Their
   * symbols follow the base's ids, and their keys were appended.
   */
  waiting: { symbol: number; count: number }[]
}

/** Counts must fit 32 bits: two arrays of the length of the text depend on it. */
const COUNT_MAX = 2 ** 32 - 1

/**
 * Every word as the base segments it, laid out for training.
 *
 * @param keys by symbol; grows by the characters that the base lacks
 * @param also code points that get a symbol even if no word holds them
 */
export function layOutWords(base: Tokenizer, words: WordCounts, keys: string[], also: readonly number[] = []): LaidOut {
  const { bytes, offsets, counts } = words
  const merges = createMergeTable(base.merges)
  const room = createMergeRoom()
  const symbolTable = createSymbolTable(base)
  const byteLevel = base.form === 'byte-level'
  const added = new Map<number, { symbol: number; count: number }>()
  const { characters, astral } = symbolTable
  const symbolOf = (codePoint: number): number => {
    const known = codePoint > 0xffff ? (astral.get(codePoint) ?? -1) : characters[codePoint]
    if (known >= 0) return known
    const symbol = keys.length
    keys.push(textToKey(String.fromCodePoint(codePoint)))
    if (codePoint > 0xffff) astral.set(codePoint, symbol)
    else characters[codePoint] = symbol
    added.set(symbol, { symbol, count: 0 })
    return symbol
  }
  if (!byteLevel) for (const codePoint of also) symbolOf(codePoint)
  const firstAdded = base.pieces.length

  let symbols = new Int32Array(bytes.length / (byteLevel ? 2 : 3) + counts.length * 2 + 1024)
  let weights = new Uint32Array(symbols.length)
  let word = new Int32Array(512)
  let used = 0
  symbols[used++] = BOUNDARY
  for (let w = 0; w < counts.length; w++) {
    const weight = counts[w]
    if (weight > COUNT_MAX) {
      throw new KoVocabError(
        'unsupported',
        `the word ${JSON.stringify(new TextDecoder().decode(bytes.subarray(offsets[w], offsets[w + 1])))} was counted ${weight} times, more than ${COUNT_MAX}`,
        'divide all counts by a constant',
      )
    }
    const end = offsets[w + 1]
    if (word.length < end - offsets[w]) word = new Int32Array((end - offsets[w]) * 2)
    let length = 0
    let known = true
    if (byteLevel) {
      for (let at = offsets[w]; at < end; at++) word[length++] = symbolTable.bytes[bytes[at]]
    } else {
      for (let at = offsets[w]; at < end; ) {
        const lead = bytes[at]
        const codePoint = lead === 0x20 ? 0x2581 : codePointAt(bytes, at)
        const symbol = codePoint > 0xffff || characters[codePoint] < 0 ? symbolOf(codePoint) : characters[codePoint]
        if (symbol >= firstAdded) {
          added.get(symbol)!.count += weight
          known = false
        }
        word[length++] = symbol
        at += utf8Length(lead)
      }
    }
    // The base has no merge with a character that it lacks, but may have some beside it.
    if (known || length > 2) length = mergeSymbols(merges, room, word, length)
    if (used + length + 1 > symbols.length) {
      const more = new Int32Array(Math.floor(symbols.length * 1.3) + length + 1)
      more.set(symbols)
      symbols = more
      const heavier = new Uint32Array(more.length)
      heavier.set(weights)
      weights = heavier
    }
    for (let i = 0; i < length; i++) {
      symbols[used] = word[i]
      weights[used++] = weight
    }
    symbols[used++] = BOUNDARY
  }
  const waiting = [...added.values()].sort((a, b) => b.count - a.count || (keys[a.symbol] < keys[b.symbol] ? -1 : 1))
  return { text: { symbols: symbols.subarray(0, used), weights: weights.subarray(0, used) }, waiting }
}
