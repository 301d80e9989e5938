import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lettersOf } from '../../../src/corpus/prepare/letters'
import { classOf, Letter, Mark, Number_ } from '../../../src/text/unicode'
import { runs } from '../../support/long'

test('letters, marks and digits of any text, lowered', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('\ud83d', '𠀀', '가 나', 'ÀÉ', 'İ', '…'),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const text = parts.join('')
      const expected = [...text]
        .filter((char) => classOf(char.codePointAt(0)!) & (Letter | Mark | Number_))
        // A letter whose lower form is longer (İ), or outside of the first plane, stays.
        .map((char) => (char.length === 1 && char.toLowerCase().length === 1 ? char.toLowerCase() : char))
        .join('')
      const [letters, count] = lettersOf(text, new Uint16Array(0))
      expect(String.fromCharCode(...letters.subarray(0, count))).toBe(expected)
    }),
    { numRuns: runs(1000) },
  )
})
