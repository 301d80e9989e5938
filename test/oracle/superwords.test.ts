/** Extensions whose pieces go on behind spaces, as their users load them: Python tokenizers, transformers, C++ sentencepiece. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendFromText } from '../../src/extend-from-text'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { loadTokenizer } from '../../src/tokenizer/load'
import { saveTokenizer } from '../../src/tokenizer/save'
import type { Tokenizer } from '../../src/tokenizer/types'
import { koreanText, llama2Model, mistralJson } from '../support/fixtures'
import { koreanDomains, otherDomains, sharedDir, sharedLines, sharedTokenizers } from '../support/shared'
import { askPeers, type PeerAnswers, peersPython } from './support/ask-peers'

const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-superwords-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const wanted = ['llama-2', 'mistral-7b-v0.1', 'yi-6b'] as const
const shared = wanted.map((name) => ({ name, folder: sharedTokenizers.find((one) => one.name === name)?.folder }))
const bases: { name: string; read: (() => Promise<Tokenizer>) | null }[] = [
  { name: 'Llama-2', read: async () => readSentencePiece(llama2Model(), 'tokenizer.model') },
  { name: 'Mistral', read: async () => readTokenizerJson(mistralJson(), 'tokenizer.json') },
  ...shared.map(({ name, folder }) => ({
    name: folder ? `${name} (../shared)` : `${name} (needs ../shared)`,
    read: folder === undefined ? null : () => loadTokenizer(folder),
  })),
]

/** Every way to stand between two words. */
const betweens = [' ', '  ', '   ', '\t', '\n', ' \n', '. ', '? ', ', ', '.', ' a ', ' 1 ', '\u00a0', ' (', '漢', '']

describe.each(bases)(`superwords on $name (${peersPython.reason})`, ({ name, read }) => {
  const skip = !peersPython.path || read === null
  let base: Tokenizer
  let extended: Tokenizer
  let texts: string[]
  let plain: string[]
  let answers: PeerAnswers
  beforeAll(async () => {
    if (skip) return
    base = await read!()
    const lines = (await koreanText()).trimEnd().split('\n')
    const corpus = [join(temporary, 'one.txt'), join(temporary, 'two.txt')]
    writeFileSync(corpus[0], `${lines.filter((_, i) => i % 3 > 0).join('\n')}\n`)
    writeFileSync(corpus[1], `${lines.filter((_, i) => i % 3 === 0).join('\n')}\n`)
    const made = await extendFromText({ base, corpus, add: 600, superwords: 0.4, audit: 'none' })
    extended = made.extended
    const crossing = made.learned.pieces.map(({ piece }) => piece).filter((piece) => /[^▁]▁/.test(piece))
    expect(crossing.length).toBeGreaterThan(15)
    const odd = crossing
      .slice(0, 60)
      .flatMap((piece) => betweens.map((between) => piece.replace(/^▁/, '').replaceAll('▁', between)))
    const domains = sharedDir ? await Promise.all(koreanDomains.map((domain) => sharedLines(domain, 60, 23))) : []
    texts = [...lines, ...odd, ...odd.map((text) => ` ${text}`), ...domains.flat()]
    plain = sharedDir
      ? (await Promise.all(otherDomains.map((domain) => sharedLines(domain, 400, 13)))).flat()
      : [
          'The quick  brown fox.',
          '  if (a < b) {',
          '漢字かな交じり文。',
          '中文 文本',
          '\tfoo()  bar',
          ' naïve café? 1,234.5',
        ]
    const folder = join(temporary, name.replaceAll(/\W+/g, '-'))
    await saveTokenizer(extended, folder)
    answers = await askPeers(folder, base.form, [...texts, ...plain])
  }, 600_000)

  const peers = ['tokenizers', 'transformers', 'sentencepiece']
  it.skipIf(skip).each(peers)('%s gives our ids for every line', (peer) => {
    const theirs = answers.ids[peer]
    const encoder = createEncoder(extended)
    const all = [...texts, ...plain]
    expect(theirs).toHaveLength(all.length)
    expect(all.filter((text, i) => encode(encoder, text).join() !== theirs[i].join())).toEqual([])
  })

  it.skipIf(skip)('uses the pieces that cross spaces', () => {
    const crosses = (id: number) => id >= base.pieces.length && /[^▁]▁/.test(extended.pieces[id])
    const hit = answers.ids.tokenizers.filter((ids) => ids.some(crosses))
    expect(hit.length).toBeGreaterThan(500)
  })

  it.skipIf(skip)('leaves English, code, Japanese and Chinese as they were', () => {
    const before = createEncoder(base)
    const hangul = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]/
    let compared = 0
    plain.forEach((text, i) => {
      if (hangul.test(text)) return
      compared++
      expect(answers.ids.tokenizers[texts.length + i], text).toEqual([...encode(before, text)])
    })
    expect(compared).toBeGreaterThan(5)
  })
})
