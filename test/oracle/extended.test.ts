/** Extended tokenizers as their users load them: Python tokenizers, transformers, C++ sentencepiece and tiktoken. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendTokenizer } from '../../src/extend/extend'
import { trainMerges } from '../../src/merges/train-merges'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { loadTokenizer } from '../../src/tokenizer/load'
import { saveTokenizer } from '../../src/tokenizer/save'
import type { Tokenizer } from '../../src/tokenizer/types'
import { wordCounts } from '../extend/words'
import { koreanText, llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'
import { koreanDomains, otherDomains, sharedDir, sharedLines, sharedTokenizers } from '../support/shared'
import { nastyTexts } from '../tokenizer/pipeline/nasty'
import { askPeers, type PeerAnswers, peersPython } from './support/ask-peers'

const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-extended-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const bases: Record<string, () => Promise<Tokenizer>> = {
  'Llama-2 (json)': async () => readTokenizerJson(await llama2Json(), 'tokenizer.json'),
  'Llama-2 (model)': async () => readSentencePiece(llama2Model(), 'tokenizer.model'),
  Mistral: async () => readTokenizerJson(mistralJson(), 'tokenizer.json'),
  'Llama-3': async () => readTokenizerJson(llama3Json(), 'tokenizer.json'),
  ...Object.fromEntries(
    sharedTokenizers.map(({ name, folder }) => [`${name} (../shared)`, () => loadTokenizer(folder)]),
  ),
}

/** Spaces before Hangul, jamo runs, decomposed jamo, mixed scripts. */
const parts = [
  ...[' ', '  ', '   ', '     ', '                 ', '\t', '\n', '\r\n', '\u00a0', '\u3000'],
  ...[
    '안녕',
    '하세요',
    '은',
    '는',
    '이다',
    '습니다',
    '한국어',
    '뷁',
    '가',
    '나',
    'ㅋ',
    'ㅋㅋ',
    'ㅋㅋㅋㅋㅋ',
    'ㅠㅠ',
    'ㅎㅎ',
  ],
  ...[
    '안녕'.normalize('NFD'),
    '\u1112',
    '\u1161\u11ab',
    'LLM',
    '2024',
    '년',
    '漢',
    'カ',
    '😀',
    '.',
    ',',
    '!',
    'the',
    "'s",
  ],
]
function fuzz(count: number): string[] {
  let state = 12_345
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(14) }, () => parts[next(parts.length)]).join(''),
  )
}

/** Texts that hold the name of a special token are for tokenizer.json alone: the formats differ on those. */
const special = /<[s/u|p0]|▁/

describe.skipIf(!peersPython.path).each(Object.keys(bases))(`extended %s (${peersPython.reason})`, (name) => {
  let base: Tokenizer
  let extended: Tokenizer
  let korean: string[]
  let other: string[]
  let strings: string[]
  const answers = {} as Record<'before' | 'after', PeerAnswers>

  beforeAll(async () => {
    base = await bases[name]()
    const interfaceText = await koreanText()
    const shared = sharedDir ? await Promise.all(koreanDomains.map((domain) => sharedLines(domain, 400, 7))) : []
    korean = sharedDir
      ? shared.flat()
      : interfaceText
          .split('\n')
          .filter((_, i) => i % 5 === 0)
          .slice(0, 3000)
    other = sharedDir
      ? (await Promise.all(otherDomains.map((domain) => sharedLines(domain, 500, 11)))).flat()
      : ['The quick brown fox', '  if (a < b) {', '漢字かな交じり文', '中文文本', '\tfoo()', 'naïve café', '1,234.5']
    strings = [...fuzz(runs(5_000, 50_000)), ...nastyTexts(runs(500, 5_000), 3).filter((text) => !special.test(text))]
    const training = sharedDir ? shared.flat().join('\n') : interfaceText
    const learned = trainMerges(base, wordCounts(base, training), { add: 2_000 })
    extended = extendTokenizer(base, learned)
    for (const [when, tokenizer] of [
      ['before', base],
      ['after', extended],
    ] as const) {
      const folder = join(temporary, `${name.replaceAll(/\W+/g, '-')}-${when}`)
      await saveTokenizer(tokenizer, folder)
      answers[when] = await askPeers(folder, base.form, [...korean, ...other, ...strings])
    }
  }, 600_000)

  /** Texts on which a peer and our encoder differ. */
  function differing(when: 'before' | 'after', peer: string): string[] {
    const encoder = createEncoder(when === 'before' ? base : extended)
    const theirs = answers[when].ids[peer]
    return [...korean, ...other, ...strings].filter((text, i) => encode(encoder, text).join() !== theirs[i].join())
  }

  const peers = ['tokenizers', 'transformers', /llama-3/i.test(name) ? 'tiktoken' : 'sentencepiece']
  it.each(peers)('%s gives our ids for every line and string', (peer) => {
    const known = new Set(differing('before', peer))
    const now = differing('after', peer)
    // What the base's own formats do not agree on is no fault of the extension, and is told apart.
    expect(now.filter((text) => !known.has(text))).toEqual([])
    expect([...known], 'the base, before extension').toEqual([])
  })

  it('special ids stay, and the vocabulary has its new size', () => {
    expect(answers.after.size).toBe(extended.pieces.length)
    expect(answers.before.size).toBe(base.pieces.length)
    expect(answers.after.withBos[0]).toBe(answers.before.withBos[0])
    for (const token of base.addedTokens) expect(extended.pieces[token.id]).toBe(token.content)
  })

  it('text without Hangul keeps the ids of the base', () => {
    const [old, now] = [createEncoder(base), createEncoder(extended)]
    const hangul = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]/
    const plain = [...other, ...strings].filter((text) => !hangul.test(text))
    expect(plain.length).toBeGreaterThan(5)
    expect(plain.filter((text) => encode(old, text).join() !== encode(now, text).join())).toEqual([])
  })

  it('its folder is read as what was written', async () => {
    const folder = join(temporary, `${name.replaceAll(/\W+/g, '-')}-after`)
    const again = await loadTokenizer(folder)
    expect(tokenizerHash(again)).toBe(extended.sha256)
  })
})
