/**
 * GPT-2's byte alphabet: each of the 256 bytes written as one printable character, so that byte sequences can stand in
 * JSON strings. Bytes that are printable in Latin-1 stand for themselves, the others get U+0100, U+0101, … in order
 * (`bytes_to_unicode` of https://github.com/openai/gpt-2/blob/master/src/encoder.py).
 */

const CHAR_OF_BYTE = new Uint16Array(256)
/** By char code below 0x144: the byte, or -1. The alphabet's last character is U+0143. */
const BYTE_OF_CHAR = new Int16Array(0x144).fill(-1)

let next = 0x100
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  const char = printable ? byte : next++
  CHAR_OF_BYTE[byte] = char
  BYTE_OF_CHAR[char] = byte
}

/** The character that stands for a byte (0-255). */
export function byteToChar(byte: number): string {
  return String.fromCharCode(CHAR_OF_BYTE[byte])
}

/** Spells bytes in the byte alphabet, one character a byte: `[0x20, 0x61]` → `Ġa`. */
export function bytesToPiece(bytes: Uint8Array): string {
  let piece = ''
  for (let i = 0; i < bytes.length; i++) piece += String.fromCharCode(CHAR_OF_BYTE[bytes[i]])
  return piece
}

/** The bytes that a piece spells, or null when one of its characters is outside the alphabet. */
export function pieceToBytes(piece: string): Uint8Array | null {
  const bytes = new Uint8Array(piece.length)
  for (let i = 0; i < piece.length; i++) {
    const char = piece.charCodeAt(i)
    const byte = char < BYTE_OF_CHAR.length ? BYTE_OF_CHAR[char] : -1
    if (byte < 0) return null
    bytes[i] = byte
  }
  return bytes
}
