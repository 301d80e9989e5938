import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKoVocabError } from '../../../src/errors'
import { readSentencePiece } from '../../../src/tokenizer/files/sentencepiece-model'
import { writeSentencePiece } from '../../../src/tokenizer/files/sentencepiece-write'
import { llama2Model } from '../../support/fixtures'
import { sharedDir, sharedTokenizers } from '../../support/shared'
import { bytePieces, smallModel, smallPieces } from './small'

const read = (bytes: Uint8Array, sidecars = {}) => readSentencePiece(bytes, 'tokenizer.model', sidecars)
const config = (value: object) => ({ 'tokenizer_config.json': JSON.stringify(value) })

describe('readSentencePiece', () => {
  it('reads Llama-2 as its published tokenizer.json describes it', () => {
    const t = read(llama2Model())
    expect(t.pieces.length).toBe(32_000)
    expect(t.addedTokens.map((token) => [token.id, token.content, token.special])).toEqual([
      [0, '<unk>', true],
      [1, '<s>', true],
      [2, '</s>', true],
    ])
    expect(t.normalizer).toEqual({
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    })
    expect(t.postProcessor).toMatchObject({ type: 'TemplateProcessing', special_tokens: { '<s>': { ids: [1] } } })
    expect(t.decoder).toMatchObject({ decoders: [{}, {}, {}, { type: 'Strip', content: ' ', start: 1, stop: 0 }] })
  })

  it('leaves prefix, strip and <s> out where the model and the config do', () => {
    const t = read(smallModel({ normalizer: { addDummyPrefix: false } }), config({ add_bos_token: false }))
    expect(t.normalizer).toMatchObject({ normalizers: [{ type: 'Replace' }] })
    expect(t.decoder).toMatchObject({ decoders: [{ type: 'Replace' }, { type: 'ByteFallback' }, { type: 'Fuse' }] })
    expect(t.postProcessor).toBeNull()
  })

  it('finds user-defined pieces with ▁ in the normalized text, as SentencePiece does', () => {
    const pieces = [...smallPieces, { piece: '▁▁', type: 4 }, { piece: '<br>', type: 4 }]
    const t = read(smallModel({ pieces, normalizer: { addDummyPrefix: false } }))
    expect(t.addedTokens.slice(-2)).toMatchObject([
      { content: '▁▁', normalized: true, special: false },
      { content: '<br>', normalized: false, special: false },
    ])
    expect(() => read(smallModel({ pieces }))).toThrow(/user-defined with ▁/)
  })

  it('takes flags and tokens above the vocabulary from the config', () => {
    const id = smallPieces.length
    const t = read(
      smallModel(),
      config({
        added_tokens_decoder: { 2: { content: '</s>', rstrip: true, special: true }, [id]: { content: '<pad>' } },
      }),
    )
    expect(t.addedTokens).toMatchObject([{ id: 0 }, { id: 1 }, { id: 2, rstrip: true }, { id, content: '<pad>' }])
    expect(t.pieces[id]).toBe('<pad>')
    expect(t.scores!.length).toBe(id + 1)
  })

  it('does not believe a config that contradicts the model', () => {
    expect(() => read(smallModel(), config({ added_tokens_decoder: { 1: { content: '<bos>' } } }))).toThrow(
      /"<bos>" has id 1, which is the piece "<s>"/,
    )
    expect(() => read(smallModel(), config({ added_tokens_decoder: { 900: { content: '<s>' } } }))).toThrow(
      /has id 900, the vocabulary has it at 1/,
    )
  })

  const pieceless = (piece: string) => smallPieces.filter((entry) => entry.piece !== piece)
  const changed = (piece: string, change: object) =>
    smallPieces.map((entry) => (entry.piece === piece ? { ...entry, ...change } : entry))
  it.each<[string, Uint8Array, string, RegExp]>([
    [
      'Unigram',
      smallModel({ trainer: { modelType: 1 } }),
      'unsupported',
      /UNIGRAM: .* no merges that could be continued/,
    ],
    ['Word', smallModel({ trainer: { modelType: 3 } }), 'unsupported', /WORD/],
    ['Char', smallModel({ trainer: { modelType: 4 } }), 'unsupported', /CHAR/],
    ['no byte fallback', smallModel({ trainer: { byteFallback: false } }), 'unsupported', /byte_fallback is false/],
    ['suffix spaces', smallModel({ trainer: { treatWhitespaceAsSuffix: true } }), 'unsupported', /as_suffix/],
    [
      'nmt_nfkc',
      smallModel({ normalizer: { name: 'nmt_nfkc', precompiledCharsmap: Uint8Array.of(1, 2) } }),
      'unsupported',
      /"nmt_nfkc" has a compiled character map \(2 bytes\)/,
    ],
    ['extra spaces', smallModel({ normalizer: { removeExtraWhitespaces: true } }), 'unsupported', /remove_extra/],
    ['bare spaces', smallModel({ normalizer: { escapeWhitespaces: false } }), 'unsupported', /escape_whitespaces/],
    ['an unused piece', smallModel({ pieces: changed('ab', { type: 5 }) }), 'unsupported', /"ab", is of type UNUSED/],
    ['an empty file', new Uint8Array(0), 'bad-file', /the file is empty/],
    ['no pieces', smallModel({ pieces: [] }), 'bad-file', /no pieces/],
    ['text', new TextEncoder().encode('hello, this is no model'), 'bad-file', /not a SentencePiece model|no pieces/],
    ['no unk', smallModel({ pieces: pieceless('<unk>') }), 'bad-file', /none of its 264 pieces is of type UNKNOWN/],
    ['two unks', smallModel({ pieces: changed('<s>', { type: 2 }) }), 'bad-file', /pieces 0 and 1 are both/],
    ['a missing byte', smallModel({ pieces: pieceless('<0x1F>') }), 'bad-file', /1 are missing, the first is <0x1F>/],
    [
      'a score of NaN',
      smallModel({ pieces: changed('ab', { score: Number.NaN }) }),
      'bad-file',
      /"ab", has the score NaN/,
    ],
    ['an empty piece', smallModel({ pieces: [...smallPieces, { piece: '' }] }), 'bad-file', /piece 265 is empty/],
    [
      'a piece twice',
      smallModel({ pieces: [...smallPieces, { piece: 'ab' }] }),
      'bad-file',
      /which is piece 260 already/,
    ],
    ['a normal <0x00>', smallModel({ pieces: changed(bytePieces[0], { type: 1 }) }), 'bad-file', /go together/],
  ])('refuses %s', (_name, bytes, code, message) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('refuses every truncation of a model by name', () => {
    const whole = smallModel()
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'bad-file' }),
      )
    }
  })

  it('never fails with anything but its own error', () => {
    const whole = smallModel()
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = whole.slice()
        damaged[at] = byte
        try {
          read(damaged)
        } catch (error) {
          expect(isKoVocabError(error), String(error)).toBe(true)
        }
      }),
    )
  })
})

describe('writeSentencePiece', () => {
  it('gives the bytes of an unchanged Llama-2 model back', () => {
    const bytes = llama2Model()
    expect(Buffer.from(writeSentencePiece(read(bytes))).equals(Buffer.from(bytes))).toBe(true)
  })

  const models = sharedTokenizers.filter(({ name }) => name !== 'llama-3')
  it.skipIf(!sharedDir)('gives the bytes of every unchanged real model back (needs ../shared)', () => {
    for (const { name, folder } of models) {
      const bytes = readFileSync(join(folder, 'tokenizer.model'))
      expect(Buffer.from(writeSentencePiece(read(bytes))).equals(bytes), name).toBe(true)
    }
  })

  it('keeps fields that the format does not know', () => {
    const unknown = Uint8Array.from([...smallModel(), 0xca, 0x3e, 3, 1, 2, 3]) // field 1001, three bytes
    expect(writeSentencePiece(read(unknown))).toEqual(unknown)
  })

  it('appends new pieces with their scores and kinds', () => {
    const t = read(smallModel())
    const at = t.pieces.length
    const longer = {
      ...t,
      pieces: [...t.pieces, '안', '<x>'],
      scores: Float32Array.from([...t.scores!, -6, 0]),
      kinds: Uint8Array.from([...t.kinds, 1, 4]),
    }
    const again = read(writeSentencePiece(longer))
    expect(again.pieces.slice(at)).toEqual(['안', '<x>'])
    expect([...again.scores!.slice(at)]).toEqual([-6, 0])
    expect([...again.kinds.slice(at)]).toEqual([1, 4])
  })

  it('refuses changed base pieces, holes and missing scores', () => {
    const t = read(smallModel())
    expect(() => writeSentencePiece({ ...t, pieces: t.pieces.with(259, 'x') })).toThrow(/piece 259 is "▁a" in the base/)
    expect(() => writeSentencePiece({ ...t, pieces: [...t.pieces, ''] })).toThrow(/no piece has id 265/)
    expect(() => writeSentencePiece({ ...t, scores: null })).toThrow(/needs scores/)
    expect(() => writeSentencePiece({ ...t, pieces: t.pieces.slice(0, 9) })).toThrow(
      /has 265 pieces, the tokenizer only 9/,
    )
  })
})
