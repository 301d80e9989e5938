import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KNOWN_PATTERNS, type KnownPattern, recognizePattern } from '../../../src/tokenizer/pipeline/known-patterns'
import { compilePattern } from '../../../src/tokenizer/pipeline/regex'
import { scannerOf } from '../../../src/tokenizer/pipeline/scan'
import { koreanText } from '../../support/fixtures'
import { runs } from '../../support/long'
import { nastyText } from './nasty'

function scanAll(name: KnownPattern, text: string): string[] {
  const bytes = new TextEncoder().encode(text)
  const scan = scannerOf(name)
  const out: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = scan(bytes, at, bytes.length)
    if (end <= at) throw new Error(`no progress at byte ${at} of ${JSON.stringify(text)}`)
    out.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, end)))
    at = end
  }
  return out
}

describe.each(Object.keys(KNOWN_PATTERNS) as KnownPattern[])('the scanner of %s', (name) => {
  const regex = compilePattern(KNOWN_PATTERNS[name])

  it('equals the regular expression on nasty text', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        expect(scanAll(name, text)).toEqual(text.match(regex) ?? [])
      }),
      { numRuns: runs(3_000, 100_000) },
    )
  })

  it('equals the regular expression on Korean text', async () => {
    const text = (await koreanText()).slice(0, 200_000)
    expect(scanAll(name, text)).toEqual(text.match(regex))
  })

  it('equals the regular expression on every code point, between letters and alone', () => {
    let text = ''
    for (let codePoint = 0; codePoint < 0x110000; codePoint += codePoint < 0x3400 ? 1 : 37) {
      if (codePoint < 0xd800 || codePoint > 0xdfff)
        text += `a${String.fromCodePoint(codePoint)}B ${String.fromCodePoint(codePoint)} `
    }
    expect(scanAll(name, text)).toEqual(text.match(regex))
  })

  it('ends at the end of the range, not of the memory', () => {
    const bytes = new TextEncoder().encode('안녕  안녕')
    expect(scannerOf(name)(bytes, 6, 8)).toBe(8)
  })

  it('is recognized', () => {
    expect(recognizePattern(KNOWN_PATTERNS[name])).toBe(name)
  })
})

describe('recognizePattern', () => {
  it('takes possessive spellings that mean the same', () => {
    const tiktoken =
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    expect(recognizePattern(tiktoken)).toBe('cl100k')
  })

  it('leaves what Oniguruma reads otherwise', () => {
    expect(recognizePattern(KNOWN_PATTERNS.cl100k.replace('{1,3}', '{1,3}+'))).toBe(null)
    expect(recognizePattern('\\s+')).toBe(null)
  })
})
