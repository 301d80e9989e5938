/** JSON Lines: an object a line. Node only, as all reading of files. */
import { KoVocabError } from '../errors'
import { decodeUtf8 } from '../text/utf8'
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

  const record = (value: Record<string, unknown>, at: number | null, offset: number): CorpusRecord[] => {
    const found = path!(value)
    const text = textOf(found)
    if (text === null) {
      skipper.record(badLine(file.path, at, offset, `field ${field} is ${kindOf(found)}, no text`), offset)
      return []
    }
    if (carried.length === 0) return [{ text, row: at, offset }]
    return [{ text, row: at, offset, fields: carriedOf(value, carried) }]
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
    const records = waiting.flatMap(({ value, row: at, offset }) => record(value, at, offset))
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
        batch.push(...record(value, at, offset))
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
  const mark = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const text = decodeUtf8(mark > 0 ? bytes.subarray(mark) : bytes)
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
