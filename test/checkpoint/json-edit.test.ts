import fc from 'fast-check'
import { expect, it } from 'vitest'
import { membersOf, memberValue, withMember } from '../../src/checkpoint/json-edit'
import { runs } from '../support/long'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (of: Uint8Array) => new TextDecoder().decode(of)

it('changes one value, and no other byte, of any object', () => {
  const object = fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(object, fc.string(), fc.nat(), fc.nat(4), (value, key, number, indent) => {
      const before = JSON.stringify(value, null, indent)
      const members = membersOf(bytes(before), 'x')!
      for (const [name, held] of Object.entries(value))
        expect(memberValue(members, name)).toEqual(JSON.parse(JSON.stringify(held)))
      const after = text(withMember(members, key, number))
      const wanted = Object.hasOwn(value, key) ? value : { [key]: 0, ...value }
      const expected = Object.fromEntries(
        Object.entries(wanted).map(([name, held]) => [name, name === key ? number : held]),
      )
      expect(JSON.parse(after)).toEqual(JSON.parse(JSON.stringify(expected)))
      if (!Object.hasOwn(value, key)) return
      const { begin, end } = members.spans.get(key)!
      expect([before.slice(0, text(bytes(before).slice(0, begin)).length), after.length]).toEqual([
        text(bytes(before).slice(0, begin)),
        before.length - text(bytes(before).slice(begin, end)).length + String(number).length,
      ])
    }),
    { numRuns: runs(300) },
  )
})

it('leaves numbers, spaces and what only Python knows', () => {
  const before = '{ "eps": 1e-05,\t"p": 0.0, "limit": [NaN, -Infinity], "text_config": { "vocab_size" : 7 }, "z":1}'
  const members = membersOf(bytes(before), 'x', ['text_config'])!
  expect(text(withMember(members, 'vocab_size', 32_512))).toBe(before.replace(' : 7', ' : 32512'))
  expect(memberValue(membersOf(bytes(before), 'x')!, 'limit')).toBeUndefined()
  expect(membersOf(bytes(before), 'x', ['z'])).toBeNull()
  expect(membersOf(bytes(before), 'x', ['none', 'deeper'])).toBeNull()
})

it.each(['', '[]', '1', '{', '{"a":1', '{"a":1}x', '{"a":1,"a":2}', '{"a" 1}', '{"a":}', '\u0000'])(
  '%j is a bad file',
  (wrong) => {
    expect(() => membersOf(bytes(wrong), 'config.json')).toThrow(expect.objectContaining({ code: 'bad-file' }))
  },
)
