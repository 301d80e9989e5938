import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { mergesFromRanks, mergesFromScores } from '../../src/tokenizer/merges-of'
import type { Merges } from '../../src/tokenizer/types'
import { PieceKind } from '../../src/tokenizer/types'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'

/** The same in the plainest words: every cut of every piece, then sorted as generate_merges sorts. */
function reference(pieces: string[], scores: number[], kinds: ArrayLike<number>): [number, number][] {
  const mergeable = (id: number) => kinds[id] === PieceKind.Normal || kinds[id] === PieceKind.UserDefined
  const idOf = new Map(pieces.flatMap((piece, id) => (piece && mergeable(id) ? [[piece, id] as const] : [])))
  const all: [number, number, number][] = []
  for (const [piece, id] of idOf) {
    const chars = [...piece]
    const splits = chars.slice(1).flatMap((_, i) => {
      const left = idOf.get(chars.slice(0, i + 1).join(''))
      const right = idOf.get(chars.slice(i + 1).join(''))
      return left !== undefined && right !== undefined ? [[left, right] as const] : []
    })
    splits.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    for (const [left, right] of splits) all.push([left, right, scores[id]])
  }
  return all.sort((a, b) => b[2] - a[2]).map(([left, right]) => [left, right])
}

const pairs = ({ left, right }: Merges) => Array.from(left, (l, rank) => [l, right[rank]])

describe('mergesFromScores', () => {
  it("gives Llama-2's 61,249 merges in the order of its tokenizer.json", async () => {
    const { pieces, scores, kinds } = readSentencePiece(llama2Model(), 'tokenizer.model')
    const merges = mergesFromScores(pieces, scores!, kinds)
    expect(merges.left.length).toBe(61_249)
    expect(merges).toEqual(readTokenizerJson(await llama2Json(), 'tokenizer.json').merges)
  })

  it("gives Mistral's 58,980 merges from scores that only say the order of its pieces", () => {
    const { pieces, kinds, merges } = readTokenizerJson(mistralJson(), 'tokenizer.json')
    const firstRank = new Map<number, number>()
    for (const [rank, id] of merges.result.entries()) if (!firstRank.has(id)) firstRank.set(id, rank)
    const runs = /^▁▁+$/ // 16 pieces of the score -1e9
    const scores = Float32Array.from(pieces, (piece, id) => (runs.test(piece) ? -1e9 : -(firstRank.get(id) ?? 1e8)))
    const rebuilt = mergesFromScores(pieces, scores, kinds)
    expect(rebuilt.left.length).toBe(58_980)
    expect(rebuilt).toEqual(merges)
  })

  it('equals the plain reference on random vocabularies, surrogate pairs and equal scores included', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', '가', '▁', '😀'), minLength: 1, maxLength: 6 })
    const vocabulary = fc.uniqueArray(
      fc.tuple(piece, fc.integer({ min: -5, max: 0 }), fc.integer({ min: 1, max: 4 })),
      {
        selector: ([text]) => text,
        maxLength: 60,
      },
    )
    fc.assert(
      fc.property(vocabulary, (entries) => {
        const pieces = entries.map(([text]) => text)
        const scores = entries.map(([, score]) => score)
        const kinds = Uint8Array.from(entries, ([, , kind]) => kind)
        const merges = mergesFromScores(pieces, Float32Array.from(scores), kinds)
        expect(pairs(merges)).toEqual(reference(pieces, scores, kinds))
        merges.result.forEach((id, rank) => {
          expect(pieces[id]).toBe(pieces[merges.left[rank]] + pieces[merges.right[rank]])
        })
      }),
    )
  })
})

describe('mergesFromRanks', () => {
  it("gives Llama-3's 280,147 merges in the order of its tokenizer.json", () => {
    const { pieces, kinds, merges } = readTokenizerJson(llama3Json(), 'tokenizer.json')
    const rebuilt = mergesFromRanks(pieces, kinds)
    expect(rebuilt.left.length).toBe(280_147)
    expect(rebuilt).toEqual(merges)
  })

  it('sorts by result, then left, then right, and takes no special token', () => {
    const pieces = ['a', 'b', 'ab', 'ba', 'aba', 'bab']
    const kinds = Uint8Array.from([1, 1, 1, 1, 1, PieceKind.Control])
    expect(pairs(mergesFromRanks(pieces, kinds))).toEqual([
      [0, 1],
      [1, 0],
      [0, 3],
      [2, 0],
    ])
  })
})
