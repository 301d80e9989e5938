import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extendedMerges } from '../../src/extend/splits'
import { mergesFromScores } from '../../src/tokenizer/merges-of'
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'
import { smallSentencePiece } from '../merges/small'
import { runs } from '../support/long'

const FIRST = smallSentencePiece([]).pieces.length

const piece = fc
  .array(fc.constantFrom('a', 'b', 'c', '가'), { minLength: 2, maxLength: 5 })
  .map((list) => list.join(''))
const vocabulary = fc.record({
  old: fc.uniqueArray(piece, { maxLength: 10 }),
  added: fc.uniqueArray(piece, { minLength: 1, maxLength: 10 }),
})

/** The merges as pairs of strings, by what they make, in order. */
function listed(pieces: readonly string[], merges: Tokenizer['merges']): [string, string, string][] {
  return Array.from(merges.result, (result, rank) => [
    pieces[merges.left[rank]],
    pieces[merges.right[rank]],
    pieces[result],
  ])
}

describe('extendedMerges', () => {
  it('holds all splits over the final vocabulary: base pieces that become reachable included', () => {
    fc.assert(
      fc.property(vocabulary, ({ old, added }) => {
        const base = smallSentencePiece(['a', 'b', 'c', '가', ...old])
        const pieces = [...base.pieces, ...added.filter((text) => !old.includes(text))]
        const kinds = new Uint8Array(pieces.length).fill(PieceKind.Normal)
        kinds.set(base.kinds)
        const merges = listed(pieces, extendedMerges(base, pieces, kinds, base.pieces.length))

        const normal = pieces.slice(FIRST - 1)
        const expected: string[] = []
        for (const whole of normal) {
          for (let cut = 1; cut < whole.length; cut++) {
            if (normal.includes(whole.slice(0, cut)) && normal.includes(whole.slice(cut))) {
              expected.push(`${whole.slice(0, cut)}+${whole.slice(cut)}`)
            }
          }
        }
        expect(merges.map(([left, right]) => `${left}+${right}`).sort()).toEqual(expected.sort())
        for (const [left, right, made] of merges) expect(left + right).toBe(made)

        // Ranks rise with ids, so that all formats merge in one order; the splits of a piece stand together.
        const order = merges.map(([, , made]) => pieces.indexOf(made))
        expect(order).toEqual([...order].sort((a, b) => a - b))
        // The splits of a piece by their ids, as the readers of .model and rank files make them.
        const again = mergesFromScores(
          pieces,
          Float32Array.from(pieces, (_, id) => -id),
          kinds,
        )
        expect(merges).toEqual(listed(pieces, again))
        // What the base has keeps its order.
        const before = listed(pieces, base.merges).map((pair) => pair.join('+'))
        const after = merges.map((pair) => pair.join('+')).filter((pair) => before.includes(pair))
        expect(after).toEqual(before)
      }),
      { numRuns: runs(500) },
    )
  })

  it('makes nothing of control, unknown, byte or user-defined pieces', () => {
    const base = smallSentencePiece(['가', '나'])
    const pieces = [...base.pieces, '<', '가나', '<가', '</s>가']
    const kinds = new Uint8Array(pieces.length).fill(PieceKind.Normal)
    kinds.set(base.kinds)
    kinds[base.pieces.length] = PieceKind.UserDefined
    expect(listed(pieces, extendedMerges(base, pieces, kinds, base.pieces.length))).toEqual([['가', '나', '가나']])
  })
})
