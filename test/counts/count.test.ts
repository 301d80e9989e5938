import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CorpusFile, expandInputs } from '../../src/corpus/files'
import { countUnordered, countWords } from '../../src/counts/count'
import { isOrdered } from '../../src/counts/order'
import type { WordCounts } from '../../src/counts/types'
import { isKoVocabError } from '../../src/errors'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../src/tokenizer/types'
import { koreanText, llama2Json } from '../support/fixtures'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-count-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function filesOf(name: string, content: string | Uint8Array): Promise<CorpusFile[]> {
  const path = join(folder, name)
  writeFileSync(path, content)
  return expandInputs([path])
}

function mapOf({ bytes, offsets, counts }: WordCounts): Map<string, number> {
  const decoder = new TextDecoder()
  return new Map(Array.from(counts, (count, i) => [decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])), count]))
}

async function failure(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    if (isKoVocabError(error)) return error.code
    throw error
  }
  return 'no error'
}

const zstd = (zlib as { zstdCompressSync?: (data: Uint8Array) => Uint8Array }).zstdCompressSync

describe('countWords', () => {
  let base: Tokenizer
  let text: string
  let plain: CorpusFile[]
  let expected: WordCounts
  beforeAll(async () => {
    base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    text = await koreanText()
    plain = await filesOf('plain.txt', text)
    expected = await countWords(plain, { base })
  })

  it('gives words in order, each once, with what they were counted by', () => {
    expect(isOrdered(expected)).toBe(true)
    expect(expected.counts.length).toBeGreaterThan(5_000)
    expect(Object.keys(expected.meta).sort()).toEqual(
      ['base', 'normalize', 'pre_tokenizer', 'scope'].map((key) => `ko_vocab.${key}`),
    )
  })

  it('gives the same from gzip', async () => {
    const bytes = new TextEncoder().encode(text)
    expect(await countWords(await filesOf('text.gz', zlib.gzipSync(bytes)), { base })).toEqual(expected)
  })

  it.skipIf(!zstd)('gives the same from zstd (needs zstd in node:zlib to compress)', async () => {
    const bytes = new TextEncoder().encode(text)
    expect(await countWords(await filesOf('text.zst', zstd!(bytes)), { base })).toEqual(expected)
  })

  it('adds files up, empty ones included', async () => {
    const empty = await filesOf('empty.txt', '')
    const twice = await countWords([...plain, ...empty, ...plain], { base })
    expect(twice.bytes).toEqual(expected.bytes)
    expect([...twice.counts]).toEqual(Array.from(expected.counts, (count) => 2 * count))
    expect((await countWords(empty, { base })).counts).toHaveLength(0)
    expect((await countWords([], { base })).counts).toHaveLength(0)
  })

  it('composes words when asked, adding up those that become equal', async () => {
    const files = await filesOf('nfd.txt', `안녕 ${'안녕'.normalize('NFD')} 안${'녕'.normalize('NFD')}\n`)
    const kept = mapOf(await countUnordered(files, { base }))
    expect(kept.size).toBe(3)
    expect(mapOf(await countWords(files, { base, normalize: 'nfc' }))).toEqual(new Map([[' 안녕', 3]]))
  })

  it('tells how far it is', async () => {
    const told: [number, number][] = []
    await countWords([...plain, ...plain], { base, onProgress: (done, total) => told.push([done, total]) })
    const total = 2 * plain[0].size
    expect(told[told.length - 1]).toEqual([total, total])
    expect(told.every(([done], i) => i === 0 || done >= told[i - 1][0])).toBe(true)
  })

  it('stops when told to', async () => {
    expect(await failure(countWords(plain, { base, signal: AbortSignal.abort() }))).toBe('aborted')
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    expect(await failure(countWords([...plain, ...plain], { base, onProgress, signal: controller.signal }))).toBe(
      'aborted',
    )
  })

  it('refuses options that contradict each other', async () => {
    expect(await failure(countWords(plain, {}))).toBe('bad-option')
    expect(await failure(countWords(plain, { base, form: 'sentencepiece' }))).toBe('bad-option')
    const composing: Tokenizer = { ...base, normalizer: { type: 'NFC' } }
    expect(await failure(countWords(plain, { base: composing, normalize: 'none' }))).toBe('bad-option')
    expect(await failure(countWords([{ path: join(folder, 'no'), size: 1, compression: 'none' }], { base }))).toBe('io')
  })

  it('counts without a base, in both forms', async () => {
    const files = await filesOf('mixed.txt', 'LLM은 2024년\nLLM은\n')
    expect(mapOf(await countWords(files, { form: 'sentencepiece' }))).toEqual(
      new Map([
        [' LLM', 2],
        ['은', 2],
        [' 2024', 1],
        ['년', 1],
      ]),
    )
    expect(mapOf(await countWords(files, { form: 'byte-level' }))).toEqual(
      new Map([
        ['LLM은', 2],
        [' ', 1],
        ['202', 1],
        ['4', 1],
        ['년', 1],
      ]),
    )
  })
})
