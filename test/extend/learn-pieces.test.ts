import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CorpusDomain, expandDomains } from '../../src/corpus/domains'
import { isKoVocabError } from '../../src/errors'
import { type LearnPiecesOptions, learnPieces } from '../../src/extend/learn-pieces'
import { type ExtendFromTextOptions, extendFromText, prepareExtension } from '../../src/extend-from-text'
import type { FinishedExtension } from '../../src/extension-folder'
import { formatMerges, parseMerges } from '../../src/merges/merges-file'
import { scopeNamed } from '../../src/text/scope'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { saveTokenizer } from '../../src/tokenizer/save'
import type { Tokenizer } from '../../src/tokenizer/types'
import { smallByteLevel } from '../merges/small'
import { koreanText, llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { long } from '../support/long'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-learn-'))
afterAll(() => rmSync(folder, { recursive: true }))

const superwords = scopeNamed('hangul+punctuation+superwords')
const words = scopeNamed('hangul+punctuation')

let paths: string[]
let domains: CorpusDomain[]
let llama2: Tokenizer
beforeAll(async () => {
  const lines = (await koreanText()).trimEnd().split('\n')
  paths = [lines.slice(0, 5000), lines.slice(5000, 6000)].map((part, i) => {
    const path = join(folder, `part${i}.txt`)
    writeFileSync(path, `${part.join('\n')}\n`)
    return path
  })
  domains = await expandDomains(paths)
  llama2 = hashed(readTokenizerJson(await llama2Json(), 'tokenizer.json'))
})

const hashed = (tokenizer: Tokenizer): Tokenizer => ({ ...tokenizer, sha256: tokenizerHash(tokenizer) })

async function learn(options: Partial<LearnPiecesOptions>) {
  return learnPieces(llama2, domains, { add: 300, scope: superwords, corpus: paths, ...options })
}

async function failure(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

const crosses = (piece: string) => /[^▁]▁/.test(piece)

describe('learnPieces with superwords', () => {
  it('learns the share within words, as without superwords, and then goes on across spaces', async () => {
    const plain = await learn({ scope: words })
    expect(plain.pieces.some(({ piece }) => crosses(piece))).toBe(false)
    for (const share of [0.2, 0.5, 0.9]) {
      const { pieces } = await learn({ superwords: share })
      const first = Math.round(300 * share)
      expect(pieces).toHaveLength(300)
      expect(pieces.slice(0, first)).toEqual((await learn({ scope: words, add: first })).pieces)
      // What more pieces would have been is the beginning of it.
      expect(pieces.slice(0, first)).toEqual(plain.pieces.slice(0, first))
      const beyond = pieces.slice(first).filter(({ piece }) => crosses(piece))
      expect(beyond.length, `share ${share}`).toBeGreaterThan(5)
    }
  })

  it('with 0 learns all pieces from phrases, with 1 those within words exactly', async () => {
    const none = await learn({ superwords: 0 })
    expect(none.pieces).toHaveLength(300)
    expect(none.pieces.filter(({ piece }) => crosses(piece)).length).toBeGreaterThan(5)
    expect(none.meta).toMatchObject({
      superwords: '0',
      scope: superwords.name,
      base: llama2.sha256,
      balanced: '2 domains',
    })
    const all = await learn({ superwords: 1 })
    expect(all.pieces).toEqual((await learn({ scope: words })).pieces)
    expect(all.meta).toMatchObject({ superwords: '1', scope: superwords.name })
  })

  it('with 1 crosses no space where the words give fewer pieces than are wanted', async () => {
    const path = join(folder, 'short.txt')
    writeFileSync(path, '가나 가나 가나 가나\n'.repeat(50))
    const short = await expandDomains([path])
    const of = async (share: number) =>
      (await learnPieces(llama2, short, { add: 50, scope: superwords, corpus: [path], superwords: share })).pieces
    expect((await of(1)).some(({ piece }) => crosses(piece))).toBe(false)
    expect((await of(0.5)).some(({ piece }) => crosses(piece))).toBe(true)
  })

  it('takes half by default', async () => {
    expect(await learn({})).toEqual(await learn({ superwords: 0.5 }))
  })

  it('takes syllables first, with any share', async () => {
    for (const share of [0, 0.5, 1]) {
      const { pieces, meta } = await learn({ add: 900, superwords: share, syllables: 'seen', minFrequency: 20 })
      expect(meta).toMatchObject({ syllables: 'seen' })
      const syllables = pieces.filter(({ piece }) => /^[가-힣]$/.test(piece))
      expect(syllables.length, `share ${share}`).toBeGreaterThan(200)
      expect(pieces.slice(0, syllables.length)).toEqual(syllables)
    }
  })

  it('ends no piece in a space, and begins none of several', async () => {
    for (const share of [0, 0.5]) {
      for (const { piece } of (await learn({ superwords: share, add: 600 })).pieces) {
        expect(piece).toMatch(/^▁?[^▁]+(▁[^▁]+)*$/)
        expect([...piece].length).toBeLessThanOrEqual(16)
      }
    }
    const short = await learn({ superwords: 0, maxPieceLength: 4 })
    expect(short.pieces.some(({ piece }) => crosses(piece))).toBe(true)
    for (const { piece } of short.pieces) expect([...piece].length).toBeLessThanOrEqual(4)
  })

  it('makes each piece of the base and those before it, and its count falls', async () => {
    const { pieces } = await learn({})
    const there = new Set(llama2.pieces)
    for (const { piece, left, right, count } of pieces) {
      expect(there.has(piece), piece).toBe(false)
      if (left !== null) {
        expect(`${left}${right}`).toBe(piece)
        expect(there.has(left) && there.has(right!), piece).toBe(true)
      }
      expect(count).toBeGreaterThanOrEqual(2)
      there.add(piece)
    }
    const merged = pieces.slice(150).filter(({ left }) => left !== null)
    for (let i = 1; i < merged.length; i++) expect(merged[i].count).toBeLessThanOrEqual(merged[i - 1].count)
  })

  it('gives the same for the same, whatever the threads', async () => {
    const once = await learn({ threads: 1 })
    expect(await learn({ threads: 2 })).toEqual(once)
    expect(formatMerges(once)).toBe(formatMerges(await learn({})))
    expect(parseMerges(formatMerges(once), 'merges.txt')).toEqual(once)
  })

  it('weighs domains, or does not', async () => {
    const balanced = await learn({})
    const plain = await learn({ balance: 'none' })
    expect(balanced.meta.balanced).toBe('2 domains')
    expect(plain.meta.balanced).toBeUndefined()
    expect(plain.pieces).not.toEqual(balanced.pieces)
    // The files of one domain, or not weighed: the same text.
    const one = await expandDomains(paths.map((path) => `all=${path}`))
    expect((await learnPieces(llama2, one, { add: 300, scope: superwords, corpus: paths })).pieces).toEqual(
      plain.pieces,
    )
  })

  it('spells no user-defined symbol', async () => {
    const free = (await learn({ superwords: 0 })).pieces.map(({ piece }) => piece)
    const taken = [free.find(crosses)!, free.find((piece) => !crosses(piece) && [...piece].length > 2)!]
    for (const share of [0, 0.5]) {
      const { pieces } = await learn({ superwords: share, userDefinedSymbols: taken })
      for (const { piece } of pieces) expect(taken).not.toContain(piece)
    }
  })

  it('tells how far it is, over both parts', async () => {
    const told: [string, number, number][] = []
    await learn({ onProgress: (stage, done, total) => told.push([stage, done, total]) })
    const training = told.filter(([stage]) => stage === 'train')
    expect(training.every(([, done, total]) => total === 300 && done <= 300)).toBe(true)
    const done = training.map(([, at]) => at)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(done[done.length - 1]).toBe(300)
  })

  it('refuses shares out of range, counts, streams, and bases whose encoder stops at spaces', async () => {
    for (const share of [-0.1, 1.5, Number.NaN]) {
      expect(await failure(() => learn({ superwords: share }))).toBe(`bad-option: superwords is ${share}`)
    }
    const none = () => learnPieces(llama2, [], { add: 9, scope: superwords, counts: 'counts.parquet' })
    expect(await failure(none)).toMatch(/^bad-option: superwords are learned from running text/)
    const stream = await expandDomains(['-'])
    const piped = () => learnPieces(llama2, stream, { add: 9, scope: superwords, corpus: ['-'] })
    expect(await failure(piped)).toMatch(/^bad-option: superwords are learned from running text/)
    const bytes = hashed(smallByteLevel([]))
    const byteLevel = () => learnPieces(bytes, domains, { add: 9, scope: superwords, corpus: paths })
    expect(await failure(byteLevel)).toMatch(/^unsupported: .*splits text at spaces/)
  })
})

describe('extendFromText with superwords', () => {
  const baseFile = async (): Promise<string> => {
    const path = join(folder, 'llama-2.json')
    writeFileSync(path, await llama2Json())
    return path
  }
  const extend = async (options: Partial<ExtendFromTextOptions>) =>
    extendFromText({ base: await baseFile(), corpus: paths, add: 60, superwords: 0.5, audit: 'none', ...options })

  it('refuses what does not fit before any work', async () => {
    const { corpus: _, ...rest } = { corpus: paths, base: await baseFile(), add: 60, superwords: 0.5 }
    expect(await failure(() => extendFromText({ ...rest, counts: join(folder, 'none.parquet') }))).toMatch(
      /^bad-option: superwords are learned from running text/,
    )
    const llama3 = join(folder, 'llama-3.json')
    writeFileSync(llama3, llama3Json())
    expect(await failure(() => extend({ base: llama3 }))).toMatch(/^unsupported: .*splits text at spaces/)
    expect(await failure(() => extend({ superwords: 2 }))).toMatch(/^bad-option: superwords is 2/)
    expect(await failure(() => extend({ scope: 'hangul+hanja' }))).toMatch(
      /^bad-option: .*"hangul\+hanja" has no superw/,
    )
    expect(await failure(() => extend({ base: undefined, form: 'sentencepiece' }))).toMatch(/^bad-option: .*"all"/)
  })

  it('refuses them when it looks into the options, before any word is counted', async () => {
    const bytes = join(folder, 'bytes')
    await saveTokenizer(smallByteLevel([]), bytes)
    const prepare = (options: Partial<ExtendFromTextOptions>) =>
      prepareExtension({ base: bytes, corpus: paths, add: 60, superwords: 0.5, ...options })
    expect(await failure(() => prepare({}))).toMatch(/^unsupported: .*splits text at spaces/)
    expect(await failure(() => prepare({ superwords: undefined }))).toBe('no error')
    const base = await baseFile()
    expect(await failure(() => prepare({ base, corpus: ['-'] }))).toMatch(/^bad-option: .*read again/)
    expect(await failure(() => prepare({ base, superwords: 3 }))).toBe('bad-option: superwords is 3')
    expect(await failure(() => prepare({ base }))).toBe('no error')
  })

  it('takes the learned merges again, and says when they are of another scope', async () => {
    const { learned, files } = await extend({})
    const merges = parseMerges(formatMerges(learned), 'merges.txt')
    const again = await extend({ corpus: undefined, merges, add: undefined })
    expect(again.files.get('tokenizer.json')).toBe(files.get('tokenizer.json'))
    expect(await failure(() => extend({ corpus: undefined, merges, add: undefined, superwords: undefined }))).toMatch(
      /^mismatch: the merges were made with the scope hangul\+punctuation\+superwords/,
    )
  })

  it('goes on from an extension with superwords', async () => {
    const first = await extend({ add: 300 })
    const base = join(folder, 'first.json')
    writeFileSync(base, first.files.get('tokenizer.json')!)
    const second = await extend({ base, add: 100, audit: 'quick' })
    expect(second.audit!.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(second.extended.pieces.slice(0, 32_300)).toEqual(first.extended.pieces)
    expect(second.learned.pieces.filter(({ piece }) => crosses(piece)).length).toBeGreaterThan(2)
  }, 300_000)
})

describe.each([
  {
    name: 'Llama-2',
    // A full audit takes minutes under the test runner.
    level: long ? 'full' : 'quick',
    symbols: ['<|ko|>'],
    read: () => readSentencePiece(llama2Model(), 'tokenizer.model'),
  },
  {
    name: 'Mistral',
    level: long ? 'full' : 'quick',
    // With one there would be no .model: SentencePiece and Hugging Face differ on what follows it.
    symbols: [],
    read: () => readTokenizerJson(mistralJson(), 'tokenizer.json'),
  },
] as const)('$name with 1,000 pieces, half of them superwords', ({ level, symbols, read }) => {
  let made: FinishedExtension
  let encodeNow: (text: string) => string[]
  beforeAll(async () => {
    const base = read()
    const unchanged = join(folder, 'en.txt')
    writeFileSync(unchanged, 'The quick  brown fox.\n  if (a < b) {\n漢字かな交じり文。\n中文 文本\n')
    made = await extendFromText({
      base,
      corpus: paths,
      add: 1000,
      superwords: 0.5,
      padToMultiple: 64,
      userDefinedSymbols: symbols,
      unchanged: [unchanged],
      audit: level,
    })
    const encoder = createEncoder(made.extended)
    encodeNow = (text) => [...encode(encoder, text)].map((id) => made.extended.pieces[id])
  })

  it('passes the audit, read by every library', () => {
    const { audit } = made
    expect(audit!.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(audit).toMatchObject({ passed: true, level, scope: superwords.name })
    for (const referee of ['huggingface', 'sentencepiece']) {
      expect(audit!.checks.find(({ id }) => id === `7-agree-${referee}`)?.counted, referee).toBeGreaterThan(500)
    }
  })

  it('really crosses spaces, and not two of them', () => {
    const crossing = made.learned.pieces.filter(({ piece }) => crosses(piece))
    expect(crossing.length).toBeGreaterThan(50)
    for (const { piece } of crossing.slice(0, 50)) {
      const text = piece.replaceAll('▁', ' ').trimStart()
      if (piece.startsWith('▁')) expect(encodeNow(text)).toEqual([piece])
      expect(encodeNow(text.replaceAll(' ', '  ')).some(crosses)).toBe(false)
      expect(encodeNow(text.replaceAll(' ', '\n')).some(crosses)).toBe(false)
    }
  })

  it('says in extension.json what it is', () => {
    const record = JSON.parse(String(made.files.get('extension.json')))
    expect(record).toMatchObject({
      scope: superwords.name,
      new_ids: { count: 1000 + symbols.length },
      learned_with: { scope: superwords.name, superwords: '0.5', balanced: '2 domains', add: '1000' },
    })
    expect(String(made.files.get('merges.txt'))).toContain(superwords.name)
  })
})
