/**
 * Reading JSON (RFC 8259) off its bytes, a token at a time, by readers that know what must come next. For headers of
 * untrusted files of up to 100 MB: `JSON.parse` would build whatever they hold (50 million nested lists take
 * gigabytes), and takes the last of two equal keys in silence. Here nothing is built that the reader did not ask for.
 */

/** A place in a text, and what to do when the text is not as expected. */
export interface JsonCursor {
  bytes: Uint8Array
  at: number
  /** Gets what is wrong, with the byte where; throws. */
  fail: (what: string) => never
}

/** More keys than that in one object are an attack on memory: the largest models have some 100,000 tensors. */
const MAX_KEYS = 1_000_000
/** Of values that are passed over. */
const MAX_DEPTH = 256

const QUOTE = 0x22
const BACKSLASH = 0x5c
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The next byte that is no white space, without taking it; -1 at the end. */
export function peekJson(cursor: JsonCursor): number {
  const { bytes } = cursor
  let { at } = cursor
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09))
    at++
  cursor.at = at
  return at < bytes.length ? bytes[at] : -1
}

/** Takes one mark of structure. */
function take(cursor: JsonCursor, mark: string): void {
  if (peekJson(cursor) !== mark.charCodeAt(0)) wrong(cursor, mark)
  cursor.at++
}

function wrong(cursor: JsonCursor, expected: string): never {
  return cursor.fail(cursor.at >= cursor.bytes.length ? `it ends where ${expected} is due` : `${expected} is due`)
}

export function readJsonString(cursor: JsonCursor): string {
  if (peekJson(cursor) !== QUOTE) wrong(cursor, 'a string')
  const { bytes } = cursor
  const start = cursor.at
  let end = start + 1
  let isPlain = true
  while (end < bytes.length && bytes[end] !== QUOTE) {
    if (bytes[end] < 0x20 || bytes[end] >= 0x80 || bytes[end] === BACKSLASH) isPlain = false
    end += bytes[end] === BACKSLASH ? 2 : 1
  }
  if (end >= bytes.length) return cursor.fail('a string does not end')
  cursor.at = end + 1
  // Nearly every name: a decoder and a parser would cost it ten times as much.
  if (isPlain && end - start < 256) return String.fromCharCode(...bytes.subarray(start + 1, end))
  try {
    return JSON.parse(utf8.decode(bytes.subarray(start, end + 1))) as string
  } catch {
    cursor.at = start
    return cursor.fail('a string is no UTF-8, or has a wrong escape or a control character')
  }
}

/** A whole number from 0 that a double holds exactly, written as such; null (and nothing taken) for anything else. */
export function readJsonNatural(cursor: JsonCursor): number | null {
  peekJson(cursor)
  const { bytes, at: start } = cursor
  let at = start
  let value = 0
  while (at < bytes.length && bytes[at] >= 0x30 && bytes[at] <= 0x39) value = value * 10 + (bytes[at++] - 0x30)
  const digits = at - start
  const next = at < bytes.length ? bytes[at] : -1
  // 1.0, 1e3 and 01 are no sizes.
  if (digits === 0 || (digits > 1 && bytes[start] === 0x30) || next === 0x2e || (next | 0x20) === 0x65) return null
  if (!Number.isSafeInteger(value)) return null
  cursor.at = at
  return value
}

/** Calls `each` at every value; `each` must take it. A key that stands twice is an error. */
export function readJsonObject(cursor: JsonCursor, each: (key: string) => void): void {
  take(cursor, '{')
  const keys = new Set<string>()
  if (peekJson(cursor) === 0x7d) {
    cursor.at++
    return
  }
  for (;;) {
    peekJson(cursor)
    const place = cursor.at
    const key = readJsonString(cursor)
    if (keys.has(key)) {
      cursor.at = place
      cursor.fail(`it has the key ${JSON.stringify(key)} twice`)
    }
    if (keys.size >= MAX_KEYS) cursor.fail(`it has more than ${MAX_KEYS} keys in one object`)
    keys.add(key)
    take(cursor, ':')
    each(key)
    if (peekJson(cursor) === 0x7d) break
    take(cursor, ',')
  }
  cursor.at++
}

/** Calls `each` at every value; `each` must take it. */
export function readJsonArray(cursor: JsonCursor, each: (index: number) => void): void {
  take(cursor, '[')
  if (peekJson(cursor) === 0x5d) {
    cursor.at++
    return
  }
  for (let index = 0; ; index++) {
    each(index)
    if (peekJson(cursor) === 0x5d) break
    take(cursor, ',')
  }
  cursor.at++
}

/**
 * Passes over any value, whose bytes then are `bytes.subarray(before, cursor.at)`. `NaN` and `Infinity` pass too:
 * Python writes them.
 */
export function skipJsonValue(cursor: JsonCursor, depth = 0): void {
  if (depth > MAX_DEPTH) cursor.fail(`it is nested more than ${MAX_DEPTH} deep`)
  const next = peekJson(cursor)
  if (next === 0x7b) readJsonObject(cursor, () => skipJsonValue(cursor, depth + 1))
  else if (next === 0x5b) readJsonArray(cursor, () => skipJsonValue(cursor, depth + 1))
  else if (next === QUOTE) readJsonString(cursor)
  else skipWord(cursor)
}

const WORDS = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']

function skipWord(cursor: JsonCursor): void {
  const { bytes, at: start } = cursor
  let at = start
  while (at < bytes.length && at - start < 64 && isWordByte(bytes[at])) at++
  const word = String.fromCharCode(...bytes.subarray(start, at))
  if (!WORDS.includes(word) && !/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) wrong(cursor, 'a value')
  cursor.at = at
}

function isWordByte(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e
}

/** Only white space may follow. */
export function endJson(cursor: JsonCursor): void {
  if (peekJson(cursor) !== -1) cursor.fail('something follows the end')
}
