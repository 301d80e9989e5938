import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeByPieces, trainReference } from '../../src/merges/reference'
import { addPieces, createRegistry } from '../../src/merges/registry'
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
        addPieces(registry, alphabet.keys())
        const steps = trainPieces(layOut(words), {
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
          { add, minFrequency, allowed: () => true },
        )
        expect(steps).toEqual(expected)
        expect(registry.keys).toEqual(keys)
      }),
      { numRuns: runs(500) },
    )
  })

  it('continues from any base, pieces that its own merges cannot reach included', () => {
    const base = fc.uniqueArray(
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 5 }).map((list) => list.join('')),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(corpus, base, ({ words, add, minFrequency }, basePieces) => {
        const keys = ['a', 'b', 'c', 'd', ...basePieces]
        const pieces = keys.map((_, symbol) => symbol)
        const ranks = new Map(keys.map((key, rank) => [key, rank]))
        const symbolOf = new Map(keys.map((key, symbol) => [key, symbol]))
        const registry = createRegistry(keys.slice(), true)
        addPieces(registry, pieces)
        const text = layOut(
          words.map(({ symbols, count }) => ({ symbols: encodeByPieces(symbols, keys, ranks, symbolOf), count })),
        )
        const steps = trainPieces(text, {
          add,
          minFrequency,
          registry,
          waiting: [],
          waitingSaves: () => 1,
          allowed: () => true,
        })
        expect(steps).toEqual(trainReference(words, keys.slice(), pieces, { add, minFrequency, allowed: () => true }))
      }),
      { numRuns: runs(500) },
    )
  })
})
