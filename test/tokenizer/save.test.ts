import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { loadTokenizer } from '../../src/tokenizer/load'
import { saveTokenizer } from '../../src/tokenizer/save'
import { llama2Json, llama3Json, mistralJson } from '../support/fixtures'
import { addedToken, smallByteLevel, smallModel } from './files/small'

const root = await mkdtemp(join(tmpdir(), 'ko-vocab-save-'))
afterAll(() => rm(root, { recursive: true }))

let parent = ''
let target = ''
let count = 0
beforeEach(async () => {
  parent = join(root, String(count++))
  await mkdir(parent)
  target = join(parent, 'out')
})

const small = (sidecars = {}) => readSentencePiece(smallModel(), 'tokenizer.model', sidecars)
const byteLevel = (change = {}) => readTokenizerJson(JSON.stringify(smallByteLevel(change)), 'tokenizer.json')

describe('which files are written', () => {
  it('tokenizer.json beside a .model, with a config that takes it as it stands', async () => {
    const { files, notes } = await saveTokenizer(small(), target)
    expect(files).toEqual(['tokenizer.json', 'tokenizer.model', 'tokenizer_config.json'])
    expect(notes).toEqual([])
    expect(await readdir(target)).toEqual(files)
    expect(JSON.parse(await readFile(join(target, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: '<s>',
      unk_token: '<unk>',
    })
    expect(tokenizerHash(await loadTokenizer(target))).toBe(tokenizerHash(small()))
  })

  it('a .model from Llama-2 and Mistral tokenizer.json, with the same merges', async () => {
    for (const text of [await llama2Json(), mistralJson()]) {
      const json = readTokenizerJson(text, 'tokenizer.json')
      const { files } = await saveTokenizer(json, target, { force: true })
      expect(files).toContain('tokenizer.model')
      const model = readSentencePiece(await readFile(join(target, 'tokenizer.model')), 'tokenizer.model')
      expect(tokenizerHash(model)).toBe(tokenizerHash(json))
    }
  })

  it('a rank file and its companion from Llama-3 tokenizer.json', async () => {
    const json = readTokenizerJson(llama3Json(), 'tokenizer.json')
    const { files } = await saveTokenizer(json, target)
    expect(files).toContain('tokenizer.tiktoken')
    expect(files).toContain('tokenizer.tiktoken.special.json')
    await rm(join(target, 'tokenizer.json'))
    expect(tokenizerHash(await loadTokenizer(target))).toBe(tokenizerHash(json))
  })

  it('sidecars as they were, but for a class that would not take the derived tokenizer.json', async () => {
    const sidecars = {
      'special_tokens_map.json': '{ "bos_token":"<s>" }',
      'tokenizer_config.json': '{"tokenizer_class": "LlamaTokenizer", "legacy": true}',
    }
    const { notes } = await saveTokenizer(small(sidecars), target)
    expect(await readFile(join(target, 'special_tokens_map.json'), 'utf8')).toBe(sidecars['special_tokens_map.json'])
    const config = JSON.parse(await readFile(join(target, 'tokenizer_config.json'), 'utf8'))
    expect(config).toEqual({ tokenizer_class: 'PreTrainedTokenizerFast', legacy: true })
    expect(notes).toEqual([expect.stringContaining('instead of LlamaTokenizer')])

    const withJson = await loadTokenizer(target)
    withJson.sources.sidecars = sidecars
    await saveTokenizer(withJson, target, { force: true })
    expect(await readFile(join(target, 'tokenizer_config.json'), 'utf8')).toBe(sidecars['tokenizer_config.json'])
  })

  it.each<[string, object, RegExp]>([
    [
      'a normalizer',
      { document: { normalizer: { type: 'NFC' } } },
      /rank file|tokenizer\.tiktoken is not written: .*NFC/,
    ],
    [
      'a missing split',
      { model: { merges: ['a b'] } },
      /tokenizer\.tiktoken is not written: tiktoken would merge "Ġ ab"/,
    ],
    [
      'a stripping added token',
      { document: { added_tokens: [addedToken(5, '<x>', { rstrip: true })] } },
      /tokenizer\.tiktoken is not written: .*rstrip/,
    ],
  ])('no rank file, and a note, for %s', async (_name, change, note) => {
    const { files, notes } = await saveTokenizer(byteLevel(change), target)
    expect(files).toEqual(['tokenizer.json', 'tokenizer_config.json'])
    expect(notes).toEqual([expect.stringMatching(note)])
  })

  it('no .model, and a note, when the merges do not follow from any scores', async () => {
    const json = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const without = (at: number) => ({
      left: json.merges.left.filter((_, rank) => rank !== at),
      right: json.merges.right.filter((_, rank) => rank !== at),
      result: json.merges.result.filter((_, rank) => rank !== at),
    })
    const cases: [typeof json, RegExp][] = [
      [{ ...json, merges: without(18) }, /tokenizer\.model is not written: merge 18 is/],
      [{ ...json, normalizer: { type: 'NFC' } }, /its normalizer is not/],
      [{ ...json, preTokenizer: { type: 'Digits' } }, /it has a Digits pre-tokenizer/],
    ]
    for (const [tokenizer, note] of cases) {
      const { files, notes } = await saveTokenizer(tokenizer, target, { force: true })
      expect(files).not.toContain('tokenizer.model')
      expect(notes).toEqual([expect.stringMatching(note)])
    }
  })
})

describe('whole or not at all', () => {
  it('does not touch a folder that is not empty, unless forced; an empty one is taken', async () => {
    await mkdir(target)
    await saveTokenizer(small(), target)
    await writeFile(join(target, 'mine.txt'), 'mine')
    await expect(saveTokenizer(small(), target)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/exists and is not an empty folder/),
    })
    expect(await readdir(target)).toContain('mine.txt')
    await saveTokenizer(small(), target, { force: true })
    expect(await readdir(target)).not.toContain('mine.txt')
    expect(await readdir(parent)).toEqual(['out'])
  })

  it('does not take a file for a folder', async () => {
    await writeFile(target, 'mine')
    await expect(saveTokenizer(small(), target, { force: true })).rejects.toThrow(/is a file/)
    expect(await readFile(target, 'utf8')).toBe('mine')
  })

  it('leaves nothing behind, and the old folder as it was, when writing fails', async () => {
    await saveTokenizer(small(), target)
    const before = await readdir(target)
    const extraFiles = { 'no/such/folder.json': '{}' }
    await expect(saveTokenizer(small(), target, { force: true, extraFiles })).rejects.toMatchObject({ code: 'io' })
    await expect(saveTokenizer(small(), join(parent, 'new'), { extraFiles })).rejects.toMatchObject({ code: 'io' })
    expect(await readdir(parent)).toEqual(['out'])
    expect(await readdir(target)).toEqual(before)
  })

  it('killed at any moment, the target is absent or whole', { timeout: 120_000 }, async () => {
    const child = await bundledSaver()
    const { files } = await saveTokenizer(small(), join(parent, 'whole'))
    let written = 0
    for (let i = 0; i < 12; i++) {
      const out = join(parent, `killed-${i}`)
      await killedAfter(child, out, i * i * 0.7)
      const found = await readdir(out).catch(() => null)
      if (!found) continue
      written++
      expect(found).toEqual(files)
      for (const name of files) {
        expect(await readFile(join(out, name)), name).toEqual(await readFile(join(parent, 'whole', name)))
      }
    }
    // Kills that all came too early or too late would show nothing.
    expect(written).toBeGreaterThan(0)
    expect(written).toBeLessThan(12)
  })
})

/** A script `node saver.js <model> <folder>` out of the sources, which says `ready` before it saves. */
async function bundledSaver(): Promise<string> {
  const source = (name: string) =>
    JSON.stringify(fileURLToPath(new URL(`../../src/tokenizer/${name}`, import.meta.url)))
  const code = `
    import { loadTokenizer } from ${source('load')}
    import { saveTokenizer } from ${source('save')}
    const tokenizer = await loadTokenizer(process.argv[2])
    process.stdout.write('ready')
    await saveTokenizer(tokenizer, process.argv[3])
    setTimeout(() => {}, 60_000)
  `
  await writeFile(join(parent, 'saver.ts'), code)
  await build({
    entry: [join(parent, 'saver.ts')],
    outDir: join(parent, 'bundle'),
    config: false,
    silent: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    noExternal: [/./],
    outExtension: () => ({ js: '.mjs' }),
  })
  return join(parent, 'bundle', 'saver.mjs')
}

/** Runs the script and kills it with SIGKILL `delay` ms after it began to save. */
async function killedAfter(script: string, out: string, delay: number): Promise<void> {
  await writeFile(`${out}.model`, smallModel())
  const child = spawn(process.execPath, [script, `${out}.model`, out], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.on('close', () => reject(new Error(`the child ended by itself:\n${errors}`)))
    child.stdout.once('data', () => setTimeout(resolve, delay))
  })
  child.kill('SIGKILL')
  await closed
}
