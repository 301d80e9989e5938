/**
 * Changes single values of a JSON file and leaves every other byte: `1e-05` stays `1e-05`, `1.0` stays a float for
 * Python, `NaN` and `Infinity` (which Python writes) survive.
 */
import { KoVocabError } from '../errors'
import { endJson, type JsonCursor, peekJson, readJsonObject, skipJsonValue } from '../init/json-cursor'

/** The values of an object as they are written. */
export interface JsonMembers {
  text: Uint8Array
  /** Key → where its value stands. */
  spans: Map<string, { begin: number; end: number }>
  /** Where the object's first key could stand. */
  inside: number
}

/**
 * @param within the path of keys to the object that is meant; the outermost without
 * @returns null when there is no such object on the path
 * @throws KoVocabError `bad-file` when the text is no JSON object
 */
export function membersOf(text: Uint8Array, name: string, within: readonly string[] = []): JsonMembers | null {
  const fail = (what: string): never => {
    throw new KoVocabError('bad-file', `${name}: is no JSON as it should be: ${what}`, 'the file is damaged')
  }
  const cursor: JsonCursor = { bytes: text, at: 0, fail: (what) => fail(`${what} (byte ${cursor.at})`) }
  const spans: JsonMembers['spans'] = new Map()
  let inside = -1
  const read = (depth: number) => {
    if (depth === within.length) inside = text.indexOf(0x7b, cursor.at) + 1
    readJsonObject(cursor, (key) => {
      const isObject = peekJson(cursor) === 0x7b
      if (depth < within.length && key === within[depth] && isObject) return read(depth + 1)
      const begin = cursor.at
      skipJsonValue(cursor)
      if (depth === within.length) spans.set(key, { begin, end: cursor.at })
    })
  }
  read(0)
  endJson(cursor)
  return inside < 0 ? null : { text, spans, inside }
}

/** The value of a key; undefined when it is absent or is one that JSON does not know (NaN). */
export function memberValue(members: JsonMembers, key: string): unknown {
  const span = members.spans.get(key)
  if (!span) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(members.text.subarray(span.begin, span.end)))
  } catch {
    return undefined
  }
}

/** The text with one value put in the place of another, or as the first key when it is not there. */
export function withMember(members: JsonMembers, key: string, value: number | string): Uint8Array {
  const { text, spans, inside } = members
  const span = spans.get(key) ?? { begin: inside, end: inside }
  const json = JSON.stringify(value)
  const written = spans.has(key) ? json : `\n  ${JSON.stringify(key)}: ${json}${spans.size > 0 ? ',' : '\n'}`
  const bytes = new TextEncoder().encode(written)
  const changed = new Uint8Array(span.begin + bytes.length + text.length - span.end)
  changed.set(text.subarray(0, span.begin))
  changed.set(bytes, span.begin)
  changed.set(text.subarray(span.end), span.begin + bytes.length)
  return changed
}
