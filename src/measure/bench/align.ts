/**
 * Lays tokens on the text they were made of, to say where in it they begin. White space is passed over on both sides, so
 * it does not matter whether `▁` stands in a token, is a token of its own, or was added in front of the text.
 */
import { encodeUtf8 } from '../../text/utf8'
import { isSpace } from '../text-counts'

/** The text without its ASCII white space, as UTF-8. */
export interface Ink {
  bytes: Uint8Array
  length: number
  /** By byte: the number of its eojeol; -1 in other white space (U+00A0, U+3000). */
  wordAt: Int32Array
  words: number
}

export function inkOf(text: string): Ink {
  const all = encodeUtf8(text)
  const bytes = new Uint8Array(all.length)
  const wordAt = new Int32Array(all.length)
  let length = 0
  let words = 0
  let inWord = false
  for (let i = 0; i < all.length; i++) {
    const byte = all[i]
    if (isAsciiSpace(byte)) {
      inWord = false
      continue
    }
    const wide = wideSpace(all, i)
    if (wide > 0) {
      for (let end = i + wide; i < end; i++) {
        bytes[length] = all[i]
        wordAt[length++] = -1
      }
      i--
      inWord = false
      continue
    }
    if (!inWord) words++
    inWord = true
    bytes[length] = byte
    wordAt[length++] = words - 1
  }
  return { bytes, length, wordAt, words }
}

/** By UTF-16 unit of the text, and one behind it: how many bytes of {@link Ink} come before. */
export function inkPositions(text: string): Int32Array {
  const positions = new Int32Array(text.length + 1)
  let at = 0
  for (let i = 0; i < text.length; i++) {
    positions[i] = at
    const unit = text.charCodeAt(i)
    if (unit < 0x80) at += isSpace(unit) ? 0 : 1
    else if (unit < 0x800) at += 2
    else if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      at += 4
      positions[++i] = at
    } else at += 3
  }
  positions[text.length] = at
  return positions
}

/**
 * Where tokens begin in `ink`, rising, each place once, neither its begin nor its end; null when the tokens' bytes are
 * not those of the text, as after an unknown piece or where a normalizer changed characters.
 */
export function alignTokens(ink: Ink, ids: ArrayLike<number>, bytes: readonly (Uint8Array | null)[]): number[] | null {
  const begins: number[] = []
  let at = 0
  for (let i = 0; i < ids.length; i++) {
    const token = bytes[ids[i]]
    if (!token) return null
    const begin = at
    for (const byte of token) {
      if (isAsciiSpace(byte)) continue
      if (at >= ink.length || ink.bytes[at] !== byte) return null
      at++
    }
    if (at > begin && begin > 0) begins.push(begin)
  }
  return at === ink.length ? begins : null
}

/** Whether a place lies inside an eojeol. */
export function insideWord({ wordAt }: Ink, at: number): boolean {
  return wordAt[at] >= 0 && wordAt[at] === wordAt[at - 1]
}

function isAsciiSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

/** Bytes of U+00A0 or U+3000 at this place, 0 for none. */
function wideSpace(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0xc2 && bytes[at + 1] === 0xa0) return 2
  return bytes[at] === 0xe3 && bytes[at + 1] === 0x80 && bytes[at + 2] === 0x80 ? 3 : 0
}
