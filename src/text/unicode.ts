/**
 * Character classes of code points, as the split patterns of tokenizers mean them.
 *
 * Pinned to Unicode 16, which Oniguruma in Hugging Face `tokenizers` knows: JavaScript's `\p{…}` follows the engine
 * (Unicode 17 since Node 20.20), and 4,600 ideographs would otherwise be letters here and no letters there.
 */

/** Bits of {@link classOf}. */
export const Letter = 1
export const Number_ = 2
/** White_Space: NEL (U+0085) is one, BOM (U+FEFF) is none; JavaScript's `\s` has both the other way round. */
export const Space = 4
export const Mark = 8
/** Lu or Lt; always with Letter. */
export const Upper = 16
/** Ll; always with Letter. Letters that are neither Upper nor Lower are Lm or Lo. */
export const Lower = 32
/** CR or LF; always with Space. */
export const Newline = 64

type Range = readonly [number, number]

/** What Unicode 17 added to \p{L}, \p{N} and \p{M}: inclusive ranges (DerivedAge.txt 17.0). */
export const ADDED_AFTER_UNICODE_16: {
  readonly L: readonly Range[]
  readonly N: readonly Range[]
  M: readonly Range[]
} = {
  L: ranges(
    '88f c5c cdc a7ce-a7cf a7d2 a7d4 a7f1 10940-10959 10ec5-10ec7 11db0-11ddb 16ea0-16eb8 16ebb-16ed3 16ff2-16ff3 ' +
      '187f8-187ff 18d09-18d1e 18d80-18df2 1e6c0-1e6de 1e6e0-1e6e2 1e6e4-1e6e5 1e6e7-1e6ed 1e6f0-1e6f4 1e6fe-1e6ff ' +
      '2b73a-2b73f 2cea2-2cead 323b0-33479',
  ),
  N: ranges('11de0-11de9 16ff4-16ff6'),
  M: ranges('1acf-1add 1ae0-1aeb 10efa-10efb 11b60-11b67 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5'),
}

function ranges(list: string): Range[] {
  return list.split(' ').map((item) => {
    const [low, high] = item.split('-').map((hex) => Number.parseInt(hex, 16))
    return [low, high ?? low]
  })
}

function within(list: readonly Range[], codePoint: number): boolean {
  return list.some(([low, high]) => codePoint >= low && codePoint <= high)
}

/** The class bits by a regular expression a class: slow, and the truth for the pages below. */
export function slowClassOf(codePoint: number): number {
  const char = String.fromCodePoint(codePoint)
  const { L, N, M } = ADDED_AFTER_UNICODE_16
  let bits = 0
  if (/\p{L}/u.test(char) && !within(L, codePoint)) {
    bits |= Letter
    if (/[\p{Lu}\p{Lt}]/u.test(char)) bits |= Upper
    // U+0295 became Lo in Unicode 17.
    else if (/\p{Ll}/u.test(char) || codePoint === 0x295) bits |= Lower
  }
  if (/\p{N}/u.test(char) && !within(N, codePoint)) bits |= Number_
  if (/\p{M}/u.test(char) && !within(M, codePoint)) bits |= Mark
  if (/\p{White_Space}/u.test(char)) bits |= Space
  if (codePoint === 10 || codePoint === 13) bits |= Newline
  return bits
}

/** A page is 256 code points; most texts touch a few of the 4,352 and pay the regular expressions for those alone. */
const pages: (Uint8Array | undefined)[] = new Array(0x1100).fill(undefined)

function fillPage(page: number): Uint8Array {
  const bits = new Uint8Array(256)
  for (let low = 0; low < 256; low++) bits[low] = slowClassOf((page << 8) | low)
  pages[page] = bits
  return bits
}

/** The class bits of a code point (0 to 0x10FFFF). */
export function classOf(codePoint: number): number {
  return (pages[codePoint >> 8] ?? fillPage(codePoint >> 8))[codePoint & 0xff]
}
