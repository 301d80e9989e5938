/** Values of records: the one at a path, as text. */
import { decodeUtf8, encodeUtf8 } from '../text/utf8'

export type FieldPath = (record: unknown) => unknown

/**
 * `a.b.0.c` steps into objects and lists; `*` takes every entry of a list. A key that holds dots itself goes before
 * the steps. The value is undefined where the path leads nowhere, and a list where `*` is in it.
 */
export function fieldPath(path: string): FieldPath {
  const steps = path.split('.')
  return (record) => (isObject(record) && Object.hasOwn(record, path) ? record[path] : walk(record, steps, 0))
}

function walk(value: unknown, steps: readonly string[], at: number): unknown {
  if (at === steps.length) return value
  const step = steps[at]
  if (Array.isArray(value)) {
    if (step !== '*') return /^\d+$/.test(step) ? walk(value[Number(step)], steps, at + 1) : undefined
    const found = value.map((entry) => walk(entry, steps, at + 1)).filter((entry) => entry !== undefined)
    return found.length > 0 || value.length === 0 ? found.flat() : undefined
  }
  return isObject(value) && Object.hasOwn(value, step) ? walk(value[step], steps, at + 1) : undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

const EMPTY = new Uint8Array(0)

/**
 * A value as UTF-8: a text, bytes, or the texts of a list with a line end between them. What is not there, or null, is
 * empty.
 *
 * @returns null for what is no text
 */
export function textOf(value: unknown, encode: (text: string) => Uint8Array = encodeUtf8): Uint8Array | null {
  if (typeof value === 'string') return encode(value)
  if (value === undefined || value === null) return EMPTY
  if (value instanceof Uint8Array) return value
  if (!Array.isArray(value)) return null
  const texts: string[] = []
  for (const entry of value) {
    if (entry instanceof Uint8Array) texts.push(decodeUtf8(entry))
    else if (typeof entry === 'string') texts.push(entry)
    else if (entry !== null && entry !== undefined) return null
  }
  return encode(texts.join('\n'))
}

/** For messages: `a number`, `an object` … */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list of other things than texts'
  if (typeof value === 'object') return value instanceof Date ? 'a date' : 'an object'
  return `a ${typeof value}`
}

/** Another field of a record that is carried along: text as it is, everything else as JSON. */
export function carriedText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'bigint' ? Number(inner) : inner instanceof Uint8Array ? new TextDecoder().decode(inner) : inner,
  )
}
