import fc from 'fast-check'
import { expect, it } from 'vitest'
import { permute } from '../../../src/trainer/data/permutation'
import { runs } from '../../support/long'

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const all = (count: number, seed: number, source = 0, epoch = 0) =>
  Array.from({ length: count }, (_, i) => permute(i, count, { seed, source, epoch }))

it('is a bijection, whatever the count', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), seeds, (count, seed) => {
      expect(new Set(all(count, seed)).size).toBe(count)
      expect(all(count, seed).every((place) => place >= 0 && place < count)).toBe(true)
    }),
    { numRuns: runs(100, 1000) },
  )
})

it('every small count is', () => {
  for (let count = 1; count <= 130; count++) {
    expect(all(count, 9).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
  }
})

it('differs by seed, source and epoch', () => {
  const lists = [all(50, 1), all(50, 2), all(50, 1, 1), all(50, 1, 0, 1)].map(String)
  expect(new Set(lists).size).toBe(4)
})

it('stays in range for counts up to 2^52', () => {
  for (const count of [2 ** 32, 2 ** 40 + 12_345, 2 ** 52]) {
    const places = [0, 1, count / 2, count - 1].map((i) =>
      permute(Math.floor(i), count, { seed: 3, source: 0, epoch: 0 }),
    )
    expect(new Set(places).size).toBe(4)
    for (const place of places) expect(Number.isSafeInteger(place) && place >= 0 && place < count).toBe(true)
  }
})

it.each([2, 3, 5, 6, 24, 100])('sends each of %i places everywhere equally often', (count) => {
  const seen = 20_000
  const table = new Float64Array(count * count)
  for (let seed = 0; seed < seen / count; seed++) {
    for (const [i, place] of all(count, seed).entries()) table[i * count + place]++
  }
  const expected = seen / count / count
  const chi2 = table.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  // (count - 1)^2 degrees of freedom; six standard deviations above the mean.
  const freedom = (count - 1) ** 2
  expect(chi2).toBeLessThan(freedom + 6 * Math.sqrt(2 * freedom) + 6)
})

it('leaves neighbours apart', () => {
  const list = all(10_000, 5)
  const near = list.filter((place, i) => i > 0 && Math.abs(place - list[i - 1]) <= 10).length
  // By chance 20 of 10,000 are so near.
  expect(near).toBeLessThan(50)
})
