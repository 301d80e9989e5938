import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHashSet } from '../../../src/corpus/prepare/hash-set'
import { hashText } from '../../../src/corpus/prepare/hash128'
import { utf8Bytes } from '../../../src/text/length'
import { runs } from '../../support/long'

/** The words' bytes, little endian, as the reference writes them. */
const hex = (hash: Uint32Array) => Buffer.from(hash.buffer).toString('hex')

// mmh3 5.3.0: hash_bytes(text.encode(), 0, x64arch=False).
test.each([
  ['', 0, '00000000000000000000000000000000'],
  ['가', 0, '17ea607724a809f024a809f024a809f0'],
  ['안녕하세요', 0, '39eb6763d9481a9c87788031ab4c4d56'],
  ['I will not buy this record, it is scratched.', 0, '3b68a9a0405eac259528afd9f5dd0d89'],
  ['한국어 문장 하나와 그 뒤에 오는 조금 더 긴 문장', 0, '0423f7d079faf10795063b13d3048ca2'],
])('MurmurHash3_x86_128 of %j', (text, seed, expected) => {
  expect(hex(hashText(text, seed))).toBe(expected)
})

test('a set of hashes holds what a set of texts holds, and takes 21 to 43 bytes a hash', () => {
  const set = createHashSet()
  const truth = new Set<string>()
  for (let i = 0; i < 60_000; i++) {
    const text = `문서 ${(i * 7919) % 40_000}`
    expect(set.add(hashText(text))).toBe(!truth.has(text))
    truth.add(text)
  }
  expect(set.size()).toBe(40_000)
  expect(set.bytes() / set.size()).toBeGreaterThan(16 / 0.75 - 1)
  expect(set.bytes() / set.size()).toBeLessThan(43)
  expect(set.add(new Uint32Array(4))).toBe(true)
  expect(set.add(new Uint32Array(4))).toBe(false)
})

test('UTF-8 bytes of any text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 })
  const parts = fc.array(fc.oneof(text, fc.constantFrom('\ud800', '\udc00', '한', '😀')), { maxLength: 6 })
  fc.assert(
    fc.property(parts, (some) => {
      const whole = some.join('')
      expect(utf8Bytes(whole)).toBe(new TextEncoder().encode(whole).length)
    }),
    { numRuns: runs(1000) },
  )
})
