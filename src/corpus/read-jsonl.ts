/** JSON Lines: an object a line. Node only, as all reading of files. */
import { KoVocabError } from '../errors'
import { encodeUtf8, markLength } from '../text/utf8'
import { readBytes } from './bytes'
import { carriedText, type FieldPath, fieldPath, isObject, kindOf, textOf } from './field'
import { chooseField } from './format'
import { lineBatches } from './line-bytes'
import type { CorpusRecord, RecordReader } from './records'

const BLOCK_BYTES = 1 << 20

/** Records in which the field may be looked for until one has it: columns that hold only nulls at first are common. */
const LOOK_INTO = 1000

/**
 * Blank lines are passed over; a byte order mark and `\r` are no part of a line. Unicode escapes of lone surrogates
 * become U+FFFD, as they have no UTF-8.
 */
export async function* readJsonRecords(reader: RecordReader): AsyncGenerator<CorpusRecord[]> {
  const { file, options, maxRecordBytes, skipper } = reader
  const { start = 0, end = Number.POSITIVE_INFINITY, fields = [] } = options
  const carried = fields.map((name) => [name, fieldPath(name)] as const)
  let field = file.records?.field
  let path: FieldPath | null = null
  /** Names that records had before one had the field. */
  const seen = new Set<string>()
  let looked = 0
  let waiting: { value: Record<string, unknown>; row: number | null; offset: number }[] = []
  let row = 0
  let broken = false

  const encode = createEncoder()
  const record = (value: Record<string, unknown>, at: number | null, offset: number, batch: CorpusRecord[]): void => {
    const found = path!(value)
    const text = textOf(found, encode)
    if (text === null) {
      skipper.record(badLine(file.path, at, offset, `field ${field} is ${kindOf(found)}, no text`), offset)
    } else if (carried.length === 0) {
      batch.push({ text, row: at, offset })
    } else {
      batch.push({ text, row: at, offset, fields: carriedOf(value, carried) })
    }
  }
  /** Chooses the field when it can be told, or must. */
  const decide = (must: boolean): CorpusRecord[] => {
    if (path || seen.size === 0) return []
    const has = (name: string) => waiting.some(({ value }) => fieldPath(name)(value) !== undefined)
    try {
      field = chooseField(file.path, field, [...seen], has)
    } catch (error) {
      if (must) throw error
      return []
    }
    path = fieldPath(field)
    const records: CorpusRecord[] = []
    for (const { value, row: at, offset } of waiting) record(value, at, offset, records)
    waiting = []
    return records
  }

  const onBroken =
    file.onError === 'skip'
      ? (error: KoVocabError) => {
          broken = true
          skipper.part(error, null)
        }
      : undefined
  // From one byte before the part, to see whether a line begins with it.
  const first = start > 0 ? start - 1 : 0
  const source = readBytes(file, {
    ...{
      signal: options.signal,
      stdin: options.stdin,
      onBytes: end === Number.POSITIVE_INFINITY ? options.onBytes : undefined,
    },
    ...{ blockBytes: options.blockBytes ?? BLOCK_BYTES, onBroken, ...(first > 0 ? { start: first } : {}) },
  })
  let reported = start
  for await (const lines of lineBatches(source, maxRecordBytes, first)) {
    const batch: CorpusRecord[] = []
    let over = false
    for (const { bytes, offset, ended } of lines) {
      if (offset < start) continue
      if (offset >= end) {
        over = true
        break
      }
      row++
      const at = start === 0 ? row : null
      if (broken && !ended) break
      if (bytes === null) {
        const what = badLine(file.path, at, offset, `is longer than ${maxRecordBytes} bytes`, 'unsupported')
        skipper.record(what, offset)
        continue
      }
      const value = parsed(bytes, offset === 0)
      if (value === undefined) continue
      if (value instanceof Error || !isObject(value)) {
        const kind = Array.isArray(value) ? 'a list' : kindOf(value)
        const what = value instanceof Error ? reasonOf(value) : `is no JSON object, but ${kind}`
        skipper.record(badLine(file.path, at, offset, what), offset)
        continue
      }
      if (path) {
        record(value, at, offset, batch)
        continue
      }
      waiting.push({ value, row: at, offset })
      for (const name of Object.keys(value)) seen.add(name)
      batch.push(...decide(++looked >= LOOK_INTO))
    }
    if (options.onBytes && end !== Number.POSITIVE_INFINITY && lines.length > 0) {
      const upTo = Math.min(end, lines[lines.length - 1].offset)
      if (upTo > reported) options.onBytes(upTo - reported)
      reported = Math.max(reported, upTo)
    }
    yield batch
    if (over) break
  }
  if (options.onBytes && end !== Number.POSITIVE_INFINITY && end > reported) options.onBytes(end - reported)
  yield decide(true)
}

const ARENA_BYTES = 1 << 20

/** Texts as UTF-8, many of them in one buffer: a buffer a text would take most of the time. */
function createEncoder(): (text: string) => Uint8Array {
  let arena = Buffer.alloc(0)
  let used = 0
  return (text) => {
    // No UTF-16 unit takes more than three bytes.
    if (text.length * 3 > ARENA_BYTES / 4) return encodeUtf8(text)
    if (used + text.length * 3 > arena.length) {
      arena = Buffer.allocUnsafeSlow(ARENA_BYTES)
      used = 0
    }
    const start = used
    used += arena.write(text, start, 'utf8')
    return new Uint8Array(arena.buffer, start, used - start)
  }
}

function carriedOf(value: Record<string, unknown>, carried: readonly (readonly [string, FieldPath])[]) {
  const fields: Record<string, string> = {}
  for (const [name, at] of carried) {
    const text = carriedText(at(value))
    if (text !== undefined) fields[name] = text
  }
  return fields
}

/** @returns undefined for a blank line, an Error for one that is no JSON */
function parsed(bytes: Uint8Array, isFirst: boolean): unknown {
  const mark = isFirst ? markLength(bytes) : 0
  // For lines of the usual length several times faster than TextDecoder, and it gives the same.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', mark)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    return text.trim() === '' ? undefined : error
  }
}

/** Engines word it differently; the position they share. */
function reasonOf(error: Error): string {
  const position = /at position (\d+)/.exec(error.message)
  return position ? `is no JSON: it breaks at its character ${Number(position[1]) + 1}` : 'is no JSON: it ends early'
}

function badLine(
  path: string,
  row: number | null,
  offset: number,
  what: string,
  code: 'bad-file' | 'unsupported' = 'bad-file',
): KoVocabError {
  const place = row === null ? `the line at byte ${offset}` : `line ${row} (byte ${offset})`
  return new KoVocabError(
    code,
    `${path}: ${place} ${what}`,
    'mend the file, or leave such lines out with --on-error skip',
  )
}
