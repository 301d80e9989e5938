import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/tokenizer/load'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { sharedDir } from '../support/shared'
import { smallByteLevel, smallModel, smallPieces, smallRanks } from './files/small'

const root = await mkdtemp(join(tmpdir(), 'ko-vocab-load-'))
afterAll(() => rm(root, { recursive: true }))

let folder = ''
let count = 0
beforeEach(async () => {
  folder = join(root, String(count++))
  await mkdir(folder)
})
const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content)

describe('loadTokenizer', () => {
  it('joins what tokenizer.json and tokenizer.model know', async () => {
    await write('tokenizer.json', await llama2Json())
    await write('tokenizer.model', llama2Model())
    await write('tokenizer_config.json', '{"legacy": false}')
    await write('config.json', '{"model_type": "llama"}')
    const t = await loadTokenizer(folder)
    expect(t.pieces.length).toBe(32_000)
    expect(t.scores?.[31_999]).toBe(-31_740)
    expect(t.sources.model?.length).toBe(499_723)
    expect(t.sources.json).toBeDefined()
    expect(t.sources.sidecars).toEqual({ 'tokenizer_config.json': '{"legacy": false}' })
  })

  it('takes a rank file for what it is, whatever its name', async () => {
    await write('tokenizer.model', smallRanks())
    const t = await loadTokenizer(folder)
    expect(t.form).toBe('byte-level')
    expect(t.sources.tiktoken).toEqual({ name: 'tokenizer.model' })
  })

  it('reads the companion of a rank file', async () => {
    await write('x.tiktoken', smallRanks())
    await write('x.tiktoken.special.json', '{"pattern": "\\\\p{L}+|.", "special_tokens": {"<|a|>": 300}}')
    const t = await loadTokenizer(join(folder, 'x.tiktoken'))
    expect(t.preTokenizer).toMatchObject({ pretokenizers: [{ pattern: { Regex: '\\p{L}+|.' } }, {}] })
    expect(t.addedTokens).toMatchObject([{ id: 300, content: '<|a|>' }])
  })

  it('reads the config beside a single file', async () => {
    await write('spm.model', smallModel())
    await write('tokenizer_config.json', '{"add_bos_token": false}')
    expect((await loadTokenizer(join(folder, 'spm.model'))).postProcessor).toBeNull()
    expect((await loadTokenizer(folder)).postProcessor).toBeNull()
  })

  it('says which id differs when two files are of different tokenizers', async () => {
    await write('tokenizer.json', mistralJson())
    await write('tokenizer.model', llama2Model())
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: 'mismatch',
      message: expect.stringMatching(
        /tokenizer\.json and .*tokenizer\.model do not agree: id \d+ is "[^"]+" in the first, "[^"]+" in the second/,
      ),
    })
  })

  it('says which merge is missing when only the merges differ', async () => {
    const json = JSON.parse(await llama2Json())
    const merges: string[] = json.model.merges
    await write('tokenizer.model', llama2Model())
    await write('tokenizer.json', JSON.stringify({ ...json, model: { ...json.model, merges: merges.slice(1) } }))
    await expect(loadTokenizer(folder)).rejects.toThrow('the second merges "▁ t", the first does not')
  })

  it('does not mix the two forms up', async () => {
    await write('tokenizer.model', smallModel())
    await write('tokenizer.json', JSON.stringify(smallByteLevel()))
    await expect(loadTokenizer(folder)).rejects.toThrow('the first is byte-level, the second sentencepiece')
  })

  it.skipIf(!sharedDir)('finds both files of the real Llama-3 to agree (needs ../shared)', async () => {
    await copyFile(join(sharedDir!, 'tokenizers', 'llama-3', 'tokenizer.model'), join(folder, 'tokenizer.model'))
    await write('tokenizer.json', llama3Json())
    const t = await loadTokenizer(folder)
    expect(t.pieces.length).toBe(128_256)
    expect(t.sources).toMatchObject({ tiktoken: { name: 'tokenizer.model' }, json: { mergesAs: 'strings' } })
  })

  it.skipIf(!sharedDir)('derives the whole of Yi from its .model and config (needs ../shared)', async () => {
    const t = await loadTokenizer(join(sharedDir!, 'tokenizers', 'yi-6b'))
    expect(t.pieces.length).toBe(64_000)
    expect(t.addedTokens.filter((token) => !token.special).length).toBe(291) // 294 user-defined, 3 special by the config
    expect(t.addedTokens.filter((token) => token.normalized).length).toBe(15) // the runs of ▁
    expect(t.postProcessor).toBeNull()
  })

  it('names what is missing', async () => {
    await expect(loadTokenizer(join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/nowhere: no such file or folder/),
    })
    await write('vocab.json', '{}')
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/looked for tokenizer\.json, tokenizer\.model, \*\.model, \*\.tiktoken/),
    })
    await expect(loadTokenizer(join(folder, 'vocab.json'))).rejects.toThrow(/vocab\.json: no tokenizer/)
  })

  it('does not choose between several', async () => {
    await write('a.model', smallModel())
    await write('b.tiktoken', smallRanks())
    await expect(loadTokenizer(folder)).rejects.toThrow(/2 tokenizers in this folder: a\.model, b\.tiktoken/)
    await write('tokenizer.model', smallModel())
    expect((await loadTokenizer(folder)).pieces.length).toBe(smallPieces.length)
  })

  it('refuses text that is not UTF-8 by name', async () => {
    await write('tokenizer.json', Uint8Array.of(0x7b, 0xff, 0x7d))
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json: not UTF-8/)
  })
})
