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
