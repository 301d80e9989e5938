import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeValues,
  encodeValues,
  fromF16,
  ROW_BYTES,
  type RowDtype,
  toBF16,
  toF16,
} from '../../src/checkpoint/row-values'
import { runs } from '../support/long'

/** Every finite value of a 16-bit float by its bits, by the definition of the format. */
function valueOfBits(bits: number, exponentBits: number, fractionBits: number): number {
  const exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1)
  const fraction = bits & ((1 << fractionBits) - 1)
  const bias = 2 ** (exponentBits - 1) - 1
  const sign = bits >> 15 ? -1 : 1
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits)
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias)
}

const formats = [
  { name: 'F16', exponentBits: 5, fractionBits: 10, to: toF16 },
  { name: 'BF16', exponentBits: 8, fractionBits: 7, to: toBF16 },
] as const

describe.each(formats)('$name', ({ name, exponentBits, fractionBits, to }) => {
  const infinity = ((1 << exponentBits) - 1) << fractionBits
  const value = (bits: number) => valueOfBits(bits, exponentBits, fractionBits)

  it('takes every value of the format to itself, both signs', () => {
    for (let bits = 0; bits < infinity; bits++) {
      if (to(value(bits)) !== bits || to(-value(bits)) !== (bits | 0x8000)) expect(bits).toBe('itself')
    }
  })

  it('rounds to the nearest, the middle to the even one, and looks at the whole of the float64', () => {
    for (let bits = 0; bits < infinity - 1; bits++) {
      const low = value(bits)
      const high = value(bits + 1)
      const middle = (low + high) / 2
      const tiny = middle * 2 ** -50
      const even = bits % 2 === 0 ? bits : bits + 1
      const got = [to(middle - tiny), to(middle), to(middle + tiny), to(-middle - tiny)]
      const wanted = [bits, even, bits + 1, (bits + 1) | 0x8000]
      if (got.join() !== wanted.join()) expect({ bits, got }).toEqual({ bits, got: wanted })
    }
  })

  it('refuses what would become infinite, and no value below', () => {
    const greatest = value(infinity - 1)
    const limit = greatest + (greatest - value(infinity - 2)) / 2
    expect(to(limit)).toBe(-1)
    expect(to(-limit)).toBe(-1)
    expect(to(limit * (1 - 2 ** -52))).toBe(infinity - 1)
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300]) expect(to(odd)).toBe(-1)
    expect([to(0), to(-0)]).toEqual([0, 0x8000])
    expect(name === 'F16' ? [to(65_504), to(65_519.99), to(65_520)] : []).toEqual(
      name === 'F16' ? [0x7bff, 0x7bff, -1] : [],
    )
  })

  it('any float64 goes to a neighbour that no other value is nearer than', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -70_000, max: 70_000 }), (x) => {
        const bits = to(x)
        if (bits < 0) return
        const error = Math.abs(value(bits) - x)
        const near = [bits - 1, bits + 1].filter((b) => (b & 0x7fff) < infinity && (b & 0x8000) === (bits & 0x8000))
        for (const other of near) expect(Math.abs(value(other) - x)).toBeGreaterThanOrEqual(error)
      }),
      { numRuns: runs(2000) },
    )
  })
})

it('reads F16, infinity and NaN too', () => {
  for (let bits = 0; bits < 0x7c00; bits++) if (fromF16(bits) !== valueOfBits(bits, 5, 10)) expect(bits).toBe('equal')
  expect([fromF16(0x7c00), fromF16(0xfc00), fromF16(0x7e00)]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ])
})

it.each<RowDtype>(['F64', 'F32', 'F16', 'BF16'])('%s values survive writing and reading, at any alignment', (dtype) => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1000, max: 1000 })), fc.nat(7), (values, shift) => {
      const bytes = new Uint8Array(values.length * ROW_BYTES[dtype] + shift).subarray(shift)
      expect(encodeValues(dtype, Float64Array.from(values), bytes)).toBe(-1)
      const once = new Float64Array(values.length)
      decodeValues(dtype, bytes, once)
      const again = new Uint8Array(bytes.length)
      encodeValues(dtype, once, again)
      expect(again).toEqual(Uint8Array.from(bytes))
      if (dtype === 'F64') expect([...once]).toEqual(values)
      if (dtype === 'F32') expect([...once]).toEqual(values.map(Math.fround))
    }),
    { numRuns: runs(200) },
  )
})

it('names the first value that does not fit', () => {
  const values = Float64Array.of(1, 2, 1e39, Number.NaN)
  const into = (dtype: RowDtype) => new Uint8Array(4 * ROW_BYTES[dtype])
  expect(encodeValues('F64', values, into('F64'))).toBe(3)
  expect(encodeValues('F32', values, into('F32'))).toBe(2)
  expect(encodeValues('BF16', values, into('BF16'))).toBe(2)
  expect(encodeValues('F16', Float64Array.of(1, 65_520), into('F16'))).toBe(1)
})
