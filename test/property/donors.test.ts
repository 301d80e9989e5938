import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DonorPiece } from '../../src/donors/types'
import { isKoVocabError } from '../../src/errors'
import { continueBase } from '../../src/extend/audit/continue-base'
import { bytesOf, newPieces } from '../../src/extend/audit/vocabulary'
import { extendTokenizer } from '../../src/extend/extend'
import { padTokenizer } from '../../src/extend/pad'
import { type FromDonorsOptions, learnFromDonors } from '../../src/merges/from-donors/learn-from-donors'
import { bytesToKey } from '../../src/text/byte-key'
import { createEncoder, encode, encodePiece } from '../../src/tokenizer/encoder'
import { referenceEncoder, sentencePieceReferenceEncoder } from '../../src/tokenizer/reference'
import type { Tokenizer } from '../../src/tokenizer/types'
import { donorOf, smallByteLevel, smallSentencePiece, wordsOf } from '../merges/small'
import { runs } from '../support/long'

/** Few letters, so that pieces overlap, repeat and contain each other; one that bases lack, one in ASCII. */
const text = (maxLength: number) =>
  fc
    .tuple(fc.boolean(), fc.array(fc.constantFrom(...'가나다ㅋ뷁'), { minLength: 1, maxLength }))
    .map(([spaced, list]) => (spaced ? ' ' : '') + list.join(''))
const donor = fc.array(fc.oneof({ weight: 9, arbitrary: text(6) }, fc.constantFrom('a', '가a', ' ', '가나가나', '1')), {
  minLength: 1,
  maxLength: 10,
})
const basePieces = fc.uniqueArray(text(4), { maxLength: 6 })
const words = fc.option(fc.array(fc.tuple(text(8), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 6 }), {
  nil: undefined,
})
const options = fc.record({
  add: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  unreachable: fc.constantFrom('complete' as const, 'drop' as const),
  unseen: fc.constantFrom('keep' as const, 'drop' as const),
  minFrequency: fc.integer({ min: 1, max: 3 }),
  priorities: fc.constantFrom([1, 2], [2, 1], [1, 1]),
})

const bases: Record<string, (pieces: readonly string[]) => Tokenizer> = {
  // 뷁 is no piece of it, though pieces of the base may hold it: then nothing may be made of it.
  'SentencePiece form': (pieces) =>
    smallSentencePiece([...new Set([...'가나다ㅋa1', ...pieces.map((piece) => piece.replace(' ', '▁'))])]),
  'byte-level form': (pieces) => smallByteLevel(pieces),
}

function tried(base: Tokenizer, donors: string[][], given: FromDonorsOptions) {
  try {
    return learnFromDonors(
      base,
      donors.map((pieces) => donorOf(pieces)),
      given,
    )
  } catch (error) {
    // None of the pieces fits.
    if (isKoVocabError(error) && error.code === 'mismatch') return null
    throw error
  }
}

describe.each(Object.keys(bases))('donors on a base of %s', (form) => {
  it('every new piece is reached, every fate is true, and the base comes first', () => {
    fc.assert(
      fc.property(basePieces, donor, donor, words, options, fc.array(text(12), { maxLength: 4 }), (...given) => {
        const [pieces, first, second, counted, chosen, texts] = given
        const base = bases[form](pieces)
        const result = tried(base, [first, second], { ...chosen, words: counted && wordsOf(counted) })
        if (result === null) return
        const { learned, fates, intermediates } = result
        const extended = extendTokenizer(base, learned)
        const encoder = createEncoder(extended)
        const ofBase = createEncoder(base)
        learned.pieces.forEach(({ piece }, rank) => {
          const id = base.pieces.length + rank
          expect(extended.pieces[id]).toBe(piece)
          expect([...encodePiece(encoder, piece)], piece).toEqual([id])
        })
        const added = fates.filter(({ fate }) => fate === 'added')
        expect(learned.pieces).toHaveLength(added.length + intermediates.length)
        expect(learned.pieces.length).toBeLessThanOrEqual(chosen.add ?? Number.POSITIVE_INFINITY)
        for (const { piece, rank } of added) expect(learned.pieces[rank!].piece).toBe(piece)
        for (const { piece, rank, neededBy } of intermediates) {
          expect(learned.pieces[rank].piece).toBe(piece)
          expect(added.filter(({ needs }) => needs.includes(piece))).toHaveLength(neededBy)
          expect(neededBy).toBeGreaterThan(0)
        }
        if (chosen.unreachable === 'drop') expect(intermediates).toEqual([])
        for (const { fate, needs, why } of fates) {
          if (fate === 'unseen') expect(counted).toBeDefined()
          if (fate === 'over-budget') expect(chosen.add).toBeDefined()
          if (fate === 'unreachable') expect(why).not.toBeNull()
          if (fate === 'unreachable' && chosen.unreachable === 'complete') expect(needs).toEqual([])
        }
        const go = continueBase(base, extended)
        const reference = referenceEncoder(extended)
        for (const line of [...texts, ...texts.map((t) => `a${t} 1`)]) {
          const ids = [...encode(encoder, line)]
          expect(ids).toEqual(reference(line))
          expect(ids).toEqual(go(line))
          // SentencePiece takes a piece of the base whose characters are no pieces; tokenizer.json cannot.
          if (form === 'SentencePiece form' && !pieces.some((piece) => piece.includes('뷁')))
            expect(ids).toEqual(sentencePieceReferenceEncoder(extended)(line))
        }
        expect([...encode(encoder, 'a 1 a1')]).toEqual([...encode(ofBase, 'a 1 a1')])
      }),
      { numRuns: runs(120, 1000) },
    )
  })

  it('a budget that is large enough changes nothing, and a smaller one only leaves out', () => {
    fc.assert(
      fc.property(basePieces, donor, words, fc.integer({ min: 1, max: 20 }), (pieces, only, counted, add) => {
        const base = bases[form](pieces)
        const given = { words: counted && wordsOf(counted) }
        const all = tried(base, [only], given)
        if (all === null) return
        expect(tried(base, [only], { ...given, add: all.learned.pieces.length })?.learned.pieces).toEqual(
          all.learned.pieces,
        )
        const some = tried(base, [only], { ...given, add })
        if (some === null) return
        const order = new Map(all.learned.pieces.map(({ piece }, i) => [piece, i]))
        const places = some.learned.pieces.map(({ piece }) => order.get(piece) ?? -1)
        expect(places).toEqual([...places].sort((a, b) => a - b))
        expect(places).not.toContain(-1)
      }),
      { numRuns: runs(80, 1000) },
    )
  })

  it('an extension merged into its own base comes back whole', () => {
    fc.assert(
      fc.property(basePieces, donor, words, (pieces, only, counted) => {
        const base = bases[form](pieces)
        const result = tried(base, [only], { words: counted && wordsOf(counted) })
        if (result === null) return
        const extended = padTokenizer(extendTokenizer(base, result.learned), 8).tokenizer
        const donated = newPieces(base, extended).map((id): DonorPiece => {
          const spelled = extended.pieces[id]
          return { spelled, key: bytesToKey(bytesOf(extended, id)!), kind: 'piece', score: null }
        })
        const again = learnFromDonors(base, [donorOf(donated)])
        expect(again.intermediates).toEqual([])
        expect(extendTokenizer(base, again.learned).sha256).toBe(extendTokenizer(base, result.learned).sha256)
      }),
      { numRuns: runs(80, 1000) },
    )
  })
})
