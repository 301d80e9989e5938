/** Views of a tokenizer's vocabulary that several checks need. */
import { decodeUtf8, encodeUtf8, firstInvalidUtf8, isValidUtf8 } from '../../text/utf8'
import { pieceToBytes } from '../../tokenizer/byte-alphabet'
import { createMergeRoom, mergeSymbols } from '../../tokenizer/merge-symbols'
import { createMergeTable } from '../../tokenizer/merge-table'
import { type Merges, PieceKind, type Tokenizer } from '../../tokenizer/types'

/** The bytes that an id stands for in text: `▁` is a space, `<0xEA>` one byte. Null for a hole. */
export function bytesOf(tokenizer: Tokenizer, id: number): Uint8Array | null {
  const piece = tokenizer.pieces[id] ?? ''
  if (piece === '') return null
  const kind = tokenizer.kinds[id]
  if (kind === PieceKind.Byte) return Uint8Array.of(Number.parseInt(piece.slice(3, 5), 16))
  if (tokenizer.form === 'sentencepiece') return encodeUtf8(piece.replaceAll('▁', ' '))
  return (kind === PieceKind.Normal ? pieceToBytes(piece) : null) ?? encodeUtf8(piece)
}

/** What a piece says as text, null where its bytes are no whole characters. */
export function textOf(tokenizer: Tokenizer, id: number): string | null {
  const bytes = bytesOf(tokenizer, id)
  return bytes && isValidUtf8(bytes) ? decodeUtf8(bytes) : null
}

/** The whole characters that a piece begins with: a new byte-level piece may end inside one. */
export function wholeTextOf(tokenizer: Tokenizer, id: number): string {
  const bytes = bytesOf(tokenizer, id) ?? new Uint8Array(0)
  return decodeUtf8(bytes.subarray(0, firstInvalidUtf8(bytes, 0, bytes.length)))
}

/** A piece as a person reads it: its text, or its bytes in hex. */
export function readable(tokenizer: Tokenizer, id: number): string {
  const piece = tokenizer.pieces[id] ?? ''
  if (tokenizer.form === 'sentencepiece' || tokenizer.kinds[id] !== PieceKind.Normal) return piece
  const text = textOf(tokenizer, id)
  if (text !== null) return text
  return Array.from(bytesOf(tokenizer, id) ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** String → id of the pieces that can merge or be first symbols. */
export function normalPieces(tokenizer: Tokenizer): Map<string, number> {
  const ids = new Map<string, number>()
  for (let id = tokenizer.pieces.length - 1; id >= 0; id--) {
    if (tokenizer.kinds[id] === PieceKind.Normal) ids.set(tokenizer.pieces[id], id)
  }
  return ids
}

/** Ids of the new pieces that are ordinary ones: neither user-defined nor padding. */
export function newPieces(base: Tokenizer, extended: Tokenizer): number[] {
  const ids: number[] = []
  for (let id = base.pieces.length; id < extended.pieces.length; id++) {
    if (extended.kinds[id] === PieceKind.Normal) ids.push(id)
  }
  return ids
}

/** A pair of ids as one number. */
export function pairKey(left: number, right: number): number {
  return left * 2 ** 26 + right
}

/** Pair → rank; of a pair that stands twice the last, as Hugging Face keeps it. */
export function rankOfPairs({ left, right }: Merges): Map<number, number> {
  const ranks = new Map<number, number>()
  for (let rank = 0; rank < left.length; rank++) ranks.set(pairKey(left[rank], right[rank]), rank)
  return ranks
}

/**
 * Merges the characters of a piece by the merges alone, without normalizer, pre-tokenizer or `ignore_merges`. In both
 * forms a character of the piece's spelling is a first symbol (a byte, in the byte alphabet).
 *
 * @returns its ids; null when a character is no piece
 */
export function pieceEncoder(tokenizer: Tokenizer): (piece: string) => Int32Array | null {
  const ids = normalPieces(tokenizer)
  const table = createMergeTable(tokenizer.merges)
  const room = createMergeRoom()
  return (piece) => {
    const symbols: number[] = []
    for (const char of piece) {
      const id = ids.get(char)
      if (id === undefined) return null
      symbols.push(id)
    }
    const merged = Int32Array.from(symbols)
    return merged.subarray(0, mergeSymbols(table, room, merged, merged.length))
  }
}
