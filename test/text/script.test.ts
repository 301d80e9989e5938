import { describe, expect, it } from 'vitest'
import { INHERITED, scriptOf } from '../../src/text/script'

const of = (char: string) => scriptOf(char.codePointAt(0)!)

describe('scriptOf', () => {
  it('takes Hiragana, Katakana and the long vowel mark for Han, as spm_train does', () => {
    for (const char of 'かカー漢々ｶ𠀀') expect(of(char), char).toBe(of('字'))
  })

  it('tells Hangul, Latin, Han, Cyrillic and what is common apart', () => {
    expect(new Set(['가', 'a', '漢', 'ж', '1', 'α', 'ㄅ', 'ꀀ', 'ก'].map(of)).size).toBe(9)
    for (const char of 'ㅋᄒ힣ﾡꥠ') expect(of(char), char).toBe(of('가'))
    for (const char of '1.!▁ \u3000😀〇。'.replace('〇', '')) expect(of(char), char).toBe(of('.'))
  })

  it('has a number for marks that take the script before them, and for none else', () => {
    for (const char of ['\u0301', '\ufe0f', '\u200d', '\u3099']) expect(of(char), char).toBe(INHERITED)
    for (const char of 'a가漢1') expect(of(char), char).not.toBe(INHERITED)
  })

  it('gives a number for every code point', () => {
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 61) expect(scriptOf(codePoint)).toBeLessThan(256)
  })
})
