import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToPiece, pieceToBytes } from '../../src/tokenizer/byte-alphabet'

describe('byte alphabet', () => {
  it('spells bytes as GPT-2 does', () => {
    expect(bytesToPiece(new TextEncoder().encode(' 안a\n'))).toBe('ĠìķĪaĊ')
    expect(bytesToPiece(Uint8Array.of(0x00, 0x7f, 0x80, 0xa0, 0xad, 0xff))).toBe('ĀġĢłŃÿ')
  })

  it('comes back for any bytes, one character a byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const piece = bytesToPiece(bytes)
        expect(piece.length).toBe(bytes.length)
        expect(pieceToBytes(piece)).toEqual(bytes)
      }),
    )
  })

  it.each([' ', '안', '\u00ad', '\u0144', '<|빈|>', '\n'])('has no bytes for %j', (piece) => {
    expect(pieceToBytes(piece)).toBeNull()
  })
})
