import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPiece, addPieces, createRegistry, type Registry, splitsOf } from '../../src/merges/registry'
import { layOut } from '../../src/merges/text'
import { trainPieces } from '../../src/merges/train'
import { runs } from '../support/long'

const letters = fc.integer({ min: 1, max: 3 })
const scenario = letters.chain((count) =>
  fc.record({
    alphabet: fc.constant([...'abc'].slice(0, count)),
    words: fc.array(
      fc.record({
        symbols: fc.array(fc.integer({ min: 0, max: count - 1 }), { minLength: 2, maxLength: 16 }),
        count: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    add: fc.integer({ min: 1, max: 24 }),
    texts: fc.array(fc.array(fc.integer({ min: 0, max: count - 1 }), { minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
)

/** Merges the pair of lowest rank, leftmost first, until none is left. */
function encode(text: string, rankOf: (left: string, right: string) => number | undefined): string[] {
  const tokens = [...text]
  for (;;) {
    let best = Number.POSITIVE_INFINITY
    let at = -1
    for (let i = 0; i + 1 < tokens.length; i++) {
      const rank = rankOf(tokens[i], tokens[i + 1]) ?? Number.POSITIVE_INFINITY
      if (rank < best) {
        best = rank
        at = i
      }
    }
    if (at < 0) return tokens
    tokens.splice(at, 2, tokens[at] + tokens[at + 1])
  }
}

describe('a trained vocabulary', () => {
  it('encodes alike by pieces (SentencePiece, tiktoken) and by ranked pairs (tokenizer.json), whatever overlaps itself', () => {
    fc.assert(
      fc.property(scenario, ({ alphabet, words, add, texts }) => {
        const registry = createRegistry(alphabet.slice(), true)
        addPieces(registry, alphabet.keys())
        const steps = trainPieces(layOut(words), {
          add,
          minFrequency: 1,
          registry,
          waiting: [],
          waitingSaves: () => 1,
          allowed: () => true,
        })
        const { byPiece, bySplit } = ranksOf(registry)
        for (const symbols of texts) {
          const text = symbols.map((symbol) => alphabet[symbol]).join('')
          expect(encode(text, bySplit)).toEqual(encode(text, byPiece))
        }
        // And every piece is reachable.
        for (const { symbol } of steps) {
          const key = registry.keys[symbol]
          expect(encode(key, bySplit)).toEqual([key])
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('likewise any set of pieces in any order', () => {
    const pieces = fc.uniqueArray(
      fc.array(fc.constantFrom('a', 'b'), { minLength: 2, maxLength: 7 }).map((list) => list.join('')),
      { minLength: 1, maxLength: 14 },
    )
    const texts = fc.array(
      fc.array(fc.constantFrom('a', 'b', 'ab', 'aab'), { minLength: 1, maxLength: 24 }).map((list) => list.join('')),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(pieces, texts, (candidates, lines) => {
        const registry = createRegistry(['a', 'b'], true)
        addPieces(registry, [0, 1])
        for (const key of candidates) {
          registry.keys.push(key)
          addPiece(registry, registry.keys.length - 1)
        }
        const { byPiece, bySplit } = ranksOf(registry)
        for (const line of lines) expect(encode(line, bySplit)).toEqual(encode(line, byPiece))
      }),
      { numRuns: runs(2_000) },
    )
  })
})

/** The two ways to rank a pair: by the piece it spells, and by its place in tokenizer.json's merges. */
function ranksOf(registry: Registry) {
  const { keys, byKey, ranks } = registry
  const order = [...byKey.values()].sort((a, b) => ranks[a] - ranks[b])
  const pairs = new Map<string, number>()
  for (const symbol of order) {
    for (const split of splitsOf(registry, symbol)) {
      pairs.set(`${keys[split.left]} ${keys[split.right]}`, pairs.size)
    }
  }
  return {
    byPiece: (left: string, right: string) => {
      const symbol = byKey.get(left + right)
      return symbol === undefined ? undefined : ranks[symbol]
    },
    bySplit: (left: string, right: string) => pairs.get(`${left} ${right}`),
  }
}
