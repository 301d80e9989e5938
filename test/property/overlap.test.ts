import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPiece, createRegistry, orderSplits, splitsOf } from '../../src/merges/registry'
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
        for (let symbol = 0; symbol < alphabet.length; symbol++) addPiece(registry, symbol)
        const { steps } = trainPieces(layOut(words), {
          add,
          minFrequency: 1,
          registry,
          waiting: [],
          waitingSaves: () => 1,
          allowed: () => true,
        })
        const { keys, byKey, ranks } = registry
        const pairs = new Map<string, number>()
        for (const { symbol } of steps) {
          for (const split of orderSplits(keys, splitsOf(registry, symbol))) {
            pairs.set(`${keys[split.left]} ${keys[split.right]}`, pairs.size)
          }
        }
        for (const symbols of texts) {
          const text = symbols.map((symbol) => alphabet[symbol]).join('')
          const byPiece = encode(text, (left, right) => {
            const symbol = byKey.get(left + right)
            return symbol === undefined ? undefined : ranks[symbol]
          })
          expect(encode(text, (left, right) => pairs.get(`${left} ${right}`))).toEqual(byPiece)
        }
        // And every piece is reachable.
        for (const { symbol } of steps) {
          expect(encode(keys[symbol], (left, right) => pairs.get(`${left} ${right}`))).toEqual([keys[symbol]])
        }
      }),
      { numRuns: runs(1_000) },
    )
  })
})
