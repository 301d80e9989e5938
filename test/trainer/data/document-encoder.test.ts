import { beforeAll, describe, expect, it } from 'vitest'
import { createEncoder, encode } from '../../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { createDocumentEncoder, specialId } from '../../../src/trainer/data/document-encoder'
import { llama2Json, llama3Json } from '../../support/fixtures'

let llama2: Tokenizer
let llama3: Tokenizer
beforeAll(async () => {
  llama2 = readTokenizerJson(await llama2Json(), 'llama-2')
  llama3 = readTokenizerJson(llama3Json(), 'llama-3')
})

const bytes = (text: string) => new TextEncoder().encode(text)
const named = (tokenizer: Tokenizer, config: object): Tokenizer => ({
  ...tokenizer,
  sources: { ...tokenizer.sources, sidecars: { 'tokenizer_config.json': JSON.stringify(config) } },
})

describe('documents as ids', () => {
  it('are what the encoder gives with its special tokens', () => {
    for (const tokenizer of [llama2, llama3]) {
      const encoder = createEncoder(tokenizer)
      const documents = createDocumentEncoder(tokenizer)
      for (const text of ['안녕하세요, 세계!', 'a\n  b\n\tc', '끝</s>', '', '\u1112\u1161\u11ab NFD']) {
        expect(documents.encode(bytes(text))).toEqual(encode(encoder, text, { addSpecialTokens: true }))
      }
    }
  })

  it('have BOS and EOS as they are asked for', () => {
    const text = bytes('안녕')
    const plain = [...createDocumentEncoder(llama2, { bos: 'never' }).encode(text)]
    expect([...createDocumentEncoder(llama2).encode(text)]).toEqual([1, ...plain])
    const both = { bos: 'always', eos: 'always' } as const
    expect([...createDocumentEncoder(llama2, both).encode(text)]).toEqual([1, ...plain, 2])
    expect(createDocumentEncoder(llama3)).toMatchObject({ before: [], after: [], vocabulary: 128_256 })
    expect(createDocumentEncoder(llama3, both)).toMatchObject({ before: [128_000], after: [128_001] })
  })

  it('take the special tokens that tokenizer_config.json names, as text or as an object', () => {
    expect(specialId(named(llama3, { eos_token: '<|eot_id|>' }), 'eos')).toBe(128_009)
    expect(specialId(named(llama3, { eos_token: { content: '<|eot_id|>' } }), 'eos')).toBe(128_009)
    expect(specialId(named(llama3, { bos_token: null }), 'bos')).toBe(128_000)
    expect(specialId(named(llama3, { eos_token: '<nowhere>' }), 'eos')).toBe(null)
  })

  it('a token that there is not is refused', () => {
    const nameless = { ...llama3, addedTokens: [] }
    expect(() => createDocumentEncoder(nameless, { eos: 'always' })).toThrow('the tokenizer names no eos token')
    expect(createDocumentEncoder(nameless, { eos: 'never' }).after).toEqual([])
  })
})
