/** Training speaks of pieces by their keys: from a tokenizer's spelling of a piece to its key and back. */
import { bytesToKey, keyToBytes, textToKey } from '../text/byte-key'
import { encodeUtf8 } from '../text/utf8'
import { bytesToPiece, pieceToBytes } from '../tokenizer/byte-alphabet'
import { type Form, PieceKind, type Tokenizer } from '../tokenizer/types'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The key of a piece; '' for pieces that never take part in merges (control, unknown, `<0xNN>`, holes).
 *
 * @param id the piece's id, -1 for a piece that the tokenizer does not have
 */
export function pieceToKey(tokenizer: Pick<Tokenizer, 'form' | 'kinds'>, piece: string, id: number): string {
  if (id >= 0 && tokenizer.kinds[id] !== PieceKind.Normal) return ''
  const bytes = tokenizer.form === 'byte-level' && id >= 0 ? pieceToBytes(piece) : encodeUtf8(piece)
  return bytes ? bytesToKey(bytes) : ''
}

/** The piece as its tokenizer spells it: text with `▁`, or the byte alphabet. */
export function keyToPiece(form: Form, key: string): string {
  return form === 'byte-level' ? bytesToPiece(keyToBytes(key)) : decoder.decode(keyToBytes(key))
}

/** The inverse of {@link keyToPiece}. */
export function keyOfPiece(form: Form, piece: string): string {
  const bytes = form === 'byte-level' ? pieceToBytes(piece) : null
  return bytes ? bytesToKey(bytes) : textToKey(piece)
}
