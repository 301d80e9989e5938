import { decodeUtf8, isValidUtf8 } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { type Form, PieceKind, type Tokenizer } from './types'

/** A piece as people read it: text where its bytes are text, `<0xEC>` for other bytes, a space as `▁` in both forms. */
export function readablePiece(tokenizer: Pick<Tokenizer, 'form' | 'pieces' | 'kinds'>): (id: number) => string {
  const read = readableText(tokenizer.form)
  return (id) => {
    const piece = tokenizer.pieces[id] ?? ''
    return tokenizer.kinds[id] === PieceKind.Normal ? read(piece) : piece
  }
}

/** The same for the string of an ordinary piece. */
export function readableText(form: Form): (piece: string) => string {
  return (piece) => {
    const bytes = form === 'byte-level' ? pieceToBytes(piece) : null
    if (!bytes) return piece
    if (isValidUtf8(bytes)) return decodeUtf8(bytes).replaceAll(' ', '▁')
    return mixed(bytes)
  }
}

/** Whole characters as text, the bytes of cut ones in hexadecimal. */
function mixed(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]
    const size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    if (at + size <= bytes.length && isValidUtf8(bytes, at, at + size)) {
      text += decodeUtf8(bytes.subarray(at, at + size)).replaceAll(' ', '▁')
      at += size
    } else {
      text += `<0x${lead.toString(16).toUpperCase().padStart(2, '0')}>`
      at++
    }
  }
  return text
}
