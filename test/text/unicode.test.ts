import { describe, expect, it } from 'vitest'
import {
  ADDED_AFTER_UNICODE_16,
  classOf,
  Letter,
  Lower,
  Mark,
  Newline,
  Number_,
  Space,
  Upper,
} from '../../src/text/unicode'

const at = (char: string) => classOf(char.codePointAt(0)!)

describe('classOf', () => {
  it.each([
    ['a', Letter | Lower],
    ['A', Letter | Upper],
    ['ǅ', Letter | Upper],
    ['ʰ', Letter],
    ['가', Letter],
    ['ㅋ', Letter],
    ['\u1100', Letter],
    ['漢', Letter],
    ['\u0301', Mark],
    ['7', Number_],
    ['Ⅷ', Number_],
    ['½', Number_],
    ['\n', Space | Newline],
    ['\r', Space | Newline],
    ['\u0085', Space],
    ['\u3000', Space],
    ['\ufeff', 0],
    ['\u200b', 0],
    ['!', 0],
    ['😀', 0],
    ['\u0295', Letter | Lower],
    ['\u{323b0}', 0],
  ])('%j', (char, bits) => {
    expect(at(char)).toBe(bits)
  })

  it('equals the engine everywhere, what came after Unicode 16 apart', () => {
    const added = new Set<number>()
    for (const ranges of Object.values(ADDED_AFTER_UNICODE_16)) {
      for (const [low, high] of ranges) for (let c = low; c <= high; c++) added.add(c)
    }
    const classes: [RegExp, number][] = [
      [/\p{L}/u, Letter],
      [/\p{N}/u, Number_],
      [/\p{M}/u, Mark],
      [/\p{White_Space}/u, Space],
      [/[\p{Lu}\p{Lt}]/u, Upper],
    ]
    const wrong: string[] = []
    for (let c = 0; c < 0x110000; c += c < 0x20000 ? 1 : 13) {
      const char = String.fromCodePoint(c)
      for (const [regex, bit] of classes) {
        const expected = !added.has(c) && regex.test(char)
        if (((classOf(c) & bit) !== 0) !== expected) wrong.push(`${c.toString(16)} ${regex}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
