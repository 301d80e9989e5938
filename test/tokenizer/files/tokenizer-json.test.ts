import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { outsideVocab, writeTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json-write'
import { PieceKind, type Tokenizer } from '../../../src/tokenizer/types'
import { llama2Json, llama3Json, mistralJson } from '../../support/fixtures'
import { sharedDir, sharedTokenizers } from '../../support/shared'
import { addedToken, smallByteLevel } from './small'

const read = (value: unknown) =>
  readTokenizerJson(typeof value === 'string' ? value : JSON.stringify(value), 'tokenizer.json')
const small = (change?: Parameters<typeof smallByteLevel>[0]) => read(smallByteLevel(change))

/** The tokenizer with pieces appended, as an extension would. */
function longer(t: Tokenizer, ...pieces: string[]): Tokenizer {
  return { ...t, pieces: [...t.pieces, ...pieces], kinds: Uint8Array.from([...t.kinds, ...pieces.map(() => 1)]) }
}

describe('readTokenizerJson', () => {
  it('reads pieces, merges, kinds and added tokens outside the vocabulary', () => {
    const t = small()
    expect(t).toMatchObject({ form: 'byte-level', unkId: -1, byteFallback: false, ignoreMerges: false, scores: null })
    expect(t.pieces).toEqual(['Ġ', 'a', 'b', 'ab', 'Ġab', '<|end|>'])
    expect([...t.kinds]).toEqual([1, 1, 1, 1, 1, PieceKind.Control])
    expect([...t.merges.left, ...t.merges.right, ...t.merges.result]).toEqual([1, 0, 2, 3, 3, 4])
    expect(t.sources.json?.outsideVocab).toEqual([5])
  })

  it('leaves holes where ids are missing', () => {
    const t = small({ model: { vocab: { Ġ: 0, a: 1, b: 3 }, merges: [] }, document: { added_tokens: [] } })
    expect(t.pieces).toEqual(['Ġ', 'a', '', 'b'])
    expect([...t.kinds]).toEqual([1, 1, 0, 1])
  })

  it('knows the form by byte fallback or by ByteLevel anywhere', async () => {
    expect(read(await llama2Json()).form).toBe('sentencepiece')
    const nested = { type: 'Sequence', pretokenizers: [{ type: 'ByteLevel', use_regex: false }] }
    expect(small({ document: { pre_tokenizer: nested, decoder: null } }).form).toBe('byte-level')
  })

  const model = (change: object) => smallByteLevel({ model: change as Record<string, unknown> })
  const document = (change: object) => smallByteLevel({ document: change as Record<string, unknown> })
  it.each<[string, unknown, string, RegExp]>([
    ['text that is not JSON', '{"model": {', 'bad-file', /tokenizer\.json: not JSON: .*position/],
    ['a list', '[1]', 'bad-file', /holds \[1\] where a JSON object/],
    ['a config', '{"model_type": "llama"}', 'bad-file', /no tokenizer: "model" is undefined/],
    ['Unigram', model({ type: 'Unigram' }), 'unsupported', /unigram model .* no merges/],
    ['WordPiece', model({ type: 'WordPiece' }), 'unsupported', /WordPiece takes the longest piece/],
    ['WordLevel', model({ type: 'WordLevel' }), 'unsupported', /whole words only/],
    ['another model', model({ type: 'Foo' }), 'unsupported', /"Foo": only BPE/],
    ['dropout', model({ dropout: 0.1 }), 'unsupported', /dropout is 0\.1/],
    ['a subword prefix', model({ continuing_subword_prefix: '##' }), 'unsupported', /subword_prefix is "##"/],
    ['a word suffix', model({ end_of_word_suffix: '</w>' }), 'unsupported', /end_of_word_suffix is "<\/w>"/],
    ['neither form', document({ pre_tokenizer: { type: 'Whitespace' }, decoder: null }), 'unsupported', /neither byte/],
    ['a missing byte piece', model({ byte_fallback: true }), 'bad-file', /256 are missing, the first is <0x00>/],
    ['no vocabulary', model({ vocab: [] }), 'bad-file', /model\.vocab is \[\]/],
    ['an empty vocabulary', model({ vocab: {} }), 'bad-file', /model\.vocab is empty/],
    ['an id twice', model({ vocab: { a: 1, b: 1 } }), 'bad-file', /gives id 1 to "a" and "b"/],
    ['a negative id', model({ vocab: { a: -1 } }), 'bad-file', /model\.vocab\["a"\] is -1/],
    ['a huge id', model({ vocab: { a: 1e9 } }), 'bad-file', /is 1000000000, an id from 0 to 16777216/],
    ['no merges', model({ merges: undefined }), 'bad-file', /model\.merges is undefined/],
    ['a merge of one', model({ merges: ['ab'] }), 'bad-file', /model\.merges\[0\] is "ab", two pieces/],
    ['a merge of three', model({ merges: ['a b', 'a b c'] }), 'bad-file', /model\.merges\[1\] is "a b c"/],
    [
      'an unknown part',
      model({ merges: ['a b', ['a', 'x']] }),
      'bad-file',
      /merges\[1\] is \["a","x"\].* no piece "x"/,
    ],
    ['an unknown result', model({ merges: ['b a'] }), 'bad-file', /merges\[0\] is "b a", .* no piece "ba"/],
    [
      'a merge twice',
      model({ merges: ['a b', 'a b'] }),
      'bad-file',
      /merges\[1\] is "a b", which is model\.merges\[0\]/,
    ],
    ['an unknown unk', model({ unk_token: '<unk>' }), 'bad-file', /unk_token is "<unk>"/],
    [
      'a taken added id',
      document({ added_tokens: [addedToken(3, '<x>')] }),
      'bad-file',
      /id 3, which is the id of "ab"/,
    ],
    [
      'a moved added token',
      document({ added_tokens: [addedToken(9, 'ab')] }),
      'bad-file',
      /id 9, which has id 3 already/,
    ],
    [
      'an empty added token',
      document({ added_tokens: [addedToken(9, '')] }),
      'bad-file',
      /added_tokens\[0\]\.content is ""/,
    ],
    ['a node without type', document({ normalizer: {} }), 'bad-file', /normalizer is {}/],
  ])('refuses %s', (_name, value, code, message) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})

describe('writeTokenizerJson', () => {
  it('gives Llama-2, Mistral and Llama-3 back: the same text, or the same values where the text was not pretty', async () => {
    const llama2 = await llama2Json()
    expect(JSON.parse(writeTokenizerJson(read(llama2)))).toEqual(JSON.parse(llama2))
    for (const text of [mistralJson(), llama3Json()]) {
      expect(JSON.parse(writeTokenizerJson(read(text)))).toEqual(JSON.parse(text))
    }
  })

  const files = sharedTokenizers.filter(({ name }) => name !== 'yi-6b')
  it.skipIf(!sharedDir)('gives every real file back byte for byte (needs ../shared)', () => {
    for (const { name, folder } of files) {
      const text = readFileSync(join(folder, 'tokenizer.json'), 'utf8')
      expect(writeTokenizerJson(read(text)) === text, name).toBe(true)
    }
  })

  it('keeps ids in order where pieces look like numbers, and the order of keys', () => {
    const json = smallByteLevel({ model: { vocab: { b: 0, 9: 1, a: 2, 1: 3, __proto__x: 4 }, merges: [] } })
    const text = writeTokenizerJson(read(json))
    const vocab = text.slice(text.indexOf('"vocab"'), text.indexOf('"merges"'))
    expect(vocab.match(/"[^"]*": \d/g)).toEqual(['"b": 0', '"9": 1', '"a": 2', '"1": 3', '"__proto__x": 4'])
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(json))
    expect(Object.keys(JSON.parse(text).model)).toEqual(Object.keys(json.model as object))
  })

  it('keeps what it does not know, wherever vocab and merges stand', () => {
    const { vocab, merges, ...rest } = smallByteLevel().model as Record<string, unknown>
    const json = { ...smallByteLevel(), model: { merges, vocab, extra: [1.5], ...rest }, note: { 한: ['글'] } }
    const text = writeTokenizerJson(read(json))
    expect(text).toBe(JSON.stringify(json, null, 2))
  })

  it('writes merges as the base did, and as pairs once a piece holds a space', () => {
    const pairs = small({
      model: {
        merges: [
          ['a', 'b'],
          ['Ġ', 'ab'],
        ],
      },
    })
    expect(JSON.parse(writeTokenizerJson(pairs)).model.merges).toEqual([
      ['a', 'b'],
      ['Ġ', 'ab'],
    ])
    expect(JSON.parse(writeTokenizerJson(small())).model.merges).toEqual(['a b', 'Ġ ab'])
    const spaced = small({ model: { vocab: { ' ': 0, a: 1, ' a': 2 }, merges: [[' ', 'a']] } })
    spaced.sources.json!.mergesAs = 'strings'
    expect(JSON.parse(writeTokenizerJson(spaced)).model.merges).toEqual([[' ', 'a']])
  })

  it('leaves added tokens outside the vocabulary while their numbering holds, and pins all of them otherwise', () => {
    const base = small()
    expect(outsideVocab(base)).toEqual([5])
    expect(JSON.parse(writeTokenizerJson(base)).model.vocab).not.toHaveProperty('<|end|>')

    const extended = longer(base, 'Ġa')
    expect(JSON.parse(writeTokenizerJson(extended)).model.vocab).toMatchObject({ '<|end|>': 5, Ġa: 6 })

    // The vocabulary has 5 entries, so that Hugging Face would number this one 5.
    const gap = small({ document: { added_tokens: [addedToken(7, '<|end|>')] } })
    expect(JSON.parse(writeTokenizerJson(gap)).model.vocab).toMatchObject({ '<|end|>': 7 })
  })
})
