import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  codePointAt,
  decodeUtf8,
  encodeUtf8,
  firstInvalidUtf8,
  isValidUtf8,
  toWellFormed,
  toWellFormedUtf8,
  utf8Length,
} from '../../src/text/utf8'
import { runs } from '../support/long'

const strict = new TextDecoder('utf-8', { fatal: true })
/** Bytes near the borders of what is valid come up often. */
const someByte = fc.constantFrom(
  ...[0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xea, 0xed, 0xef],
  ...[0xf0, 0xf3, 0xf4, 0xf5, 0xff],
)

describe('validity', () => {
  it('equals the strict TextDecoder', () => {
    fc.assert(
      fc.property(fc.array(someByte, { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from(list)
        let valid = true
        try {
          strict.decode(bytes)
        } catch {
          valid = false
        }
        expect(isValidUtf8(bytes)).toBe(valid)
        const at = firstInvalidUtf8(bytes, 0, bytes.length)
        expect(isValidUtf8(bytes, 0, at)).toBe(true)
        expect(decodeUtf8(toWellFormedUtf8(bytes))).toBe(decodeUtf8(bytes))
      }),
      { numRuns: runs(5_000, 100_000) },
    )
  })

  it('keeps to the range', () => {
    const bytes = encodeUtf8('가나다')
    expect(isValidUtf8(bytes, 3, 6)).toBe(true)
    expect(isValidUtf8(bytes, 3, 5)).toBe(false)
    expect(firstInvalidUtf8(bytes, 1, 9)).toBe(1)
    expect(decodeUtf8(toWellFormedUtf8(bytes, 3, 8))).toBe('나\ufffd')
  })

  it('copies nothing that is valid, and replaces maximal parts', () => {
    const bytes = encodeUtf8('\ufeff가')
    expect(toWellFormedUtf8(bytes).buffer).toBe(bytes.buffer)
    expect([...toWellFormedUtf8(Uint8Array.of(0xea, 0xb0, 0x41, 0xed, 0xa0))]).toEqual([
      ...encodeUtf8('\ufffdA\ufffd\ufffd'),
    ])
  })
})

describe('characters', () => {
  it('have their length and code point', () => {
    for (const char of ['A', 'é', '가', '\uffff', '😀', '\u{10ffff}']) {
      const bytes = encodeUtf8(`x${char}`)
      expect(utf8Length(bytes[1])).toBe(bytes.length - 1)
      expect(codePointAt(bytes, 1)).toBe(char.codePointAt(0))
    }
  })

  it('are never half of a pair', () => {
    expect(toWellFormed('a\ud83d가😀\ude00')).toBe('a\ufffd가😀\ufffd')
    expect(toWellFormed('가')).toBe('가')
  })
})
