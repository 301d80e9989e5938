import { describe, expect, it } from 'vitest'
import { decodeIds } from '../../src/tokenizer/decode'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { encodeReference } from '../../src/tokenizer/reference'
import type { JsonNode } from '../../src/tokenizer/types'
import { llama3Json, mistralJson } from '../support/fixtures'

const mistral = readTokenizerJson(mistralJson(), 'tokenizer.json')
const llama3 = readTokenizerJson(llama3Json(), 'tokenizer.json')

/** Decodes these pieces as ids 0, 1, 2 …; the last `special` of them are special tokens. */
function decode(pieces: string[], decoder: JsonNode | null, special = 0, skipSpecialTokens = true): string {
  const addedTokens = pieces.slice(pieces.length - special).map((content, i) => ({
    id: pieces.length - special + i,
    content,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }))
  return decodeIds({ pieces, addedTokens, decoder }, [...pieces.keys()], { skipSpecialTokens })
}

describe('decodeIds', () => {
  it.each([
    '안녕하세요, 오늘은 날씨가 좋네요.',
    '  두 칸   세 칸 ',
    '\n줄\r\n\t',
    'ㅋㅋㅋ 뷁 👨‍👩‍👧 漢字 don’t ! .',
    '안녕'.normalize('NFD'),
  ])('gives back %j', (text) => {
    for (const tokenizer of [mistral, llama3]) expect(decodeIds(tokenizer, encodeReference(tokenizer, text))).toBe(text)
  })

  it('gives nothing for nothing', () => {
    expect(decodeIds(mistral, [])).toBe('')
    expect(decodeIds(llama3, new Int32Array())).toBe('')
  })

  it('leaves special tokens out unless asked', () => {
    expect(decodeIds(llama3, [128000, 12])).toBe('-')
    expect(decodeIds(llama3, [128000, 12], { skipSpecialTokens: false })).toBe('<|begin_of_text|>-')
    expect(decode(['▁a', '<s>'], null, 1)).toBe('▁a')
  })

  it('names an id that is not there', () => {
    expect(() => decodeIds(mistral, [5, 32_000])).toThrow(
      'id 32000 at position 1 is not in this tokenizer of 32000 ids',
    )
    expect(() => decodeIds(mistral, [-1])).toThrow('id -1 at position 0')
  })

  it('makes a broken run of fallback bytes U+FFFD byte by byte', () => {
    const node = { type: 'ByteFallback' }
    expect(decode(['<0xEC>', '<0x95>', '<0x88>', 'x'], node)).toBe('안x')
    expect(decode(['<0xEC>', '<0x95>', '<0x88>', '<0xEC>', 'x'], node)).toBe('����x')
    expect(decode(['<0xE>', '<0x41>'], node)).toBe('<0xE>A')
  })

  it('makes a broken part of byte-level pieces one U+FFFD, and spells other characters out', () => {
    const node = { type: 'ByteLevel' }
    expect(decode(['ìķ', 'Ī', 'Ġa'], node)).toBe('안 a')
    expect(decode(['ìķ', 'Ġa', 'ì', 'ì'], node)).toBe('� a��')
    expect(decode(['Ġ', '안'], node)).toBe(' 안')
  })

  it('strips, fuses and replaces as the nodes say', () => {
    expect(decode(['  a ', ' b'], { type: 'Strip', content: ' ', start: 1, stop: 1 })).toBe(' ab')
    expect(decode(['▁a▁', '▁b'], { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' })).toBe('a b')
    expect(decode(['▁a', '▁b'], { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' })).toBe(' a b')
    expect(decode(['a$', 'b'], { type: 'Replace', pattern: { String: '$' }, content: '$&' })).toBe('a$&b')
    expect(decode(['a', 'b'], null)).toBe('a b')
    expect(() => decode(['a'], { type: 'WordPiece' })).toThrow('decoder WordPiece is not supported')
  })
})
