import { describe, expect, it } from 'vitest'
import { isKoVocabError } from '../../../src/errors'
import { compilePattern } from '../../../src/tokenizer/pipeline/regex'

const all = (pattern: string, text: string) => text.match(compilePattern(pattern))

describe('compilePattern', () => {
  it('reads \\s as White_Space', () => {
    expect(all('\\s', 'a\u0085\ufeff\u00a0b')).toEqual(['\u0085', '\u00a0'])
    expect(all('[^\\s]', 'a\u0085\ufeff')).toEqual(['a', '\ufeff'])
    expect(all('\\S+', 'a\ufeff b')).toEqual(['a\ufeff', 'b'])
  })

  it('folds case under (?i:…) only, with ſ and K', () => {
    expect(all("(?i:'s|k)|x", "'S'ſKkxX")).toEqual(["'S", "'ſ", 'K', 'k', 'x'])
    expect(all('(?i)[a-c](?-i:d)', 'AdBDcd')).toEqual(['Ad', 'cd'])
    expect(all('(?i:ω)', 'ΩΩω')).toEqual(['Ω', 'Ω', 'ω'])
  })

  it('never gives back from possessive quantifiers and atomic groups', () => {
    expect(all('a++b|a', 'aab a')).toEqual(['aab', 'a'])
    expect(all('a*+a', 'aaa')).toBe(null)
    expect(all('(?>a|ab)c', 'abc')).toBe(null)
    expect(all('(?:a|ab)c', 'abc')).toEqual(['abc'])
  })

  it('repeats an interval that a plus follows, as Oniguruma does', () => {
    expect(all('\\p{N}{1,3}+', '1234567')).toEqual(['1234567'])
  })

  it('keeps letters of Unicode 17 out, on any engine', () => {
    expect(all('\\p{L}', 'a\u{323b0}\ua7ce')).toEqual(['a'])
    expect(all('\\P{L}', 'a\u{323b0}')).toEqual(['\u{323b0}'])
    expect(all('\\p{Ll}', '\u0295')).toEqual(['\u0295'])
  })

  it.each([
    ['(a)\\1', 4, '\\1'],
    ['\\X', 1, '\\X'],
    ['\\p{Nonsense}', 1, 'the property Nonsense'],
    ['a|(?x: b)', 3, 'the group (?x: b'],
    ['a(?i)b', 2, '(?i) in the middle of a group'],
    ['(a', 1, 'a group without an end'],
    ['a)', 2, 'a closing parenthesis'],
    ['[a', 1, 'a class without an end'],
    ['[[:punct:]]', 2, 'the class [:punct:]'],
    ['*a', 1, '* without anything before it'],
    ['(?<=a++)b', 1, 'a possessive quantifier inside a lookbehind'],
    ['a{2}?', 5, '{2}?'],
    ['[z-a]', 2, 'a range that ends before it begins'],
  ])('refuses %s by name and place', (pattern, place, what) => {
    try {
      compilePattern(pattern)
      expect.unreachable()
    } catch (error) {
      if (!isKoVocabError(error)) throw error
      expect(error.code).toBe('unsupported')
      expect(error.message).toContain(`${JSON.stringify(pattern)}, character ${place}: ${what}`)
    }
  })
})
