import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKoVocabError } from '../../src/errors'
import {
  inScope,
  mayChange,
  pieceInScope,
  prefixInScope,
  SCOPES,
  type Scope,
  scopeNamed,
  superwordScope,
  wordScope,
} from '../../src/text/scope'
import { classOf, Letter } from '../../src/text/unicode'
import { encodeUtf8 } from '../../src/text/utf8'
import { runs } from '../support/long'

const LAST = 0x10ffff
const isSurrogate = (codePoint: number) => codePoint >= 0xd800 && codePoint <= 0xdfff
const limited = Object.values(SCOPES).filter((scope) => scope.name !== 'all')
const bytesOf = (hex: string) => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
const inBlocks = (scope: Scope, codePoint: number) =>
  scope.blocks.some(([low, high]) => codePoint >= low && codePoint <= high)

describe('the scopes', () => {
  it('hangul is 11,172 syllables, 256 conjoining and 94 compatibility jamo', () => {
    const inside: string[] = []
    for (let codePoint = 0; codePoint <= LAST; codePoint++) {
      if (inScope(SCOPES.hangul, codePoint)) inside.push(String.fromCodePoint(codePoint))
    }
    expect(inside.length).toBe(11_172 + 256 + 94)
    for (const char of inside) expect(char).toMatch(/\p{Script=Hangul}/u)
    for (const char of 'ᄒㅋㅎ가힣뷁ㅠ') expect(inside).toContain(char)
  })

  it.each(limited)('$name: core of letters, inside the blocks; ranges ascend', (scope) => {
    for (let codePoint = 0; codePoint <= LAST; codePoint++) {
      if (!inScope(scope, codePoint)) continue
      expect(classOf(codePoint) & Letter, codePoint.toString(16)).toBe(Letter)
      expect(inBlocks(scope, codePoint), codePoint.toString(16)).toBe(true)
      expect(mayChange(scope, codePoint)).toBe(true)
    }
    for (const ranges of [scope.core, scope.blocks]) {
      for (let i = 0; i < ranges.length; i++) {
        expect(ranges[i][0]).toBeLessThanOrEqual(ranges[i][1])
        if (i > 0) expect(ranges[i][0]).toBeGreaterThan(ranges[i - 1][1])
      }
    }
    for (const codePoint of scope.trailing) expect(codePoint).toBeLessThan(0x80)
  })

  it('refuses a name that is none, and names those there are', () => {
    for (const name of ['hangeul', '', 'toString', '__proto__']) {
      let error: unknown
      try {
        scopeNamed(name)
      } catch (caught) {
        error = caught
      }
      expect(isKoVocabError(error) && error.code, name).toBe('bad-option')
      expect(isKoVocabError(error) && error.hint).toContain('hangul+punctuation')
    }
    expect(scopeNamed('hangul')).toBe(SCOPES.hangul)
  })
})

describe('prefixInScope', () => {
  it.each(limited)('is true for exactly the cut characters whose every ending lies in the blocks: $name', (scope) => {
    /** Prefix, as a number per byte → whether all characters with it are in the blocks. */
    const whole = new Map<string, boolean>()
    for (let codePoint = 0x80; codePoint <= LAST; codePoint++) {
      if (isSurrogate(codePoint)) continue
      const inside = inBlocks(scope, codePoint)
      const bytes = encodeUtf8(String.fromCodePoint(codePoint))
      for (let length = 1; length < bytes.length; length++) {
        const key = bytes.subarray(0, length).join()
        whole.set(key, inside && (whole.get(key) ?? true))
      }
    }
    const wrong: string[] = []
    const check = (...bytes: number[]) => {
      const expected = whole.get(bytes.join()) ?? false
      if (prefixInScope(scope, bytes, 0, bytes.length) !== expected) {
        wrong.push(bytes.map((byte) => byte.toString(16)).join(' '))
      }
    }
    for (let a = 0; a < 256; a++) {
      check(a)
      for (let b = 0; b < 256; b++) check(a, b)
    }
    for (const a of [0xe0, 0xea, 0xed, 0xf0, 0xf4]) {
      for (let b = 0; b < 256; b++) for (let c = 0; c < 256; c++) check(a, b, c)
    }
    expect(wrong).toEqual([])
  })
})

describe('pieceInScope, hangul', () => {
  it.each([
    ['EC', 'U+C000..U+CFFF, syllables all'],
    ['EB', 'U+B000..U+BFFF, syllables all'],
    ['EC 95', 'U+C540..U+C57F'],
    ['ED 9E', '히 to 힣 and the block of jamo behind it'],
    ['EA B0', '가 to 갿'],
    ['E1 84', 'conjoining jamo'],
    ['20 EC 95', 'a space before a cut syllable'],
    ['EA B0 80 EC', 'a syllable and a cut one'],
    ['20 EA B0 80', ' 가'],
    ['E3 85 8B', 'ㅋ'],
  ])('%s: yes (%s)', (hex) => expect(pieceInScope(SCOPES.hangul, bytesOf(hex))).toBe(true))

  it.each([
    ['EA', 'Yi begins with it'],
    ['ED', 'U+D7FF is no character, but it lies beyond the block: U+D000..U+D7FF', true],
    ['E3 84', 'Bopomofo'],
    ['E3', 'kana'],
    ['E1', 'Georgian'],
    ['BE 80', 'the end of a character'],
    ['80', 'the end of a character'],
    ['20', 'a space alone'],
    ['20 20 EA B0 80', 'two spaces'],
    ['EA B0 80 20', 'a space behind'],
    ['B0 80 EA B0 80', 'begins inside a character'],
    ['EA B0 80 61', 'Latin behind'],
    ['61 EA B0 80', 'Latin before'],
    ['EA B0 80 2E', 'punctuation, which this scope has not'],
    ['EA B0 80 80', 'a stray byte'],
    ['EA B0 20', 'a cut character and more'],
    ['EA 20', 'a cut character and more'],
    ['ED A0 80', 'a surrogate'],
    ['F0 8A B0 80', '가, overlong'],
    ['EA B0 80 BE 80', 'a syllable and the end of another'],
  ])('%s: no (%s)', (hex, _why, exception = false) => expect(pieceInScope(SCOPES.hangul, bytesOf(hex))).toBe(exception))

  it('nothing is no piece', () => {
    for (const scope of Object.values(SCOPES)) expect(pieceInScope(scope, [])).toBe(false)
  })

  it('hangul+punctuation: behind Hangul, never alone or before it', () => {
    const scope = SCOPES['hangul+punctuation']
    for (const text of ['다.', ' 다.', '까?!', '네,', '가'])
      expect(pieceInScope(scope, encodeUtf8(text)), text).toBe(true)
    for (const text of ['.', ' .', '.다', '다. ', '다;', '다.가', ' ', '!?']) {
      expect(pieceInScope(scope, encodeUtf8(text)), text).toBe(false)
    }
    expect(pieceInScope(scope, bytesOf('EA B0 2E'))).toBe(false)
  })

  it('superwords: whole words with one space between them, none behind the last', () => {
    const scope = SCOPES['hangul+punctuation+superwords']
    for (const text of ['할 거예요.', ' 할 수', '다. 그', '가 나 다'])
      expect(pieceInScope(scope, encodeUtf8(text)), text).toBe(true)
    for (const text of ['할 ', ' 할 ', '할  거', '할 the', 'the 할', '할 .', ' ', '할. .']) {
      expect(pieceInScope(scope, encodeUtf8(text)), text).toBe(false)
    }
    expect(pieceInScope(scope, bytesOf('EC 95 88 20 EC 95'))).toBe(true)
    expect(pieceInScope(scope, bytesOf('EC 95 20 EC 95 88'))).toBe(false)
  })

  it('a scope with superwords and the one of its words', () => {
    for (const name of ['hangul', 'hangul+punctuation']) {
      const scope = superwordScope(scopeNamed(name))
      expect(scope).toBe(SCOPES[`${name}+superwords`])
      expect(superwordScope(scope)).toBe(scope)
      expect(wordScope(scope)).toBe(SCOPES[name])
      expect(scope).toEqual({ ...SCOPES[name], name: scope.name, spaces: true })
    }
    expect(() => superwordScope(SCOPES.all)).toThrow(/"all" has no superwords/)
  })
})

describe('pieceInScope against brute force', () => {
  function isUtf8(bytes: Uint8Array): boolean {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      return true
    } catch {
      return false
    }
  }

  /** Text that holds `bytes` and no core character exists only if the piece is out of scope. */
  function plainly(scope: Scope, bytes: Uint8Array): boolean {
    const space = scope.spaces ? bytes.indexOf(0x20, 1) : -1
    if (space < 0) return plainWord(scope, bytes)
    return plainWord(scope, bytes.subarray(0, space), false) && plainly(scope, bytes.subarray(space))
  }

  function plainWord(scope: Scope, bytes: Uint8Array, mayBeCut = true): boolean {
    if (!mayBeCut && isUtf8(bytes) === false) return false
    const from = bytes[0] === 0x20 ? 1 : 0
    for (let end = bytes.length; end > Math.max(from, bytes.length - 4); end--) {
      let text: string
      try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from, end))
      } catch {
        continue
      }
      const points = [...text].map((char) => char.codePointAt(0)!)
      let core = 0
      while (core < points.length && inScope(scope, points[core])) core++
      const rest = points.slice(core)
      if (end < bytes.length) return rest.length === 0 && prefixInScope(scope, bytes, end, bytes.length)
      return core > 0 && rest.every((point) => scope.trailing.includes(point))
    }
    return prefixInScope(scope, bytes, from, bytes.length)
  }

  it.each(limited)('$name', (scope) => {
    const part = fc.oneof(
      fc
        .constantFrom(' ', '가', '힣', 'ㅋ', 'ᄒ', '漢', 'か', 'ー', '.', '!', ';', 'a', '\ud7a4', '\u3130', 'é', '😀')
        .map(encodeUtf8),
      fc
        .constantFrom([0xec], [0xec, 0x95], [0xed, 0x9e], [0xe3, 0x84], [0xea], [0x80], [0xf0, 0x9f])
        .map((list) => Uint8Array.from(list)),
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const bytes = Uint8Array.from(parts.flatMap((list) => [...list]))
        expect(pieceInScope(scope, bytes)).toBe(plainly(scope, bytes))
        const inside = Uint8Array.from([0x61, ...bytes, 0x62])
        expect(pieceInScope(scope, inside, 1, inside.length - 1)).toBe(pieceInScope(scope, bytes))
      }),
      { numRuns: runs(2_000, 20_000) },
    )
  })
})
