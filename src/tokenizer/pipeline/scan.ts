/**
 * The split patterns of the widespread byte-level tokenizers, written by hand over UTF-8 bytes.
 *
 * Each scanner takes valid UTF-8 in [start, end), start < end, and gives the end of the pre-token that begins at
 * `start`; `end` counts as the end of the text, as it does for a segment between added tokens. They allocate nothing
 * and equal their regular expression (regex.ts) on every text. Every one of these patterns matches at every place, so
 * that pre-tokens follow one another without gaps.
 */
import { classOf, Letter, Lower, Mark, Newline, Number_, Space, Upper } from '../../text/unicode'
import { codePointAt, utf8Length } from '../../text/utf8'
import type { KnownPattern } from './known-patterns'

export type Scanner = (bytes: Uint8Array, start: number, end: number) => number

/** By byte: class bits of ASCII; for other lead bytes Letter where all their characters are Lo letters, else 0. */
const LEAD = new Uint8Array(256)
for (let byte = 0; byte < 0x80; byte++) LEAD[byte] = classOf(byte)
// U+5000 to U+9FFF are ideographs, U+B000 to U+CFFF Hangul syllables. EA and ED hold Hangul beside others.
for (const lead of [0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xeb, 0xec]) LEAD[lead] = Letter

function classAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  if (lead < 0x80 || LEAD[lead] !== 0) return LEAD[lead]
  if (lead === 0xea && bytes[at + 1] >= 0xb0) return Letter
  if (lead === 0xed && bytes[at + 1] < 0x9e) return Letter
  return classOf(codePointAt(bytes, at))
}

/** End of `\p{L}*` from `at`. */
function letters(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end) {
    const lead = bytes[at]
    if (LEAD[lead] & Letter) at += lead < 0x80 ? 1 : 3
    else if (lead < 0x80) return at
    else if (lead === 0xea && bytes[at + 1] >= 0xb0) at += 3
    else if (lead === 0xed && bytes[at + 1] < 0x9e) at += 3
    else if (classOf(codePointAt(bytes, at)) & Letter) at += utf8Length(lead)
    else return at
  }
  return at
}

/** End of `\p{N}{0,max}` from `at`. */
function numbers(bytes: Uint8Array, from: number, end: number, max: number): number {
  let at = from
  for (let count = 0; at < end && count < max && classAt(bytes, at) & Number_; count++) at += utf8Length(bytes[at])
  return at
}

/** End of `[^\s\p{L}\p{N}]*` from `at`. */
function others(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (classAt(bytes, at) & (Letter | Number_ | Space)) === 0) at += utf8Length(bytes[at])
  return at
}

/** End of `[\r\n]*`, or `[\r\n/]*`, from `at`. */
function newlines(bytes: Uint8Array, from: number, end: number, slash: boolean): number {
  let at = from
  while (at < end && (bytes[at] === 10 || bytes[at] === 13 || (slash && bytes[at] === 0x2f))) at++
  return at
}

/** End of `\s*[\r\n]+|\s+(?!\S)|\s+` from a white space; without `toNewline`, of `\s+(?!\S)|\s+`. */
function spaces(bytes: Uint8Array, start: number, end: number, toNewline: boolean): number {
  let at = start
  let last = start
  let newline = start
  while (at < end && classAt(bytes, at) & Space) {
    last = at
    at += utf8Length(bytes[at])
    if (toNewline && LEAD[bytes[last]] & Newline) newline = at
  }
  if (newline > start) return newline
  // The last white space before something else is left for it, unless it is the only one.
  return at === end || last === start ? at : last
}

/** End of `'s|'t|'re|'ve|'m|'ll|'d` from an apostrophe at `start`, or `start` where there is none. */
function contraction(bytes: Uint8Array, start: number, end: number, anyCase: boolean): number {
  if (start + 1 >= end || bytes[start] !== 0x27) return start
  const fold = anyCase ? 0x20 : 0
  const first = bytes[start + 1] | fold
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2
  if (start + 2 >= end) return start
  // ſ (U+017F) is another lower case of S.
  if (anyCase && bytes[start + 1] === 0xc5 && bytes[start + 2] === 0xbf) return start + 3
  const second = bytes[start + 2] | fold
  if ((first === 0x72 || first === 0x76) && second === 0x65) return start + 3
  if (first === 0x6c && second === 0x6c) return start + 3
  return start
}

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
function scanGpt2(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (first === 0x27) {
    const at = contraction(bytes, start, end, false)
    if (at > start) return at
  }
  const from = first === 0x20 ? start + 1 : start
  if (from < end) {
    const bits = classAt(bytes, from)
    if (bits & Letter) return letters(bytes, from, end)
    if (bits & Number_) return numbers(bytes, from, end, Number.POSITIVE_INFINITY)
    if ((bits & Space) === 0) return others(bytes, from, end)
  }
  return spaces(bytes, start, end, false)
}

/** cl100k and Llama-3 (`maxDigits` 3), Qwen2 (1). */
function scanCl100k(bytes: Uint8Array, start: number, end: number, maxDigits: number): number {
  const first = bytes[start]
  const bits = classAt(bytes, start)
  if (bits & Letter) return letters(bytes, start, end)
  if (bits & Number_) return numbers(bytes, start, end, maxDigits)
  if (first === 0x27) {
    const at = contraction(bytes, start, end, true)
    if (at > start) return at
  }
  const next = start + utf8Length(first)
  if ((bits & Newline) === 0) {
    const at = letters(bytes, next, end)
    if (at > next) return at
  }
  if ((bits & Space) === 0) return newlines(bytes, others(bytes, next, end), end, false)
  if (first === 0x20) {
    const at = others(bytes, next, end)
    if (at > next) return newlines(bytes, at, end, false)
  }
  return spaces(bytes, start, end, true)
}

/**
 * o200k's two word alternatives without their first optional character. With U = Lu Lt Lm Lo M and l = Ll Lm Lo M:
 * the end of `U*l+`, as a positive number; or of `U+`, as a negative one; or 0.
 */
function word(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let lastBoth = 0
  while (at < end) {
    const bits = classAt(bytes, at)
    if ((bits & (Letter | Mark)) === 0) break
    if (bits & Lower) {
      // U* has taken all it can, and l+ goes on from here.
      do at += utf8Length(bytes[at])
      while (at < end && isLowerLike(classAt(bytes, at)))
      return at
    }
    at += utf8Length(bytes[at])
    if ((bits & Upper) === 0) lastBoth = at
  }
  // No Ll follows: U* gives back until its last character that is also in l.
  if (lastBoth > 0) return lastBoth
  return at > start ? -at : 0
}

function isLowerLike(bits: number): boolean {
  return (bits & (Letter | Mark)) !== 0 && (bits & Upper) === 0
}

/** o200k and Llama-4. */
function scanO200k(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  const bits = classAt(bytes, start)
  if (bits & Number_) return numbers(bytes, start, end, 3)
  const next = start + utf8Length(first)
  if (bits & Letter) {
    const at = word(bytes, start, end)
    return contraction(bytes, at < 0 ? -at : at, end, true)
  }
  if ((bits & Newline) === 0) {
    const at = word(bytes, next, end)
    if (at > 0) return contraction(bytes, at, end, true)
    // A mark may also be the word's own first character.
    if (bits & Mark) return contraction(bytes, word(bytes, start, end), end, true)
    if (at < 0) return contraction(bytes, -at, end, true)
  }
  if ((bits & Space) === 0) return newlines(bytes, others(bytes, next, end), end, true)
  if (first === 0x20) {
    const at = others(bytes, next, end)
    if (at > next) return newlines(bytes, at, end, true)
  }
  return spaces(bytes, start, end, true)
}

const SCANNERS: Record<KnownPattern, Scanner> = {
  gpt2: scanGpt2,
  cl100k: (bytes, start, end) => scanCl100k(bytes, start, end, 3),
  qwen2: (bytes, start, end) => scanCl100k(bytes, start, end, 1),
  o200k: scanO200k,
}

/** The scanner of a known pattern. */
export function scannerOf(pattern: KnownPattern): Scanner {
  return SCANNERS[pattern]
}
