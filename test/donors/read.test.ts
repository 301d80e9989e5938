import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDonor } from '../../src/donors/read'
import type { Donor, ReadDonorOptions } from '../../src/donors/types'
import { isKoVocabError } from '../../src/errors'
import { keyToText } from '../../src/text/byte-key'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'
import { addedToken, smallByteLevel, smallModel, smallRanks } from '../tokenizer/files/small'

const utf8 = (text: string) => new TextEncoder().encode(text)
const json = (document: unknown, options?: ReadDonorOptions) =>
  readDonor(utf8(JSON.stringify(document)), 'tokenizer.json', options)
const kinds = (donor: Donor) => {
  const counts: Record<string, number> = {}
  for (const { kind } of donor.pieces) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
const shown = (donor: Donor) => donor.pieces.map(({ spelled, key, kind }) => `${kind} ${spelled} [${keyToText(key)}]`)

describe('published tokenizers as donors', () => {
  it('Llama-2: .model and tokenizer.json give the same pieces', async () => {
    const model = readDonor(llama2Model(), 'tokenizer.model')
    const other = readDonor(utf8(await llama2Json()), 'tokenizer.json')
    expect(model).toMatchObject({ format: 'sentencepiece-bpe', orderedBy: 'score', normalizer: 'identity', notes: [] })
    expect(other).toMatchObject({ format: 'tokenizer-json-bpe', orderedBy: 'rank', notes: [] })
    expect(kinds(model)).toEqual({ special: 3, byte: 256, piece: 31_741 })
    const keys = (donor: Donor) => new Map(donor.pieces.map(({ spelled, key, kind }) => [spelled, `${kind} ${key}`]))
    expect(keys(other)).toEqual(keys(model))
    // Whitespace runs have the score -1e9 and the first ranks; everything else stands in the same order.
    const order = (donor: Donor) =>
      donor.pieces.filter(({ kind, key }) => kind === 'piece' && key.trim().length > 1).map(({ spelled }) => spelled)
    const merged = new Set(other.pieces.filter(({ score }) => score !== null).map(({ spelled }) => spelled))
    const made = (list: string[]) => list.filter((spelled) => merged.has(spelled))
    expect(made(order(other))).toEqual(made(order(model)))
  })

  it('Mistral: its normalizer, and Hangul', () => {
    const donor = readDonor(utf8(mistralJson()), 'tokenizer.json')
    expect(kinds(donor)).toEqual({ special: 3, byte: 256, piece: 31_741 })
    expect(donor.normalizer).toBe('Sequence(Prepend, Replace)')
    expect(donor.pieces.find(({ spelled }) => spelled === '다')?.key).toBe('\xeb\x8b\xa4')
  })

  it('Llama-3: tokenizer.json and rank file give the same keys', () => {
    const donor = readDonor(utf8(llama3Json()), 'tokenizer.json')
    expect(donor).toMatchObject({ format: 'tokenizer-json-bpe', orderedBy: 'rank', normalizer: null, notes: [] })
    expect(kinds(donor)).toEqual({ special: 256, byte: 256, piece: 127_744 })
    expect(donor.pieces.find(({ spelled }) => spelled === 'ĠìĿ´')?.key).toBe(' \xec\x9d\xb4')
    const { vocab } = (JSON.parse(llama3Json()) as { model: { vocab: Record<string, number> } }).model
    const keyOf = new Map(donor.pieces.map(({ spelled, key }) => [spelled, key]))
    const lines = Object.entries(vocab).map(
      ([piece, id]) => `${Buffer.from(keyOf.get(piece)!, 'latin1').toString('base64')} ${id}\n`,
    )
    const ranks = readDonor(utf8(lines.join('')), 'tokenizer.model')
    expect(ranks).toMatchObject({ format: 'tiktoken', orderedBy: 'rank', normalizer: null, notes: [] })
    expect(ranks.pieces.map(({ score }) => score)).toEqual(Array.from({ length: 128_000 }, (_, rank) => rank))
    expect(new Map(ranks.pieces.map(({ spelled, key }) => [spelled, key]))).toEqual(
      new Map(donor.pieces.filter(({ kind }) => kind !== 'special').map(({ spelled, key }) => [spelled, key])),
    )
  })
})

describe('.model', () => {
  it('takes what a base may not be: other types, kinds and spaces', () => {
    const pieces = [
      { piece: '<unk>', type: 2 },
      { piece: '<pad>', type: 3 },
      { piece: '법원▁', score: -3 },
      { piece: '판결', score: -2 },
      { piece: '안▁쓰는', score: -1, type: 5 },
      { piece: '제▁1▁조', type: 4 },
      { piece: '원고', score: -2 },
    ]
    const donor = readDonor(
      smallModel({
        pieces,
        trainer: { modelType: 1, byteFallback: false, treatWhitespaceAsSuffix: true },
        normalizer: { name: '', removeExtraWhitespaces: true },
      }),
      'donor.model',
    )
    expect(shown(donor)).toEqual([
      'special <unk> []',
      'special <pad> []',
      'added 제▁1▁조 [제 1 조]',
      'special 안▁쓰는 []',
      'piece 판결 [판결]',
      'piece 원고 [원고]',
      'piece 법원▁ [법원 ]',
    ])
    expect(donor).toMatchObject({ format: 'sentencepiece-unigram', orderedBy: 'log probability', normalizer: null })
    expect(donor.notes).toEqual([
      'It removes extra whitespace, so none of its pieces was learned from runs of spaces.',
      'Its spaces stand behind words (treat_whitespace_as_suffix).',
      'Pieces of type UNUSED, which take no part in its segmentation, are left aside: 1.',
    ])
  })

  it('takes ▁ for itself where spaces are not escaped', () => {
    const donor = readDonor(
      smallModel({ pieces: [{ piece: '▁a b' }], normalizer: { escapeWhitespaces: false } }),
      'donor.model',
    )
    expect(keyToText(donor.pieces[0].key)).toBe('▁a b')
  })

  it.each([
    ['a piece twice', [{ piece: '법' }, { piece: '법' }], 'piece 1 is "법", which is piece 0 already'],
    ['an empty piece', [{ piece: '법' }, { piece: '' }], 'piece 1 is empty'],
    ['no score', [{ piece: '법', score: Number.NaN }], 'piece 0, "법", has the score NaN'],
    ['a byte that is none', [{ piece: '법', type: 6 }], 'piece 0, "법", has the type BYTE'],
    ['no pieces', [], 'no pieces in its'],
  ])('refuses %s', (_, pieces, message) => {
    expect(() => readDonor(smallModel({ pieces }), 'donor.model')).toThrow(message)
  })

  it('is known without its name', () => {
    expect(readDonor(llama2Model(), 'donor').format).toBe('sentencepiece-bpe')
    expect(readDonor(smallModel(), 'donor').format).toBe('sentencepiece-bpe')
    expect(readDonor(utf8('\n\n\n\n\n\n법원\n판결문'), 'donor').format).toBe('list')
  })
})

describe('tokenizer.json', () => {
  it('BPE over bytes: single bytes, added tokens, pieces by the first merge that makes them', () => {
    const vocab = { Ġ: 0, a: 1, b: 2, Ġab: 3, ab: 4, Ġa: 6, ì: 7 }
    const donor = json(
      smallByteLevel({
        document: { added_tokens: [addedToken(5, '<|end|>'), addedToken(8, '  ', { special: false })] },
        model: { vocab, merges: ['a b', 'Ġ a', 'Ġa b', 'Ġ ab'] },
      }),
    )
    expect(donor.pieces.map(({ spelled, key, kind, score }) => [spelled, key, kind, score])).toEqual([
      ['ab', 'ab', 'piece', 0],
      ['Ġa', ' a', 'piece', 1],
      ['Ġab', ' ab', 'piece', 2],
      ['Ġ', ' ', 'byte', null],
      ['a', 'a', 'byte', null],
      ['b', 'b', 'byte', null],
      ['ì', '\xec', 'byte', null],
      ['<|end|>', '', 'special', null],
      ['  ', '  ', 'added', null],
    ])
  })

  it('WordPiece: ## is inside, a bare piece begins a word, ▁ is a character', () => {
    const donor = json({
      added_tokens: [addedToken(0, '[UNK]')],
      normalizer: { type: 'BertNormalizer', lowercase: false, strip_accents: null },
      model: { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, 법: 1, '##원': 3, '▁': 2, '##': 4 } },
    })
    expect(donor.orderedBy).toBe('order')
    expect(shown(donor)).toEqual([
      'special [UNK] []',
      'piece 법 [ 법]',
      'piece ▁ [ ▁]',
      'piece ##원 [원]',
      'piece ## [ ##]',
    ])
    expect(donor.notes).toEqual(['Its pieces without ## begin a word and got a space in front.'])
  })

  it('BPE without any mark for spaces is taken for the inside of words, and says so', () => {
    const donor = json({ model: { vocab: { 법: 0, 원: 1, 법원: 2 }, merges: [['법', '원']] } })
    expect(shown(donor)).toEqual(['piece 법원 [법원]', 'piece 법 [법]', 'piece 원 [원]'])
    expect(donor.notes[0]).toMatch(/^None of its pieces holds a mark for a space/)
  })

  it('an added token meets marks only in normalized text', () => {
    const added = (normalized: boolean) =>
      json({
        added_tokens: [addedToken(1, '제▁1', { special: false, normalized })],
        model: { type: 'Unigram', unk_id: null, vocab: [['▁법', -1]] },
      }).pieces[1].key
    expect(keyToText(added(true))).toBe('제 1')
    expect(keyToText(added(false))).toBe('제▁1')
  })

  it('Unigram: the unknown piece by its id, bytes by their names', () => {
    const donor = json({
      model: {
        type: 'Unigram',
        unk_id: 1,
        vocab: [
          ['▁법', -2],
          ['<unk>', 0],
          ['<0xEB>', -3],
          ['원', -1],
        ],
      },
    })
    expect(shown(donor)).toEqual(['special <unk> []', 'piece 원 [원]', 'piece ▁법 [ 법]', 'byte <0xEB> [null]'])
  })

  it.each([
    ['{"model": {"type": "Other", "vocab": {}}}', 'unsupported', 'model.type is "Other"'],
    ['{"법": 0}', 'bad-file', 'no tokenizer: "model" is undefined'],
    ['{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}', 'bad-file', 'has no piece "ab"'],
    ['{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}', 'bad-file', 'model.merges[0] is "a"'],
    ['{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}', 'bad-file', 'model.vocab["a"] is "x"'],
    ['{"model": {"type": "Unigram", "vocab": [["a"]]}}', 'bad-file', 'model.vocab[0] is ["a"]'],
    ['{"model": {"type": "Unigram", "unk_id": 7, "vocab": [["a", 0]]}}', 'bad-file', 'model.unk_id is 7'],
    ['{"model": {"type": "WordLevel", "vocab": {}}}', 'bad-file', 'model.vocab is empty'],
    ['{"model": {"type": "WordLevel", "vocab": {"a": 0}}, "added_tokens": [1]}', 'bad-file', 'added_tokens[0] is 1'],
    ['{"model": {"ty', 'bad-file', 'not JSON'],
  ])('%s is %s', (text, code, message) => {
    // No name tells what it is.
    expect(() => readDonor(utf8(text), 'donor')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})

describe('rank files', () => {
  it('are known by their lines, not mistaken for counted words', () => {
    const donor = readDonor(utf8(smallRanks()), 'donor')
    expect(donor.format).toBe('tiktoken')
    expect(kinds(donor)).toEqual({ byte: 256, piece: 2 })
    expect(donor.pieces.at(-1)).toEqual({ spelled: 'Ġab', key: ' ab', kind: 'piece', score: 258 })
    expect(readDonor(utf8('able 12\nlawyers1 3\n'), 'words.txt')).toMatchObject({ format: 'list', orderedBy: 'count' })
  })

  it('are refused where a line is damaged', () => {
    const text = smallRanks().replace('\nIQ== 33\n', '\nIQ= 33\n')
    expect(() => readDonor(utf8(text), 'donor.tiktoken')).toThrow('donor.tiktoken: line 34 is "IQ= 33"')
  })
})

describe('damaged files', () => {
  it('options that are none', () => {
    expect(() => readDonor(utf8('법'), 'x', { spelling: 'word' as never })).toThrow('spelling is "word"')
    expect(() => readDonor(utf8('법'), 'x', { normalized: 'no' as never })).toThrow('normalized is "no"')
  })

  it.each([
    ['donor.model', () => llama2Model(), 40],
    ['donor.json', () => utf8(mistralJson()), 12],
  ])('%s cut anywhere is refused', (name, make, cuts) => {
    const whole = make()
    for (let i = 1; i <= cuts; i++) {
      const cut = whole.subarray(0, Math.floor((whole.length * i) / (cuts + 1)))
      expect(() => readDonor(cut, name), `${cut.length} bytes`).toThrow(expect.objectContaining({ code: 'bad-file' }))
    }
  })

  it('random bytes under any name: a donor or an error of ours', () => {
    const names = fc.constantFrom('donor', 'donor.model', 'donor.json', 'donor.tiktoken', 'donor.txt')
    const model = smallModel()
    const broken = fc.tuple(fc.nat(model.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = model.slice()
      bytes[at] = byte
      return bytes
    })
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }).map(utf8), broken)
    fc.assert(
      fc.property(bytes, names, (data, name) => {
        try {
          for (const { key } of readDonor(data, name).pieces) expect(key).toMatch(/^[\x00-\xff]*$/)
        } catch (error) {
          if (!isKoVocabError(error)) throw error
        }
      }),
      { numRuns: runs(400) },
    )
  })
})
