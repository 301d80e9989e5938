/**
 * The compiled character map of a SentencePiece normalizer (`precompiled_charsmap`): the size of a trie as uint32, the
 * trie (a double array of uint32 as https://github.com/s-yata/darts-clone writes it), then the normalized strings, each
 * ended by a NUL byte. All numbers are little endian (normalizer.cc, EncodePrecompiledCharsMap).
 */
import { decodeUtf8, encodeUtf8 } from '../text/utf8'

/** What the map makes of exactly this text, or null when it holds no such entry (or the map is damaged). */
export function mapped(charsmap: Uint8Array, text: string): string | null {
  if (charsmap.length < 8) return null
  const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.length)
  const trieSize = view.getUint32(0, true)
  if (trieSize % 4 !== 0 || 4 + trieSize > charsmap.length) return null
  const unitAt = (at: number) => (at * 4 < trieSize ? view.getUint32(4 + at * 4, true) : null)

  let at = 0
  let unit = unitAt(0)
  if (unit === null) return null
  at ^= offsetOf(unit)
  for (const byte of encodeUtf8(text)) {
    at ^= byte
    unit = unitAt(at)
    // The label of a leaf has its highest bit set, so it never equals a byte.
    if (unit === null || (unit & 0x8000_00ff) !== byte) return null
    at ^= offsetOf(unit)
  }
  if (((unit >>> 8) & 1) === 0) return null
  const leaf = unitAt(at)
  if (leaf === null) return null
  const start = 4 + trieSize + (leaf & 0x7fff_ffff)
  const end = charsmap.indexOf(0, start)
  return end < 0 ? null : decodeUtf8(charsmap.subarray(start, end))
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}

/**
 * What the map makes of a text: at every place the longest entry that begins there is replaced, a character without one
 * stays (normalizer.cc, NormalizePrefix).
 */
export function applyCharsmap(charsmap: Uint8Array, text: string): string {
  let out = ''
  for (let at = 0; at < text.length; ) {
    const found = longestEntry(charsmap, text, at)
    if (found) {
      out += found.content
      at += found.length
    } else {
      const char = String.fromCodePoint(text.codePointAt(at)!)
      out += char
      at += char.length
    }
  }
  return out
}

/** No entry of SentencePiece's own rules is longer than 18 bytes. */
const ENTRY_CHARS_MAX = 18

function longestEntry(charsmap: Uint8Array, text: string, at: number): { content: string; length: number } | null {
  let found: { content: string; length: number } | null = null
  let end = at
  for (let chars = 0; chars < ENTRY_CHARS_MAX && end < text.length; chars++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
    const content = mapped(charsmap, text.slice(at, end))
    if (content !== null) found = { content, length: end - at }
  }
  return found
}
