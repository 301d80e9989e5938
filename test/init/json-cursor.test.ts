import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  endJson,
  type JsonCursor,
  peekJson,
  readJsonArray,
  readJsonNatural,
  readJsonObject,
  readJsonString,
  skipJsonValue,
} from '../../src/init/json-cursor'
import { runs } from '../support/long'

function cursorOf(text: string | Uint8Array): JsonCursor {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const cursor: JsonCursor = {
    bytes,
    at: 0,
    fail: (what) => {
      throw new SyntaxError(`${what} at ${cursor.at}`)
    },
  }
  return cursor
}

/** The whole value, through the cursor. Numbers that are no sizes by JSON.parse of their bytes. */
function read(cursor: JsonCursor): unknown {
  const next = peekJson(cursor)
  if (next === 0x7b) {
    const entries: [string, unknown][] = []
    readJsonObject(cursor, (key) => entries.push([key, read(cursor)]))
    return Object.fromEntries(entries)
  }
  if (next === 0x5b) {
    const list: unknown[] = []
    readJsonArray(cursor, () => list.push(read(cursor)))
    return list
  }
  if (next === 0x22) return readJsonString(cursor)
  const natural = readJsonNatural(cursor)
  if (natural !== null) return natural
  const start = cursor.at
  skipJsonValue(cursor)
  return JSON.parse(new TextDecoder().decode(cursor.bytes.subarray(start, cursor.at)))
}

function whole(text: string | Uint8Array): unknown {
  const cursor = cursorOf(text)
  const value = read(cursor)
  endJson(cursor)
  return value
}

const attempt = (act: () => unknown) => {
  try {
    return { value: act() }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.nat(4), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent)
      expect(whole(spaced)).toEqual(JSON.parse(spaced))
      const cursor = cursorOf(spaced)
      skipJsonValue(cursor)
      endJson(cursor)
    }),
    { numRuns: runs(500) },
  )
})

it('refuses what JSON.parse refuses, and else gives the same, keys that stand twice apart', () => {
  const token = fc.constantFrom(
    ...['{', '}', '[', ']', ':', ',', '"a"', '"b"', '"\\u0061"', '"\\x"', '"', '\\', ' ', '\n'],
    ...[
      '0',
      '1',
      '01',
      '-1',
      '1.5',
      '1e3',
      '.5',
      '1.',
      'true',
      'null',
      'nul',
      '9007199254740993',
      '\t',
      '\u00e9',
      '"한"',
      '\0',
    ],
  )
  const soup = fc.array(token, { maxLength: 12 }).map((parts) => parts.join(''))
  const bent = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), token).map(([text, at, part]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + part + text.slice(place + (at % 2))
  })
  let both = 0
  fc.assert(
    fc.property(fc.oneof(soup, bent), (text) => {
      const ours = attempt(() => whole(text))
      const theirs = attempt(() => JSON.parse(text))
      if (ours) {
        both++
        expect(ours).toEqual(theirs)
      } else if (theirs) {
        expect(() => whole(text)).toThrow('twice')
      }
    }),
    { numRuns: runs(3000) },
  )
  expect(both).toBeGreaterThan(20)
})

describe('strings', () => {
  it('with escapes, surrogates and long texts are what JSON.parse makes of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(whole(JSON.stringify(text))).toBe(text)
      }),
      { numRuns: runs(100) },
    )
    expect(whole('"\\ud83d\\ude00\\/\\b"')).toBe('😀/\b')
  })
  it.each<[string, string | Uint8Array]>([
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['an overlong slash', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)],
    ['a control character', '"\n"'],
    ['an end that is escaped', '"\\"'],
    ['no end', '"abc'],
  ])('%s are refused', (_, text) => {
    expect(() => whole(text)).toThrow(SyntaxError)
  })
})

it('natural numbers are whole, exact and written as such', () => {
  const natural = (text: string) => readJsonNatural(cursorOf(text))
  expect(['0', ' 7,', '9007199254740991', '10]'].map(natural)).toEqual([0, 7, 9007199254740991, 10])
  for (const text of ['-1', '1.0', '1e3', '1E3', '01', '9007199254740992', '1'.repeat(400), '', '"1"', 'null'])
    expect(natural(text)).toBeNull()
})

it('passes over what Python writes', () => {
  const cursor = cursorOf('{"a": NaN, "b": [Infinity, -Infinity], "c": -0.5e-10} ')
  skipJsonValue(cursor)
  endJson(cursor)
  for (const text of ['nan', '+1', '--1', 'infinity', '1..2', '', '}', ',']) {
    expect(() => skipJsonValue(cursorOf(text))).toThrow(SyntaxError)
  }
})
