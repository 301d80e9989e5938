import { createHash } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { canonicalJson, sha256Hex, tokenizerHash } from '../../src/tokenizer/hash'
import { loadTokenizer } from '../../src/tokenizer/load'
import { llama2Json, llama2Model } from '../support/fixtures'
import { sharedDir } from '../support/shared'

describe('sha256Hex', () => {
  it('equals node:crypto for every length over two blocks', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255)
      expect(sha256Hex(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
  })

  it('equals node:crypto for any bytes, views into a buffer too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(20), (bytes, from) => {
        const view = bytes.subarray(from)
        expect(sha256Hex(view)).toBe(createHash('sha256').update(view).digest('hex'))
      }),
    )
  })
})

describe('tokenizerHash', () => {
  it('is the same for Llama-2 read from tokenizer.json and from tokenizer.model, and known', async () => {
    const json = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const model = readSentencePiece(llama2Model(), 'tokenizer.model')
    expect(tokenizerHash(model)).toBe(tokenizerHash(json))
    // Changes of the canonical form make every older init map unusable: they need a new first line.
    expect(tokenizerHash(json)).toBe('1586f123b0038d1b623d8332ec5b4518f2c64e61299943986f07dc72fddf2045')
  })

  it.skipIf(!sharedDir)('is the same for Llama-3 as json, rank file and folder of both (needs ../shared)', async () => {
    const folder = join(sharedDir!, 'tokenizers', 'llama-3')
    const paths = [folder, join(folder, 'tokenizer.json'), join(folder, 'tokenizer.model')]
    const hashes = await Promise.all(paths.map(async (path) => tokenizerHash(await loadTokenizer(path))))
    expect(new Set(hashes).size).toBe(1)
  })

  it('changes with a piece, a merge, a flag, a normalizer', async () => {
    const base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const { left, right, result } = base.merges
    const swapped = { left: left.toReversed(), right: right.toReversed(), result: result.toReversed() }
    const others = [
      { ...base, pieces: [...base.pieces, '안녕'] },
      { ...base, merges: swapped },
      { ...base, ignoreMerges: true },
      { ...base, normalizer: null },
      { ...base, addedTokens: base.addedTokens.slice(1) },
    ]
    const hashes = [base, ...others].map(tokenizerHash)
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('does not see the order of keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
  })
})
