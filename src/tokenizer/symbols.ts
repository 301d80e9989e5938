import { codePointAt, utf8Length } from '../text/utf8'
import { byteToChar } from './byte-alphabet'
import type { Tokenizer } from './types'

/** Text → the first symbols of BPE, as lookups. */
export interface SymbolTable {
  /** By BMP code point: id of the character's piece, -1 where there is none. SentencePiece form. */
  characters: Int32Array
  /** The same beyond the BMP. */
  astral: Map<number, number>
  /** By byte: id of its piece (`<0xNN>`, or the byte alphabet's), -1 where there is none. */
  bytes: Int32Array
  /** Pairs of characters that stand side by side inside some piece: `left * 2^21 + right` as code points. */
  neighbours: Set<number>
  /** True when no piece holds a space behind something else, so that text may be cut before a space. */
  cutsAtSpaces: boolean
  /** True when Hangul stands in no piece beside another script, a leading space apart. */
  cutsAtHangul: boolean
}

const SPACE_MARK = 0x2581

export function createSymbolTable(tokenizer: Tokenizer): SymbolTable {
  const table: SymbolTable = {
    characters: new Int32Array(tokenizer.form === 'sentencepiece' ? 0x10000 : 0).fill(-1),
    astral: new Map(),
    bytes: new Int32Array(256).fill(-1),
    neighbours: new Set(),
    cutsAtSpaces: true,
    cutsAtHangul: true,
  }
  const inModel = modelPieces(tokenizer)
  if (tokenizer.form === 'byte-level') {
    for (let byte = 0; byte < 256; byte++) table.bytes[byte] = inModel.get(byteToChar(byte)) ?? -1
    return table
  }
  for (let byte = 0; byte < 256; byte++) {
    table.bytes[byte] = inModel.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? -1
  }
  for (const [piece, id] of inModel) {
    const first = piece.codePointAt(0)!
    if (piece.length === (first > 0xffff ? 2 : 1)) {
      if (first > 0xffff) table.astral.set(first, id)
      else table.characters[first] = id
    }
  }
  const { result } = tokenizer.merges
  const seen = new Uint8Array(tokenizer.pieces.length)
  for (let rank = 0; rank < result.length; rank++) {
    if (seen[result[rank]]) continue
    seen[result[rank]] = 1
    noteNeighbours(table, tokenizer.pieces[result[rank]])
  }
  return table
}

function noteNeighbours(table: SymbolTable, piece: string): void {
  let previous = -1
  for (let i = 0; i < piece.length; i++) {
    const codePoint = piece.codePointAt(i)!
    if (codePoint > 0xffff) i++
    if (previous >= 0) {
      table.neighbours.add(previous * 2 ** 21 + codePoint)
      if (codePoint === SPACE_MARK && previous !== SPACE_MARK) table.cutsAtSpaces = false
      const here = isHangul(codePoint)
      const before = isHangul(previous)
      if (here !== before && !(here && previous === SPACE_MARK)) table.cutsAtHangul = false
    }
    previous = codePoint
  }
}

/** What the encoder's scan takes for Hangul: syllables only. */
function isHangul(codePoint: number): boolean {
  return codePoint >= 0xac00 && codePoint <= 0xd7a3
}

/** Piece → id of the model's vocabulary; a string that is also an added token keeps the model's id. */
export function modelPieces(tokenizer: Tokenizer): Map<string, number> {
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  const pieces = new Map<string, number>()
  for (const pass of [true, false]) {
    tokenizer.pieces.forEach((piece, id) => {
      if (piece !== '' && added.has(id) === pass) pieces.set(piece, id)
    })
  }
  return pieces
}

/**
 * SentencePiece form: ids of the characters of text[start .. end), unknown ones as bytes, else as unk.
 * A space counts as `▁` where `spaceIsMark`. `into` and `cuts` have room for a symbol a byte.
 *
 * @param cuts by symbol: becomes 1 where no merge can cross, because the two characters there are neighbours in no piece
 *
 * @returns the number of symbols
 */
export function characterSymbols(
  table: SymbolTable,
  tokenizer: Tokenizer,
  text: Uint8Array,
  start: number,
  end: number,
  spaceIsMark: boolean,
  into: Int32Array,
  cuts: Uint8Array | null,
): number {
  let count = 0
  let previous = -1
  let afterUnknown = false
  for (let at = start; at < end; ) {
    const size = utf8Length(text[at])
    const raw = codePointAt(text, at)
    const codePoint = raw === 0x20 && spaceIsMark ? SPACE_MARK : raw
    const id = codePoint > 0xffff ? (table.astral.get(codePoint) ?? -1) : table.characters[codePoint]
    if (cuts) cuts[count] = id < 0 || previous < 0 || !table.neighbours.has(previous * 2 ** 21 + codePoint) ? 1 : 0
    if (id >= 0) {
      into[count++] = id
      previous = codePoint
      afterUnknown = false
    } else {
      previous = -1
      if (tokenizer.byteFallback && hasBytes(table, text, at, size)) {
        for (let i = 0; i < size; i++) {
          if (cuts) cuts[count] = 1
          into[count++] = table.bytes[text[at + i]]
        }
        afterUnknown = false
      } else {
        if (tokenizer.unkId >= 0 && !(afterUnknown && tokenizer.fuseUnk)) into[count++] = tokenizer.unkId
        afterUnknown = true
      }
    }
    at += size
  }
  return count
}

function hasBytes(table: SymbolTable, text: Uint8Array, at: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (table.bytes[text[at + i]] < 0) return false
  return true
}

/** Byte-level form: ids of the bytes of text[start .. end); bytes without a piece are passed over, as Hugging Face does. */
export function byteSymbols(
  table: SymbolTable,
  text: Uint8Array,
  start: number,
  end: number,
  into: Int32Array,
): number {
  let count = 0
  for (let at = start; at < end; at++) {
    const id = table.bytes[text[at]]
    if (id >= 0) into[count++] = id
  }
  return count
}
