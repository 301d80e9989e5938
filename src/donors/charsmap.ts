/**
 * The compiled character map of a SentencePiece normalizer (`precompiled_charsmap`): the size of a trie as uint32, the
 * trie (a double array of uint32 as https://github.com/s-yata/darts-clone writes it), then the normalized strings, each
 * ended by a NUL byte. All numbers are little endian (normalizer.cc, EncodePrecompiledCharsMap).
 */
import { decodeUtf8, encodeUtf8, utf8Length } from '../text/utf8'

/** What the map makes of exactly this text, or null when it holds no such entry (or the map is damaged). */
export function mapped(charsmap: Uint8Array, text: string): string | null {
  const bytes = encodeUtf8(text)
  const entries = entriesAt(charsmap, bytes, 0)
  const found = entries.find(({ end }) => end === bytes.length)
  return found ? contentOf(charsmap, found) : null
}

/**
 * What the map makes of a text: at every place the longest entry that begins there is replaced, a character without one
 * stays (normalizer.cc, NormalizePrefix).
 */
export function applyCharsmap(charsmap: Uint8Array, text: string): string {
  const bytes = encodeUtf8(text)
  let out = ''
  let kept = 0
  for (let at = 0; at < bytes.length; ) {
    const longest = entriesAt(charsmap, bytes, at).at(-1)
    const content = longest ? contentOf(charsmap, longest) : null
    if (!longest || content === null) {
      at += utf8Length(bytes[at])
      continue
    }
    out += decodeUtf8(bytes.subarray(kept, at)) + content
    at = longest.end
    kept = at
  }
  return out + decodeUtf8(bytes.subarray(kept))
}

/**
 * The same as Rust's `tokenizers` does it for a `Precompiled` normalizer (precompiled.rs): by grapheme cluster, those of
 * six bytes or more by character, and of the entries that begin there the shortest. Decomposed Hangul stays decomposed.
 */
export function applyCharsmapByGrapheme(charsmap: Uint8Array, text: string): string {
  const shortest = (part: string) => {
    const [entry] = entriesAt(charsmap, encodeUtf8(part), 0)
    return entry ? contentOf(charsmap, entry) : null
  }
  let out = ''
  for (const { segment } of graphemes.segment(text)) {
    const whole = encodeUtf8(segment).length < 6 ? shortest(segment) : null
    if (whole !== null) out += whole
    else for (const char of segment) out += shortest(char) ?? char
  }
  return out
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

interface Entry {
  /** Behind its last byte in the text. */
  end: number
  /** Where its content stands among the strings. */
  value: number
}

/** All entries that begin at this byte, the shortest first. */
function entriesAt(charsmap: Uint8Array, bytes: Uint8Array, from: number): Entry[] {
  const entries: Entry[] = []
  if (charsmap.length < 8) return entries
  const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.length)
  const trieSize = view.getUint32(0, true)
  if (trieSize % 4 !== 0 || 4 + trieSize > charsmap.length) return entries
  const unitAt = (at: number) => (at * 4 < trieSize ? view.getUint32(4 + at * 4, true) : null)

  let at = 0
  let unit = unitAt(0)
  if (unit === null) return entries
  at ^= offsetOf(unit)
  for (let i = from; i < bytes.length; i++) {
    at ^= bytes[i]
    unit = unitAt(at)
    // The label of a leaf has its highest bit set, so it never equals a byte.
    if (unit === null || (unit & 0x8000_00ff) !== bytes[i]) break
    at ^= offsetOf(unit)
    if (((unit >>> 8) & 1) === 0) continue
    const leaf = unitAt(at)
    if (leaf !== null) entries.push({ end: i + 1, value: leaf & 0x7fff_ffff })
  }
  return entries
}

function contentOf(charsmap: Uint8Array, { value }: Entry): string | null {
  const trieSize = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.length).getUint32(0, true)
  const start = 4 + trieSize + value
  const end = charsmap.indexOf(0, start)
  return end < 0 ? null : decodeUtf8(charsmap.subarray(start, end))
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}
