import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapped } from '../../src/donors/charsmap'
import { noNormalization, normalizationNotes, ofJsonNode } from '../../src/donors/normalization'
import { COMPATIBILITY_JAMO, restorePieces } from '../../src/donors/restore'
import type { DonorPiece } from '../../src/donors/types'
import { keyToText, textToKey } from '../../src/text/byte-key'
import { runs } from '../support/long'

const pieceOf = (text: string, kind: DonorPiece['kind'] = 'piece'): DonorPiece => ({
  spelled: text,
  key: textToKey(text),
  kind,
  score: null,
})
const nfkc = { ...noNormalization('nfkc'), compatibility: true }

/** What becomes of the texts: `[text, restored]`, and the notes. */
function restored(texts: string[], normalization = noNormalization(), undo = true) {
  const pieces = texts.map((text) => pieceOf(text))
  const notes = restorePieces(pieces, normalization, undo)
  return { pieces: pieces.map(({ key, restored }) => [keyToText(key), restored]), notes }
}

describe('keys', () => {
  it('hold the bytes of any text, also of a long one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const key = textToKey(text)
        expect(Buffer.from(key, 'latin1').toString('utf8')).toBe(text)
        expect(keyToText(key)).toBe(text)
      }),
      { numRuns: runs(200) },
    )
    expect(keyToText('\xea\xb0')).toBeNull()
    expect(keyToText('\xef\xbb\xbfa')).toBe('\ufeffa')
    expect(textToKey('한'.repeat(2000)).length).toBe(6000)
  })
})

describe('restorePieces', () => {
  it('has the compatibility jamo, one for each conjoining jamo', () => {
    expect(COMPATIBILITY_JAMO.size).toBe(94)
    expect(COMPATIBILITY_JAMO.get('\u110f')).toBe('ㅋ')
    expect(COMPATIBILITY_JAMO.get('\u1172')).toBe('ㅠ')
    expect(COMPATIBILITY_JAMO.get('\u11aa')).toBe('ㄳ')
  })

  it('undoes NFKC for every run of one jamo', () => {
    for (let code = 0x3131; code <= 0x318e; code++) {
      const typed = String.fromCharCode(code).repeat(3)
      expect(restored([` ${typed.normalize('NFKC')}`], nfkc).pieces).toEqual([[` ${typed}`, 'nfkc']])
    }
  })

  it('gives a text that NFKC turns into the piece again, and leaves Hangul without jamo alone', () => {
    const unit = fc.constantFrom(...'ㅋㅎㅠㅜㄳㅏ가한글 a1', '\u1100', '\u1161')
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 8 }), (typed) => {
        const learned = typed.normalize('NFKC')
        const [[text, how]] = restored([learned], nfkc).pieces
        expect(text?.normalize('NFKC')).toBe(learned)
        if (!/[\u1100-\u11ff]/.test(learned)) expect([text, how]).toEqual([learned, undefined])
      }),
      { numRuns: runs(1000) },
    )
  })

  it('composes decomposed Hangul and nothing else', () => {
    const { pieces, notes } = restored([' 한글'.normalize('NFD'), 'e\u0301', '\uf900나'])
    expect(pieces).toEqual([
      [' 한글', 'nfc'],
      ['e\u0301', undefined],
      ['\uf900나', undefined],
    ])
    expect(notes).toEqual([
      'Of its pieces 1 held decomposed Hangul and got composed (NFC), for example  \u1112\u1161\u11ab\u1100\u1173\u11af (U+1112 U+1161 U+11AB U+1100 U+1173 U+11AF) is ▁한글.',
    ])
  })

  it('takes a single jamo for a part of a syllable where syllables are decomposed', () => {
    const { pieces, notes } = restored(['한'.normalize('NFD'), '\u11ab', '\u1112'])
    expect(pieces).toEqual([
      ['한', 'nfc'],
      ['\u11ab', undefined],
      ['\u1112', undefined],
    ])
    expect(notes[1]).toBe(
      'Parts of decomposed syllables, which text in NFC does not have, stand in 2 of its pieces, for example \u11ab (U+11AB).',
    )
    expect(restored(['\u1112'], { ...noNormalization('NFD'), decomposes: true }).pieces).toEqual([
      ['\u1112', undefined],
    ])
  })

  it('knows NFKC from the pieces where the file does not name it', () => {
    const { pieces, notes } = restored(['법원', '\u110f\u110f'])
    expect(pieces).toEqual([
      ['법원', undefined],
      ['ㅋㅋ', 'nfkc'],
    ])
    expect(notes).toEqual([
      'Its pieces hold conjoining jamo and no compatibility jamo, so its training text was in NFKC already.',
      'Single jamo as NFKC leaves them stood in 1 of its pieces and got written as people type them, for example \u110f\u110f (U+110F U+110F) is ㅋㅋ.',
    ])
    // One compatibility jamo, and NFKC it was not.
    expect(restored(['ㅎ', '\u110f']).pieces).toEqual([
      ['ㅎ', undefined],
      ['\u110f', undefined],
    ])
    expect(restored(['ㅎ', '\u110f']).notes).toEqual([])
  })

  it('leaves syllables of old letters, cut characters, and what is no piece', () => {
    expect(restored(['\u1112\u119e\u11ab'], nfkc).pieces).toEqual([['\u1112\u119e\u11ab', undefined]])
    const cut = { ...pieceOf(''), key: '\xe1\x84\x8f\xe1\x84' }
    const added = pieceOf('\u110f', 'added')
    expect(restorePieces([cut, added], nfkc, true)).toEqual([])
    expect([cut.key, keyToText(added.key)]).toEqual(['\xe1\x84\x8f\xe1\x84', '\u110f'])
  })

  it('keeps what NFKC left when asked to', () => {
    const { pieces, notes } = restored(['\u110f', '가'.normalize('NFD')], nfkc, false)
    expect(pieces).toEqual([
      ['\u110f', undefined],
      ['가', 'nfc'],
    ])
    expect(notes[1]).toMatch(
      /^Single jamo as NFKC leaves them, .* stand in 1 of its pieces, for example \u110f \(U\+110F\)\.$/,
    )
  })
})

describe('ofJsonNode', () => {
  it.each([
    [null, null, ''],
    [{ type: 'NFC' }, 'NFC', ''],
    [{ type: 'NFKC' }, 'NFKC', 'compatibility'],
    [{ type: 'NFKD' }, 'NFKD', 'compatibility decomposes'],
    [
      { type: 'BertNormalizer', lowercase: true, strip_accents: null },
      'BertNormalizer',
      'decomposes lowercases stripsAccents',
    ],
    [{ type: 'BertNormalizer', lowercase: false, strip_accents: null }, 'BertNormalizer', ''],
    [{ type: 'BertNormalizer', lowercase: true, strip_accents: false }, 'BertNormalizer', 'lowercases'],
    [{ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }, 'Replace', 'removesSpaces'],
    [{ type: 'Replace', pattern: { String: ' ' }, content: '▁' }, 'Replace', ''],
    [{ type: 'Precompiled', precompiled_charsmap: '%%%' }, 'Precompiled', ''],
    [
      {
        type: 'Sequence',
        normalizers: [{ type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, { type: 'NFC' }],
      },
      'Sequence(NFKD, StripAccents, Lowercase, NFC)',
      'compatibility lowercases stripsAccents',
    ],
  ])('%j', (node, name, flags) => {
    const { name: found, ...rest } = ofJsonNode(node)
    expect(found).toBe(name)
    const on = Object.entries(rest).filter(([, value]) => value)
    expect(on.map(([flag]) => flag).join(' ')).toBe(flags)
    expect(normalizationNotes(ofJsonNode(node))).toHaveLength(on.length)
  })
})

describe('mapped', () => {
  it('finds nothing in a map that is no map', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ maxLength: 4 }), (bytes, text) => {
        const found = mapped(bytes, text)
        expect(found === null || typeof found === 'string').toBe(true)
      }),
      { numRuns: runs(500) },
    )
    expect(mapped(new Uint8Array(), 'A')).toBeNull()
    expect(mapped(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0), 'A')).toBeNull()
  })
})
