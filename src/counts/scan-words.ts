import { INHERITED, scriptOf } from '../text/script'
import { codePointAt, isValidUtf8, toWellFormedUtf8, utf8Length } from '../text/utf8'
import type { KnownPattern } from '../tokenizer/pipeline/known-patterns'
import { scannerOf } from '../tokenizer/pipeline/scan'
import { addWord, WORD_BYTES_MAX, type WordTable } from './word-table'

const HASH_PRIME = 0x9e3779b1 | 0

function hash(bytes: Uint8Array, start: number, end: number): number {
  let mixed = 0
  for (let i = start; i < end; i++) mixed = Math.imul(mixed ^ bytes[i], HASH_PRIME)
  return mixed ^ (mixed >>> 15)
}

/** Adds a word; one that is longer than the table takes is cut between characters. */
export function addText(table: WordTable, bytes: Uint8Array, start: number, end: number, times = 1): void {
  let from = start
  while (end - from > WORD_BYTES_MAX) {
    let to = from + WORD_BYTES_MAX
    while ((bytes[to] & 0xc0) === 0x80) to--
    addWord(table, bytes, from, to, hash(bytes, from, to), times)
    from = to
  }
  if (end > from) addWord(table, bytes, from, end, hash(bytes, from, end), times)
}

/** A line longer than this is taken in pieces, so that memory stays bounded. */
export const LINE_BYTES_MAX = 1 << 20

/**
 * Where a line that goes on beyond {@link LINE_BYTES_MAX} bytes behind `start` is cut: before its last spaces up to
 * there, else between characters. Only the bytes before the cut decide, so blocks of any size give the same pieces.
 */
export function longLineCut(bytes: Uint8Array, start: number): number {
  let to = start + LINE_BYTES_MAX
  let space = bytes.lastIndexOf(0x20, to - 1)
  while (space > start && bytes[space - 1] === 0x20) space--
  if (space > start) return space
  while (to > start + LINE_BYTES_MAX - 3 && (bytes[to] & 0xc0) === 0x80) to--
  return to
}

/**
 * Calls back with each line of bytes[start .. end), without its `\n` or `\r\n`, as valid UTF-8; with the pieces of a
 * line that is too long. What stands before `start` tells whether a line begins there.
 */
export function forEachLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (line: Uint8Array, from: number, to: number, begins: boolean) => void,
): void {
  for (let at = start; at < end; ) {
    let next = bytes.indexOf(0x0a, at)
    if (next < 0 || next > end) next = end
    const cut = next - at > LINE_BYTES_MAX ? longLineCut(bytes, at) : next
    const to = cut > at && bytes[cut - 1] === 0x0d ? cut - 1 : cut
    const begins = at === 0 || bytes[at - 1] === 0x0a
    if (to > at) {
      if (isValidUtf8(bytes, at, to)) visit(bytes, at, to, begins)
      else {
        const line = toWellFormedUtf8(bytes, at, to)
        visit(line, 0, line.length, begins)
      }
    }
    at = cut === next ? next + 1 : cut
  }
}

/**
 * Counts the words of `spm_train` with its defaults (split by whitespace, by Unicode script and by number; a line begins
 * as if a space stood before it): an optional space, then a run of one script.
 */
export function scanSpaced(bytes: Uint8Array, start: number, end: number, table: WordTable): void {
  const first = new Uint8Array(WORD_BYTES_MAX + 8)
  first[0] = 0x20
  forEachLine(bytes, start, end, (line, from, to, begins) => {
    let word = from
    let script = -1
    let atStart = begins
    const finish = (until: number) => {
      if (until === word && !atStart) return
      if (atStart) {
        // The line's own first word has a space that is not in the text.
        let head = Math.min(until, word + WORD_BYTES_MAX - 1)
        while (head < until && (line[head] & 0xc0) === 0x80) head--
        first.set(line.subarray(word, head), 1)
        addText(table, first, 0, head - word + 1)
        addText(table, line, head, until)
      } else addText(table, line, word, until)
      atStart = false
    }
    for (let at = from; at < to; ) {
      const lead = line[at]
      if (lead === 0x20) {
        finish(at)
        word = at
        script = -1
        at++
        continue
      }
      const found = scriptOf(codePointAt(line, at))
      if (found !== INHERITED) {
        if (script >= 0 && found !== script) {
          finish(at)
          word = at
        }
        script = found
      }
      at += utf8Length(lead)
    }
    finish(to)
  })
}

/** Counts the pre-tokens of a known split pattern, line by line, newlines left out. */
export function scanPattern(
  pattern: KnownPattern,
  bytes: Uint8Array,
  start: number,
  end: number,
  table: WordTable,
): void {
  const scan = scannerOf(pattern)
  forEachLine(bytes, start, end, (line, from, to) => {
    for (let at = from; at < to; ) {
      const next = scan(line, at, to)
      addText(table, line, at, next)
      at = next
    }
  })
}
