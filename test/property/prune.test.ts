import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addedPieces } from '../../src/extend/added-pieces'
import { extendTokenizer } from '../../src/extend/extend'
import { pruneExtension } from '../../src/extend/prune'
import { createUseCounter, type UsedWords } from '../../src/extend/used-words'
import { trainMerges } from '../../src/merges/train-merges'
import { createEncoder, encodePiece } from '../../src/tokenizer/encoder'
import { referenceEncoder } from '../../src/tokenizer/reference'
import type { Tokenizer } from '../../src/tokenizer/types'
import { bytesBase, spmBase } from '../extend/audit/small'
import { wordCounts } from '../extend/words'
import { smallSentencePiece } from '../merges/small'
import { runs } from '../support/long'

/** Few letters: pieces that overlap, repeat and compete for their neighbours' halves. 뷁 is no piece of the base. */
const line = (alphabet: string[]) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 24 }).map((l) => l.join(''))
const texts = fc
  .subarray([...'가나다라ㅋ뷁'], { minLength: 2, maxLength: 4 })
  .chain((letters) => fc.array(line([...letters, ...letters, ' ', 'a', 'b']), { minLength: 2, maxLength: 8 }))
const scenario = fc.record({ learn: texts, use: texts, add: fc.integer({ min: 2, max: 40 }), part: fc.nat(1000) })

function extensionOf(base: Tokenizer, lines: readonly string[], add: number): Tokenizer | null {
  const words = wordCounts(base, lines.join('\n'))
  if (words.counts.length === 0) return null
  return extendTokenizer(base, trainMerges(base, words, { add, minFrequency: 1 }))
}

function wordsOf(base: Tokenizer, extended: Tokenizer, lines: readonly string[]): UsedWords {
  const counter = createUseCounter(base, extended)
  for (const text of lines) counter.add(text)
  return counter.used
}

/** How often each piece stands in the lines, by the slow encoder. */
function countReference(tokenizer: Tokenizer, lines: readonly string[]): Map<string, number> {
  const encode = referenceEncoder(tokenizer)
  const uses = new Map<string, number>()
  for (const text of lines) {
    for (const id of encode(text)) uses.set(tokenizer.pieces[id], (uses.get(tokenizer.pieces[id]) ?? 0) + 1)
  }
  return uses
}

/** Pieces that nothing can make until their halves are learned. */
const closedBase = smallSentencePiece([...'가나다라ㅋab', '가나다', '가나다라', '나다라가', 'ㅋㅋㅋ', '▁라가나'])

describe.each([
  ['SentencePiece form', spmBase],
  ['SentencePiece form with pieces that an extension opens', closedBase],
  ['byte-level form', bytesBase],
  ['byte-level form with ignore_merges', { ...bytesBase, ignoreMerges: true, sha256: undefined }],
])('pruning, %s', (_, base) => {
  it('every step takes the least used leaf, by uses that are exact', () => {
    fc.assert(
      fc.property(scenario, ({ learn, use, add, part }) => {
        const extended = extensionOf(base, learn, add)
        if (!extended) return
        const words = wordsOf(base, extended, use)
        const there = extended.pieces.length - base.pieces.length
        const { removed } = pruneExtension(base, extended, { words, remove: part % (there + 1) })
        let tokenizer = extended
        for (const { piece, uses } of removed) {
          const { learned, derivations } = addedPieces(base, tokenizer)
          const counted = countReference(tokenizer, use)
          const needed = new Set([...derivations.values()].flatMap(({ parts }) => parts))
          const leaves = learned.filter((id) => !needed.has(id))
          const least = leaves
            .map((id) => ({ id, piece: tokenizer.pieces[id], uses: counted.get(tokenizer.pieces[id]) ?? 0 }))
            .sort((a, b) => a.uses - b.uses || b.id - a.id)[0]
          expect({ piece, uses }).toEqual({ piece: least.piece, uses: least.uses })
          tokenizer = pruneExtension(base, tokenizer, { pieces: [piece] }).tokenizer
        }
      }),
      { numRuns: runs(60, 3_000) },
    )
  })

  it('leaves an extension of the same base whose pieces are all reachable', () => {
    fc.assert(
      fc.property(scenario, ({ learn, use, add, part }) => {
        const extended = extensionOf(base, learn, add)
        if (!extended) return
        const before = structuredClone({ base, extended })
        const words = wordsOf(base, extended, use)
        const there = extended.pieces.length - base.pieces.length
        const result = pruneExtension(base, extended, { words, keep: part % (there + 1) })
        const { tokenizer, learned, removed, newIds, uses } = result
        expect({ base, extended }).toEqual(before)
        expect(tokenizer.pieces.slice(0, base.pieces.length)).toEqual(base.pieces)
        expect(tokenizer.pieces).not.toContain('')
        expect(removed.length + tokenizer.pieces.length).toBe(extended.pieces.length)
        extended.pieces.forEach((piece, id) => {
          const gone = removed.some((entry) => entry.id === id)
          expect(newIds[id] < 0 ? null : tokenizer.pieces[newIds[id]]).toBe(gone ? null : piece)
        })
        expect(tokenizer).toEqual(extendTokenizer(base, learned))
        const encoder = createEncoder(tokenizer, { cacheWords: 16 })
        const counted = countReference(tokenizer, use)
        for (let id = base.pieces.length; id < tokenizer.pieces.length; id++) {
          expect([...encodePiece(encoder, tokenizer.pieces[id])]).toEqual([id])
          expect(uses[id]).toBe(counted.get(tokenizer.pieces[id]) ?? 0)
        }
      }),
      { numRuns: runs(100, 5_000) },
    )
  })

  it('belowUses leaves no leaf that is used less', () => {
    fc.assert(
      fc.property(scenario, fc.integer({ min: 1, max: 6 }), ({ learn, use, add }, least) => {
        const extended = extensionOf(base, learn, add)
        if (!extended) return
        const { tokenizer, removed } = pruneExtension(base, extended, {
          words: wordsOf(base, extended, use),
          belowUses: least,
        })
        const { learned, derivations } = addedPieces(base, tokenizer)
        const needed = new Set([...derivations.values()].flatMap(({ parts }) => parts))
        const counted = countReference(tokenizer, use)
        for (const id of learned) {
          if (!needed.has(id)) expect(counted.get(tokenizer.pieces[id]) ?? 0).toBeGreaterThanOrEqual(least)
        }
        for (const { uses } of removed) expect(uses).toBeLessThan(least)
      }),
      { numRuns: runs(100, 5_000) },
    )
  })
})
