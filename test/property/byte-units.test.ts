import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extendedMerges } from '../../src/extend/splits'
import { bytesToPiece } from '../../src/tokenizer/byte-alphabet'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { referenceEncoder } from '../../src/tokenizer/reference'
import { PieceKind } from '../../src/tokenizer/types'
import { smallByteLevel } from '../merges/small'
import { runs } from '../support/long'

/**
 * Pieces in any order: whole texts before the characters that they are made of, parts of characters, pieces that only
 * a later one opens. The fast encoder starts from characters where that is the same.
 */
const bytesOf = (text: string) => String.fromCharCode(...new TextEncoder().encode(text))
const piece = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom(...'가나뷁ㅋé'), { minLength: 1, maxLength: 3 }), fc.nat(4), fc.nat(2))
  .map(([spaced, letters, from, until]) => {
    const bytes = bytesOf((spaced ? ' ' : '') + letters.join(''))
    // Mostly whole characters, now and then a part of one.
    return bytes.slice(from > 2 ? from - 2 : 0, bytes.length - (until > 1 ? 1 : 0))
  })
  .filter((bytes) => bytes.length > 1)

describe('byte-level words merged from characters', () => {
  it('have the ids that merging their bytes gives', () => {
    const text = fc.array(fc.constantFrom(...'가나뷁ㅋé ', ' 가', '가가'), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.uniqueArray(piece, { maxLength: 14 }), fc.array(text, { maxLength: 6 }), (pieces, texts) => {
        const tokenizer = withPieces(pieces)
        const encoder = createEncoder(tokenizer, { cacheWords: 64 })
        const reference = referenceEncoder(tokenizer)
        for (const line of texts) expect([...encode(encoder, line.join(''))]).toEqual(reference(line.join('')))
      }),
      { numRuns: runs(300) },
    )
  })
})

function withPieces(pieces: readonly string[]) {
  const empty = smallByteLevel([])
  const spelled = pieces.map((bytes) => bytesToPiece(Uint8Array.from(bytes, (char) => char.charCodeAt(0))))
  const all = [...empty.pieces, ...spelled]
  const kinds = new Uint8Array(all.length).fill(PieceKind.Normal)
  kinds.set(empty.kinds)
  return { ...empty, pieces: all, kinds, merges: extendedMerges(empty, all, kinds, empty.pieces.length) }
}
