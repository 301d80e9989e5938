import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { loadDonor } from '../../src/donors/load'
import { sharedDir, sharedTokenizers } from '../support/shared'
import { smallByteLevel, smallModel, smallRanks } from '../tokenizer/files/small'

const root = await mkdtemp(join(tmpdir(), 'ko-vocab-donors-'))
afterAll(() => rm(root, { recursive: true }))

let folder = ''
let count = 0
beforeEach(async () => {
  folder = join(root, String(count++))
  await mkdir(folder)
})
const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content)

describe('loadDonor', () => {
  it('reads a file, and names it by its path', async () => {
    await write('법률.txt', '법원\n')
    const path = join(folder, '법률.txt')
    expect(await loadDonor(path, { spelling: 'pieces' })).toMatchObject({ name: path, format: 'list', pieces: [{}] })
  })

  it('takes tokenizer.json of a folder and says what it left aside', async () => {
    await write('tokenizer.model', smallModel())
    await write('tokenizer.json', JSON.stringify(smallByteLevel()))
    await write('vocab.txt', '법\n')
    const donor = await loadDonor(folder)
    expect(donor).toMatchObject({ name: join(folder, 'tokenizer.json'), format: 'tokenizer-json-bpe' })
    expect(donor.notes.at(-1)).toBe(
      'It was read from tokenizer.json; tokenizer.model, vocab.txt beside it was left aside.',
    )
  })

  it.each([
    ['spm.model', smallModel(), 'sentencepiece-bpe'],
    ['tokenizer.model', smallRanks(), 'tiktoken'],
    ['qwen.tiktoken', smallRanks(), 'tiktoken'],
    ['vocab.txt', '법\n##원\n', 'list'],
  ])('finds %s', async (name, content, format) => {
    await write(name, content)
    await write('config.json', '{}')
    expect((await loadDonor(folder)).format).toBe(format)
  })

  it('does not choose between two', async () => {
    await write('a.model', smallModel())
    await write('b.tiktoken', smallRanks())
    await expect(loadDonor(folder)).rejects.toMatchObject({
      code: 'mismatch',
      message: `${folder}: 2 tokenizers in this folder: a.model, b.tiktoken`,
    })
  })

  it('says what it looked for', async () => {
    await expect(loadDonor(folder)).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('vocab.txt') })
    await expect(loadDonor(join(folder, 'none'))).rejects.toMatchObject({
      code: 'io',
      message: `${join(folder, 'none')}: no such file or folder`,
    })
  })

  it.skipIf(!sharedDir)('takes the folders of the real bases (needs ../shared)', async () => {
    for (const base of sharedTokenizers) {
      const donor = await loadDonor(base.folder)
      expect(donor.pieces.filter(({ kind }) => kind === 'byte').length, base.name).toBe(256)
    }
  })
})
