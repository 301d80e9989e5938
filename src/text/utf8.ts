/** UTF-8 as plain bytes: lengths, code points, validity. Everything works in place, on a range of a Uint8Array. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Text → UTF-8. A lone surrogate becomes U+FFFD, as everywhere on the web. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** UTF-8 → text. Each maximal invalid part becomes one U+FFFD (WHATWG, Rust's `from_utf8_lossy`); a BOM is kept. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** How many bytes of a text's beginning are its byte order mark: 3 or 0. */
export function markLength(bytes: Uint8Array): 0 | 3 {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

/** How many bytes the character takes that begins with this lead byte (1 to 4). Only for valid UTF-8. */
export function utf8Length(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** The code point that begins at `at`. Only for valid UTF-8. */
export function codePointAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return lead
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | (bytes[at + 1] & 0x3f)
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f)
  return ((lead & 0x07) << 18) | ((bytes[at + 1] & 0x3f) << 12) | ((bytes[at + 2] & 0x3f) << 6) | (bytes[at + 3] & 0x3f)
}

/**
 * Where the first invalid byte sequence of [start, end) begins, or `end` when all of it is valid UTF-8.
 * Overlong forms, surrogates (`ED A0..BF`), code points above U+10FFFF and cut characters are invalid
 * (table 3-7 of the Unicode Standard).
 */
export function firstInvalidUtf8(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const lead = bytes[at]
    if (lead < 0x80) {
      at++
      continue
    }
    if (lead < 0xc2 || lead > 0xf4) return at
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (at + length > end) return at
    const second = bytes[at + 1]
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) return at
    if (length > 2 && (bytes[at + 2] & 0xc0) !== 0x80) return at
    if (length > 3 && (bytes[at + 3] & 0xc0) !== 0x80) return at
    at += length
  }
  return end
}

/** Whether [start, end) is valid UTF-8. */
export function isValidUtf8(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  return firstInvalidUtf8(bytes, start, end) === end
}

/**
 * The bytes of [start, end) with each maximal invalid part replaced by U+FFFD (`EF BF BD`). The same memory comes back
 * when there is nothing to replace.
 */
export function toWellFormedUtf8(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  const range = bytes.subarray(start, end)
  return isValidUtf8(range) ? range : encodeUtf8(decodeUtf8(range))
}

/** The text with each lone surrogate replaced by U+FFFD, as `String.prototype.toWellFormed` (ES2024) does. */
export function toWellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text
}
