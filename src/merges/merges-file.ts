/**
 * merges.txt: what training learned, for people and for scripts.
 *
 *     #version: 0.2
 *     # ko-vocab base: 3c92…
 *     # ko-vocab scope: hangul
 *     안<TAB>8291
 *     ▁안 녕<TAB>7310
 *
 * The first line is that of Hugging Face's merges.txt, and so is `left right` in the order of learning; the count after
 * the tab is ours. A piece that stands alone is a single character that the base lacked (SentencePiece form).
 *
 * Pieces hold no white space in either form. Should one do so, white space, control characters and lone surrogates are
 * written as `\u0020`, and a backslash only where it would otherwise read as such an escape.
 */
import { KoVocabError } from '../errors'
import type { LearnedMerges, LearnedPiece } from './types'

const VERSION_LINE = '#version: 0.2'
const META_PREFIX = '# ko-vocab '
const META_KEY = /^[A-Za-z0-9_.-]+$/

/**
 * The text of merges.txt, metadata in the order of the object's keys, ending in a newline.
 *
 * @throws KoVocabError `bad-option` for a piece that is empty or not left + right, a count that is no whole number ≥ 0,
 * or a metadata key outside `[A-Za-z0-9_.-]+`
 */
export function formatMerges(learned: LearnedMerges): string {
  const lines = [VERSION_LINE]
  for (const [key, value] of Object.entries(learned.meta)) {
    if (!META_KEY.test(key))
      throw new KoVocabError('bad-option', `metadata key ${JSON.stringify(key)} cannot be written`)
    lines.push(`${META_PREFIX}${key}: ${escapeText(value, CONTROL)}`)
  }
  learned.pieces.forEach((entry, i) => {
    const { piece, left, right, count } = entry
    if (!isWhole(entry) || !(Number.isSafeInteger(count) && count >= 0)) {
      throw new KoVocabError('bad-option', `learned piece ${i} is not one: ${JSON.stringify(entry)}`)
    }
    const name = left === null ? escapeText(piece, SPACE) : `${escapeText(left, SPACE)} ${escapeText(right!, SPACE)}`
    lines.push(`${name}\t${count}`)
  })
  return `${lines.join('\n')}\n`
}

/**
 * Reads {@link formatMerges}'s text back. Line ends may be `\r\n`; empty lines are passed over.
 *
 * @param file named in errors
 * @throws KoVocabError `bad-file` with the line number
 */
export function parseMerges(text: string, file: string): LearnedMerges {
  const lines = text.split('\n')
  const meta: Record<string, string> = {}
  const pieces: LearnedPiece[] = []
  const lineOf = new Map<string, number>()
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].endsWith('\r') ? lines[i].slice(0, -1) : lines[i]
    const fail = (what: string, hint?: string): never => {
      const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line
      throw new KoVocabError('bad-file', `${file}:${i + 1}: ${what}: ${JSON.stringify(shown)}`, hint)
    }
    if (i === 0) {
      if (line !== VERSION_LINE)
        fail(`the first line must be ${VERSION_LINE}`, 'was this file written by ko-vocab merges?')
    } else if (pieces.length === 0 && line.startsWith(META_PREFIX) && !line.includes('\t')) {
      const [, key, value] =
        /^(\S+?): (.*)$/s.exec(line.slice(META_PREFIX.length)) ?? fail('not `# ko-vocab key: value`')
      if (!META_KEY.test(key)) fail('not a metadata key')
      if (Object.hasOwn(meta, key)) fail('the key stands twice')
      setOwn(meta, key, unescapeText(value))
    } else if (line !== '') {
      const entry = parsePiece(line, fail)
      const before = lineOf.get(entry.piece)
      if (before !== undefined) fail(`the piece was learned on line ${before} already`)
      lineOf.set(entry.piece, i + 1)
      pieces.push(entry)
    }
  }
  return { pieces, meta }
}

function parsePiece(line: string, fail: (what: string, hint?: string) => never): LearnedPiece {
  const fields = line.split('\t')
  if (fields.length !== 2) {
    fail(
      'expected `left right`, a tab and a count',
      'plain merges.txt files of Hugging Face have no counts; learn the merges with ko-vocab merges',
    )
  }
  const parts = fields[0].split(' ').map(unescapeText)
  if (parts.length > 2 || parts.includes('')) fail('expected one piece or two, with one space between')
  const count = Number(fields[1])
  if (!/^\d+$/.test(fields[1]) || !Number.isSafeInteger(count))
    fail('the count must be a whole number from 0 to 2^53 - 1')
  const [left, right] = parts
  if (right === undefined) return { piece: left, left: null, right: null, count }
  return { piece: left + right, left, right, count }
}

function isWhole({ piece, left, right }: LearnedPiece): boolean {
  if (left === null || right === null) return left === right && piece !== ''
  return left !== '' && right !== '' && piece === left + right
}

// What would break the line, or its fields, or be lost when the text is written as UTF-8.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\p{Cs}]|\\(?=u[0-9a-f]{4})/gu
const SPACE = /[\s\u0000-\u001f\u007f-\u009f\p{Cs}]|\\(?=u[0-9a-f]{4})/gu

function escapeText(text: string, what: RegExp): string {
  return text.replace(what, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function unescapeText(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Plain assignment to the key `__proto__` would set nothing. */
function setOwn(record: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true })
}
