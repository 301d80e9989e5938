import { describe, expect, it } from 'vitest'
import { CL100K_PATTERN } from '../../../src/tokenizer/files/derived'
import {
  looksLikeTiktoken,
  readCompanion,
  readTiktoken,
  whyNotTiktoken,
  writeTiktoken,
} from '../../../src/tokenizer/files/tiktoken'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { llama2Json, llama2Model, llama3Json } from '../../support/fixtures'
import { addedToken, smallByteLevel, smallRanks } from './small'

const read = (text: string, extras = {}, sidecars = {}) => readTiktoken(text, 'dir/x.tiktoken', extras, sidecars)

describe('readTiktoken', () => {
  it('reads ranks, holes and all splits; the regex is the one of cl100k', () => {
    const t = read(smallRanks())
    expect(t.pieces.length).toBe(259)
    expect([t.pieces[0x20], t.pieces[256], t.pieces[257], t.pieces[258]]).toEqual(['Ġ', 'ab', '', 'Ġab'])
    expect([...t.merges.result]).toEqual([256, 258])
    expect(t.ignoreMerges).toBe(true)
    expect(t.preTokenizer).toMatchObject({ pretokenizers: [{ pattern: { Regex: CL100K_PATTERN } }, {}] })
    expect(t.sources.tiktoken).toEqual({ name: 'x.tiktoken' })
  })

  it('takes special tokens from extras, else from tokenizer_config.json, else none', () => {
    expect(read(smallRanks()).addedTokens).toEqual([])
    expect(read(smallRanks(), { special: { '<|a|>': 259, '<|b|>': 257 } }).addedTokens).toMatchObject([
      { id: 257, content: '<|b|>', special: true },
      { id: 259, content: '<|a|>', special: true },
    ])
    const sidecars = {
      'tokenizer_config.json': '{"added_tokens_decoder": {"300": {"content": "<|x|>", "special": true}}}',
    }
    const t = read(smallRanks(), {}, sidecars)
    expect(t.pieces[300]).toBe('<|x|>')
    expect(t.pieces[299]).toBe('')
  })

  const lines = smallRanks().trimEnd().split('\n')
  it.each<[string, string, RegExp]>([
    ['an empty file', '', /no ranks/],
    ['no base64', `${smallRanks()}!! 300\n`, /x\.tiktoken: line 259 is "!! 300"/],
    ['no rank', `${smallRanks()}YWI=\n`, /line 259 is "YWI="/],
    ['broken base64', `${smallRanks()}YWIxx 300\n`, /line 259 is "YWIxx 300"/],
    ['a huge rank', `${smallRanks()}YWJh 99999999\n`, /line 259 has the rank 99999999/],
    ['a token twice', `${smallRanks()}YWI= 300\n`, /line 259 gives "ab" the rank 300, it has 256 already/],
    ['a rank twice', `${smallRanks()}YWJh 256\n`, /line 259 gives the rank 256 to "aba", "ab" has it/],
    ['a missing byte', lines.toSpliced(10, 1).join('\n'), /byte 0xa has no rank/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'bad-file', message: expect.stringMatching(message) }),
    )
  })

  it('refuses special tokens at taken ranks and broken companions', () => {
    expect(() => read(smallRanks(), { special: { '<|a|>': 256 } })).toThrow(
      /"<\|a\|>" has id 256, which is the rank of "ab"/,
    )
    expect(() => readCompanion('{"special_tokens": {}}', 'c.json')).toThrow(/c\.json: pattern is undefined/)
    expect(() => readCompanion('{"pattern": "x", "special_tokens": {"a": "1"}}', 'c.json')).toThrow(/\["a"\] is "1"/)
  })

  it('is told from a SentencePiece model by its first line', () => {
    expect(looksLikeTiktoken(new TextEncoder().encode(smallRanks()))).toBe(true)
    expect(looksLikeTiktoken(llama2Model())).toBe(false)
    expect(looksLikeTiktoken(new Uint8Array(0))).toBe(false)
  })
})

describe('writeTiktoken', () => {
  it('gives ranks, pattern and special tokens back', () => {
    const extras = { pattern: '\\p{L}+|.', special: { '<|a|>': 259 } }
    expect(writeTiktoken(read(smallRanks(), extras))).toEqual({ ranks: smallRanks(), ...extras })
  })

  it('writes Llama-3 from tokenizer.json, and reads the same tokenizer again', () => {
    const json = readTokenizerJson(llama3Json(), 'tokenizer.json')
    const { ranks, special, pattern } = writeTiktoken(json)
    const again = read(ranks, { special, pattern })
    expect(again.pieces).toEqual(json.pieces)
    expect(again.merges).toEqual(json.merges)
    expect(again.preTokenizer).toEqual(json.preTokenizer)
  })

  const json = (change = {}) => readTokenizerJson(JSON.stringify(smallByteLevel(change)), 'tokenizer.json')
  it('says why not', async () => {
    expect(whyNotTiktoken(json())).toBeNull()
    expect(whyNotTiktoken(readTokenizerJson(await llama2Json(), 'x'))).toMatch(/not byte-level/)
    expect(whyNotTiktoken(json({ document: { normalizer: { type: 'NFC' } } }))).toMatch(/no normalizer, .*"NFC"/)
    expect(whyNotTiktoken(json({ document: { pre_tokenizer: { type: 'Digits' } } }))).toMatch(/pre-tokenizer/)
    expect(whyNotTiktoken(json({ document: { added_tokens: [addedToken(5, '<x>', { lstrip: true })] } }))).toMatch(
      /lstrip/,
    )
    expect(whyNotTiktoken(json({ model: { merges: ['a b'] } }))).toMatch(/would merge "Ġ ab"/)
    expect(whyNotTiktoken(json({ model: { merges: ['Ġ ab', 'a b'] } }))).toMatch(/makes an id below/)
    expect(whyNotTiktoken(json({ model: { vocab: { 안: 0, a: 1, b: 2, ab: 3, Ġ: 4 }, merges: ['a b'] } }))).toMatch(
      /spell bytes/,
    )
  })
})
