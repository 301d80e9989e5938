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

/** Calls back with each line of bytes[start .. end), without its `\n` or `\r\n`, as valid UTF-8. */
function forEachLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (line: Uint8Array, from: number, to: number) => void,
): void {
  for (let at = start; at < end; ) {
    let next = bytes.indexOf(0x0a, at)
    if (next < 0 || next > end) next = end
    const to = next > at && bytes[next - 1] === 0x0d ? next - 1 : next
    if (to > at) {
      if (isValidUtf8(bytes, at, to)) visit(bytes, at, to)
      else {
        const line = toWellFormedUtf8(bytes, at, to)
        visit(line, 0, line.length)
      }
    }
    at = next + 1
  }
}

/**
 * Counts the words of `spm_train` with its defaults (split by whitespace, by Unicode script and by number; a line begins
 * as if a space stood before it): an optional space, then a run of one script.
 */
export function scanSpaced(bytes: Uint8Array, start: number, end: number, table: WordTable): void {
  const first = new Uint8Array(WORD_BYTES_MAX + 8)
  first[0] = 0x20
  forEachLine(bytes, start, end, (line, from, to) => {
    let word = from
    let script = -1
    let atStart = true
    const finish = (until: number) => {
      if (until === word && !atStart) return
      if (atStart) {
        // The line's own first word has a space that is not in the text.
        const head = Math.min(until, word + WORD_BYTES_MAX - 4)
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
