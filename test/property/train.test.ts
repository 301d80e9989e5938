import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainReference } from '../../src/merges/reference'
import { addPiece, createRegistry } from '../../src/merges/registry'
import { overlapsUnsafely } from '../../src/merges/self-overlap'
import { layOut } from '../../src/merges/text'
import { trainPieces } from '../../src/merges/train'
import { runs } from '../support/long'

/** Words over a small alphabet: few letters make overlaps, repetitions and several splits of one piece frequent. */
const corpus = fc.integer({ min: 1, max: 4 }).chain((letters) =>
  fc.record({
    letters: fc.constant(letters),
    words: fc.array(
      fc.record({
        symbols: fc.array(fc.integer({ min: 0, max: letters - 1 }), { minLength: 1, maxLength: 14 }),
        count: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    add: fc.integer({ min: 1, max: 14 }),
    minFrequency: fc.integer({ min: 1, max: 3 }),
  }),
)

describe('trainPieces', () => {
  it('learns what the slow reference learns', () => {
    fc.assert(
      fc.property(corpus, ({ letters, words, add, minFrequency }) => {
        const alphabet = [...'abcd'].slice(0, letters)
        const registry = createRegistry(alphabet.slice(), true)
        for (let symbol = 0; symbol < letters; symbol++) addPiece(registry, symbol)
        const { steps, refused } = trainPieces(layOut(words), {
          add,
          minFrequency,
          registry,
          waiting: [],
          waitingSaves: () => 1,
          allowed: () => true,
        })
        const keys = alphabet.slice()
        const expected = trainReference(
          words,
          keys,
          alphabet.map((_, symbol) => symbol),
          {
            add,
            minFrequency,
            allowed: (key, ranks) => {
              const known = createRegistry([...ranks.keys()], true)
              for (let symbol = 0; symbol < ranks.size; symbol++) addPiece(known, symbol)
              return !overlapsUnsafely(known, key)
            },
          },
        )
        expect(steps).toEqual(expected)
        expect(registry.keys).toEqual(keys)
        for (const key of refused) expect(keys).not.toContain(key)
      }),
      { numRuns: runs(500) },
    )
  })
})
