import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/text/utf8'
import { createDecoder, decodeBytes, decodeIds } from '../../src/tokenizer/decode'
import { decodePlan } from '../../src/tokenizer/decode-plan'
import { compileDecoderSteps, type Decodable } from '../../src/tokenizer/decode-steps'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import type { JsonNode } from '../../src/tokenizer/types'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'

const real: [string, () => Decodable | Promise<Decodable>][] = [
  ['Llama-2', async () => readTokenizerJson(await llama2Json(), 'tokenizer.json')],
  ['Llama-2 of its .model', () => readSentencePiece(llama2Model(), 'tokenizer.model')],
  ['Mistral', () => readTokenizerJson(mistralJson(), 'tokenizer.json')],
  ['Llama-3', () => readTokenizerJson(llama3Json(), 'tokenizer.json')],
]

/** Both give the same text, or the same error, as the steps on strings. */
function same(tokenizer: Decodable, decoder = createDecoder(tokenizer)): (ids: number[], skip: boolean) => void {
  const steps = compileDecoderSteps(tokenizer)
  const result = <T>(run: () => T) => {
    try {
      return { value: run() }
    } catch (error) {
      return { error: String(error) }
    }
  }
  return (ids, skipSpecialTokens) => {
    const options = { skipSpecialTokens }
    const expected = result(() => steps(ids, options))
    const text = result(() => decodeIds(decoder, ids, options))
    const bytes = result(() => decodeBytes(decoder, ids, options))
    const utf8 = expected.value === undefined ? undefined : encodeUtf8(expected.value)
    // The matcher is slow, and there are millions to compare.
    const asExpected = text.value === expected.value && text.error === expected.error && bytes.error === expected.error
    if (asExpected && (!utf8 || Buffer.compare(bytes.value!, utf8) === 0)) return
    expect({ ids, text, bytes }).toEqual({ ids, text: expected, bytes: utf8 ? { value: utf8 } : expected })
    throw new Error('differs, but not for the matcher')
  }
}

describe.each(real)('%s: decoding by copying equals the steps on strings', (_, open) => {
  let tokenizer: Decodable
  beforeAll(async () => {
    tokenizer = await open()
  })

  it('is how it is decoded', () => expect(decodePlan(tokenizer)).not.toBeNull())

  it('on random ids, bytes and special tokens among them', () => {
    const check = same(tokenizer)
    const size = tokenizer.pieces.length
    const special = tokenizer.addedTokens.map(({ id }) => id)
    const id = fc.oneof(
      { weight: 4, arbitrary: fc.nat(size - 1) },
      // Byte pieces of one form, single bytes of the other.
      { weight: 6, arbitrary: fc.nat(260) },
      { weight: 1, arbitrary: fc.constantFrom(...special) },
    )
    const ids = fc.oneof(fc.array(id, { maxLength: 40 }), fc.array(id, { minLength: 300, maxLength: 2000 }))
    fc.assert(fc.property(ids, fc.boolean(), check), { numRuns: runs(500, 20_000) })
  })

  it('on every id, alone, first and behind another', () => {
    const check = same(tokenizer)
    for (let id = 0; id < tokenizer.pieces.length; id++) {
      check([id], false)
      check([id, 200, id], false)
    }
  })

  it('on ids that are not there', () => {
    const check = same(tokenizer)
    for (const id of [-1, 1.5, Number.NaN, 2 ** 32, tokenizer.pieces.length, -tokenizer.pieces.length])
      for (const skip of [true, false]) check([300, id, 5], skip)
  })
})

describe('small tokenizers of all decoders', () => {
  const replace = (from: object, content: string): JsonNode => ({ type: 'Replace', pattern: from, content })
  const strip = (content: string, start: number, stop: number): JsonNode => ({ type: 'Strip', content, start, stop })
  const spaces = replace({ String: '▁' }, ' ')
  const fallback = { type: 'ByteFallback' }
  const fuse = { type: 'Fuse' }
  const byteLevel = { type: 'ByteLevel' }
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }
  const sequence = (...decoders: JsonNode[]): JsonNode => ({ type: 'Sequence', decoders })

  const byCopying: (JsonNode | null)[] = [
    null,
    byteLevel,
    metaspace,
    { ...metaspace, prepend_scheme: 'never' },
    spaces,
    strip(' ', 1, 1),
    fallback,
    fuse,
    sequence(),
    sequence(spaces, fallback, fuse, strip(' ', 1, 0)),
    sequence(spaces, fallback, fuse, strip(' ', 0, 2), strip('a', 1, 1)),
    sequence(sequence(spaces, fallback), sequence(fuse, strip('👧', 2, 1), strip('ab', 1, 1), strip('', 1, 1))),
    sequence(fallback, fuse, strip('\ufffd', 3, 3)),
    sequence(strip(' ', 1, 1), spaces, fallback),
    sequence(metaspace, fallback, fuse, strip(' ', 1, 1)),
    sequence(replace({ Regex: '[ab▁]+' }, '<0x41>'), fallback, fuse),
    sequence(replace({ String: 'a' }, ''), byteLevel),
    sequence(replace({ String: '안' }, ''), fallback, fuse),
    sequence(metaspace, byteLevel),
  ]
  const byStrings: JsonNode[] = [
    sequence(fallback, spaces),
    sequence(fallback, strip(' ', 1, 1)),
    sequence(fuse, spaces),
    sequence(fuse, strip(' ', 1, 1), fallback),
    sequence(byteLevel, fuse, strip(' ', 1, 1)),
    sequence(fallback, byteLevel),
  ]
  const nasty = ['a', '▁', '▁▁a', ' ', '  a ', '안', '👧', '\ufeff', '\ufffd', '\0', '<0xE>', '', 'ab', 'Ġ', 'ì', 'ķĪ']
  const bytes = ['<0xEC>', '<0x95>', '<0x88>', '<0x41>', '<0xf0>', '<0x20>', '<0xED>', '<0xA0>']
  // Halves of a character, which make one where they meet.
  const halves = ['\ud83d', '\udc67', 'a\ud83d']
  const pieces = [...nasty, ...bytes, ...halves, '<s>', '', '▁']

  it.each([...byCopying, ...byStrings].map((node) => [JSON.stringify(node), node] as const))('%s', (_, decoder) => {
    const addedTokens = [pieces.length - 3, pieces.length - 2, pieces.length - 1, 5].map((id) => ({
      ...{ id, content: pieces[id], singleWord: false, lstrip: false, rstrip: false, normalized: false },
      special: id !== 5,
    }))
    const tokenizer = { pieces, addedTokens, decoder }
    const check = same(tokenizer)
    const halfFrom = nasty.length + bytes.length
    const id = fc.oneof(
      { weight: 30, arbitrary: fc.nat(pieces.length - 1).filter((n) => n < halfFrom || n >= halfFrom + halves.length) },
      { weight: 1, arbitrary: fc.nat(pieces.length - 1) },
      { weight: 30, arbitrary: fc.integer({ min: nasty.length, max: halfFrom - 1 }) },
    )
    fc.assert(fc.property(fc.array(id, { maxLength: 12 }), fc.boolean(), check), { numRuns: runs(1_500, 50_000) })
  })

  it.each([...byCopying, ...byStrings].map((node) => [JSON.stringify(node), node] as const))(
    '%s, every three pieces in a row',
    (_, decoder) => {
      const check = same({ pieces, addedTokens: [], decoder })
      const parts = ['a', '▁', ' ', '안', 'Ġ', 'ì', 'ķĪ', '<0xEC>', '<0x95>', '<0x88>', '<0x20>', ...halves]
      const ids = parts.map((part) => pieces.indexOf(part))
      for (const a of ids) for (const b of ids) for (const c of ids) check([a, b, c], false)
    },
  )

  it('knows which can be decoded by copying', () => {
    const plan = (decoder: JsonNode | null) => decodePlan({ pieces, addedTokens: [], decoder }) !== null
    expect(byCopying.filter((node) => !plan(node))).toEqual([])
    expect(byStrings.filter(plan)).toEqual([])
  })
})

describe('decoders', () => {
  const decoder: JsonNode = { type: 'ByteFallback' }

  it('decodeBytes gives a view that the next call overwrites', () => {
    const made = createDecoder({ pieces: ['a', 'b'], addedTokens: [], decoder })
    const view = decodeBytes(made, [0, 0])
    expect([...view]).toEqual([0x61, 0x61])
    decodeBytes(made, [1])
    expect([...view]).toEqual([0x62, 0x61])
  })

  it('a tokenizer whose parts were replaced is not decoded as it was', () => {
    const tokenizer: Decodable = { pieces: ['a', '<0x62>'], addedTokens: [], decoder }
    expect(decodeIds(tokenizer, [0, 1])).toBe('ab')
    tokenizer.decoder = null
    expect(decodeIds(tokenizer, [0, 1])).toBe('a <0x62>')
    tokenizer.pieces = ['c', 'd', 'e']
    expect(decodeIds(tokenizer, [0, 2])).toBe('c e')
    expect(decodeIds({ ...tokenizer, decoder }, [0, 2])).toBe('ce')
  })
})
