import { describe, expect, it } from 'vitest'
import { drawn, normals, philox } from '../../src/init/philox'

describe('philox4x32-10', () => {
  // Random123's kat_vectors (D. E. Shaw Research): counter, key, result.
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('%s %s', (counter, key, result) => {
    const words = (text: string) => text.split(' ').map((word) => Number.parseInt(word, 16))
    const given = philox(words(counter) as [number, number, number, number], words(key) as [number, number])
    expect([...given].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(result)
  })
})

describe('normals', () => {
  const place = { seed: 7, side: 'input', id: 32_000, stream: 0 } as const

  it('begin alike whatever their number, and differ by every part of the place', () => {
    const ten = normals(place, 10)
    expect(ten).toHaveLength(10)
    expect([...normals(place, 3)]).toEqual([...ten.subarray(0, 3)])
    const others = [{ seed: 8 }, { side: 'output' as const }, { id: 32_001 }, { stream: 1 }]
    const firsts = [place, ...others.map((other) => ({ ...place, ...other }))].map((one) => normals(one, 1)[0])
    expect(new Set(firsts).size).toBe(5)
  })

  it('have the moments of the standard normal distribution', () => {
    const values = [...normals(place, 200_000)]
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length
    // Five standard errors of each.
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(200_000))
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 200_000))
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / 200_000))
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 200_000))
  })
})

it('drawn numbers are in range and evenly spread', () => {
  const numbers = drawn({ seed: 1, side: 'output', id: 5, stream: 2 }, 70_000, 7)
  const counts = Array.from({ length: 7 }, (_, n) => numbers.filter((number) => number === n).length)
  expect(counts.reduce((a, b) => a + b)).toBe(70_000)
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000))
})
