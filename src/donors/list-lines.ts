/** Text lists: a piece or word a line, perhaps with a number behind. */
import { KoVocabError } from '../errors'
import { firstInvalidUtf8 } from '../text/utf8'
import { badFile, show } from '../tokenizer/files/text'

/** Longer lines, in UTF-16 units, are no pieces: somebody gave a text instead of a list. */
export const MAX_LINE = 1024

export interface ListEntry {
  /** As the line has it, spaces at its ends included. */
  text: string
  /** The number behind it: a count or a score. */
  score: number | null
}

/**
 * - `\n` and `\r\n` end a line; a byte order mark is skipped; so are lines of nothing but spaces and tabs, and, before
 *   the first entry, comment lines (`#` alone or followed by a space).
 * - Behind a TAB stands a number (`spm_train`'s .vocab, counts). Other fields, and columns that are no number, are
 *   passed over; when all lines but the first have a number there, the first is a heading and no entry.
 * - In a list without TABs in which every line ends in a space and an integer (`sort | uniq -c` turned round), that is
 *   the count. One line without it, and they all belong to the text.
 *
 * @returns the entries, and what was passed over, a sentence each
 * @throws KoVocabError `bad-file` naming the line: not UTF-8, U+0000, longer than {@link MAX_LINE}, a number that is
 * not finite, a count without a piece
 */
export function readEntries(bytes: Uint8Array, name: string): { entries: ListEntry[]; notes: string[] } {
  const lines = textOf(bytes, name).split('\n')
  let tabs = false
  let first = -1
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].endsWith('\r') ? lines[i].slice(0, -1) : lines[i]
    // Lines that are passed over stay as empty ones, so that the others keep their numbers.
    lines[i] = ''
    if (/^[ \t]*$/.test(line)) continue
    if (first < 0 && /^#(?: |$)/.test(line)) continue
    if (line.length > MAX_LINE) {
      const what = `line ${i + 1} has ${line.length} characters and begins ${show(line.slice(0, 20))}`
      throw badFile(name, `${what}: a piece has at most ${MAX_LINE}`, 'a donor list has one piece or word a line')
    }
    if (line.includes('\0')) throw badFile(name, `line ${i + 1} holds U+0000: not a text list`)
    if (first < 0) first = i
    if (line.includes('\t')) tabs = true
    lines[i] = line
  }
  if (first < 0) throw badFile(name, 'no entries: its lines are empty or comments')
  return tabs ? splitAtTabs(lines, first, name) : splitAtSpaces(lines.filter((line) => line !== ''))
}

/** Lazy, so that a piece may hold a TAB itself: `\t\t-7` is the piece TAB with a score. */
const NUMBERED = /^(.*?)\t(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?:\t.*)?$/

function splitAtTabs(lines: string[], firstLine: number, name: string): { entries: ListEntry[]; notes: string[] } {
  const entries: ListEntry[] = []
  const withoutNumber: number[] = []
  for (let i = firstLine; i < lines.length; i++) {
    const line = lines[i]
    if (line === '') continue
    const match = NUMBERED.exec(line)
    const text = match ? match[1] : line.split('\t', 1)[0]
    if (/^[ \t]*$/.test(text) && text !== '\t') {
      throw badFile(name, `line ${i + 1} is ${show(line)}: nothing stands before the TAB`)
    }
    const score = match ? Number(match[2]) : null
    if (score !== null && !Number.isFinite(score)) {
      throw badFile(name, `line ${i + 1} has the number ${match![2]}, which is too large`)
    }
    if (score === null && line.includes('\t')) withoutNumber.push(i)
    entries.push({ text, score })
  }
  if (withoutNumber.length === 0) return { entries, notes: [] }
  const [at] = withoutNumber
  if (at === firstLine && entries.length > 1 && entries.slice(1).every(({ score }) => score !== null)) {
    return { entries: entries.slice(1), notes: [`Its first line, ${show(lines[at])}, is taken for a heading.`] }
  }
  const figure = withoutNumber.length.toLocaleString('en-US')
  return {
    entries,
    notes: [
      `What stands behind a TAB and is no number was passed over: ${figure} lines, the first is line ${at + 1}, ${show(lines[at])}.`,
    ],
  }
}

function splitAtSpaces(lines: string[]): { entries: ListEntry[]; notes: string[] } {
  const counted = (line: string) => /^(.*[^ ]) +(\d{1,15})$/.exec(line)
  const without = lines.filter((line) => counted(line) === null).length
  const entries = lines.map((line): ListEntry => {
    const match = without === 0 ? counted(line) : null
    return match ? { text: match[1], score: Number(match[2]) } : { text: line, score: null }
  })
  const mostly = without > 0 && without * 2 < lines.length
  return {
    entries,
    notes: mostly
      ? [
          `A number at the end of a line counts as text here, since ${without.toLocaleString('en-US')} of its lines have none; put a TAB before counts.`,
        ]
      : [],
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const at = firstInvalidUtf8(bytes, 0, bytes.length)
    let line = 1
    for (let i = 0; i < at; i++) if (bytes[i] === 0x0a) line++
    const what = `${name}: line ${line} is not UTF-8, and the file is no SentencePiece model, tokenizer.json or rank file`
    throw new KoVocabError('bad-file', what, hintFor(bytes, name), { cause })
  }
}

function hintFor(bytes: Uint8Array, name: string): string {
  const [first, second] = bytes
  if (first === 0x1f && second === 0x8b) return `unpack it first: gzip -dk ${name}`
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return `it is UTF-16 text: iconv -f UTF-16 -t UTF-8 ${name} > pieces.txt`
  }
  try {
    const text = new TextDecoder('euc-kr', { fatal: true }).decode(bytes)
    if (/[가-힣]/.test(text)) return `it is CP949 (EUC-KR) text: iconv -f CP949 -t UTF-8 ${name} > pieces.txt`
  } catch {
    // Not CP949 either.
  }
  return 'give a list in UTF-8, one piece or word a line'
}
