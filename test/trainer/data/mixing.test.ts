import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMixer } from '../../../src/trainer/data/mixing'
import { runs } from '../../support/long'

const sharesOf = fc
  .array(
    fc.oneof(fc.constant(0), fc.double({ min: 1e-4, max: 1, noNaN: true }), fc.constantFrom(0.1, 0.2, 0.25, 0.5)),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  .filter((shares) => shares.some((share) => share > 0))

describe('mixer', () => {
  it('keeps every source within one block of its share after every block', () => {
    fc.assert(
      fc.property(sharesOf, fc.integer({ min: 1, max: 600 }), (shares, rows) => {
        const sum = shares.reduce((a, b) => a + b)
        const active = shares.filter((share) => share > 0).length
        const bound = active > 1 ? 1 - 1 / (2 * active - 2) : 0
        const mixer = createMixer(shares)
        const counts = shares.map(() => 0)
        let furthest = 0
        for (let row = 0; row < rows; row++) {
          const { source, index } = mixer.turn(row)
          if (index !== counts[source]++) throw new Error(`row ${row}: block ${index} of source ${source} out of order`)
          for (let i = 0; i < shares.length; i++) {
            furthest = Math.max(furthest, Math.abs(counts[i] - ((row + 1) * shares[i]) / sum))
          }
        }
        expect(furthest).toBeLessThanOrEqual(bound + 1e-9)
      }),
      { numRuns: runs(200) },
    )
  })

  it('gives the same turns in whatever order they are asked for', () => {
    fc.assert(
      fc.property(sharesOf, fc.array(fc.nat(400), { maxLength: 40 }), (shares, places) => {
        const straight = createMixer(shares)
        const turns = Array.from({ length: 401 }, (_, row) => straight.turn(row))
        const jumping = createMixer(shares)
        for (const place of places) {
          expect(jumping.turn(place)).toEqual(turns[place])
          const before = turns.slice(0, place)
          expect(jumping.counts(place)).toEqual(shares.map((_, i) => before.filter((t) => t.source === i).length))
        }
      }),
      { numRuns: runs(100, 2000) },
    )
  })

  it('goes back over the places it keeps', () => {
    const mixer = createMixer([0.7, 0.2, 0.1])
    const first = [65_535, 65_536, 65_537, 200_000, 131_071].map((row) => mixer.turn(row))
    const again = createMixer([0.7, 0.2, 0.1])
    const turns = Array.from({ length: 200_001 }, (_, row) => again.turn(row))
    expect(first).toEqual([65_535, 65_536, 65_537, 200_000, 131_071].map((row) => turns[row]))
    expect(again.turn(70_000)).toEqual(turns[70_000])
    expect(again.turn(3)).toEqual(turns[3])
    expect(again.turn(199_999)).toEqual(turns[199_999])
  })

  it.each([[[]], [[0, 0]], [[-0.1, 1]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])('refuses %j', (shares) => {
    expect(() => createMixer(shares)).toThrow('shares must be')
  })
})
