import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { applyInitMapToCheckpoint } from '../../src/checkpoint/apply'
import { cardLicence, findLicence } from '../../src/checkpoint/licences'
import { formatModelCard, type ModelCardFacts } from '../../src/checkpoint/model-card'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { loadTokenizer } from '../../src/tokenizer/load'
import { llama2Json, llama3Json, mistralJson } from '../support/fixtures'
import { sharedTokenizers } from '../support/shared'
import { layOut } from './model'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-card-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const frontMatter = (card: string) => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)![1]) as Record<string, unknown>

const facts: ModelCardFacts = {
  name: 'Llama-2-7b-ko',
  baseModel: 'meta-llama/Llama-2-7b-hf',
  licence: findLicence({ baseModel: 'meta-llama/Llama-2-7b-hf', baseSha256: '' }),
  plan: {
    rows: 32_512,
    runs: [
      { kind: 'base', first: 0, count: 32_000 },
      { kind: 'new', first: 32_000, count: 500 },
      { kind: 'padding', first: 32_500, count: 12 },
    ],
  },
  inputMethod: 'mean',
  outputMethod: 'first',
  tied: false,
  baseSha256: 'a'.repeat(64),
  extendedSha256: 'b'.repeat(64),
  dataSources: ['Korean Wikipedia, CC BY-SA 4.0'],
  efficiency: {
    text: '2,000 lines of held-out.txt',
    before: { tokensPerSyllable: 2.163, tokensPerWord: 6.4, bytesPerToken: 1.6 },
    after: { tokensPerSyllable: 0.9, tokensPerWord: 2.7, bytesPerToken: 3.9 },
  },
  baseReadme: 'README.base.md',
  version: '0.1.0',
}

describe('formatModelCard', () => {
  it('is a card as the Hub reads them', () => {
    expect(formatModelCard(facts)).toMatchInlineSnapshot(`
      "---
      language:
      - ko
      - en
      license: llama2
      base_model: "meta-llama/Llama-2-7b-hf"
      library_name: transformers
      pipeline_tag: text-generation
      tags:
      - korean
      - vocabulary-extension
      - ko-vocab
      ---

      # Llama-2-7b-ko

      Llama-2-7b-ko is \`meta-llama/Llama-2-7b-hf\` with 500 more pieces in its vocabulary, for Korean. Every id of the base
      keeps its string and its rows. **The new rows are initialized, not trained**: train them before use, with the rest
      frozen at first if you like. Made with ko-vocab 0.1.0.

      \`\`\`python
      from transformers import AutoModelForCausalLM, AutoTokenizer

      tokenizer = AutoTokenizer.from_pretrained("<this folder>")
      model = AutoModelForCausalLM.from_pretrained("<this folder>")
      \`\`\`

      ## Vocabulary

      | rows | number | |
      | --- | ---: | --- |
      | base | 32,000 | as they were |
      | new | 500 | made of base rows: input mean, output first |
      | padding | 12 | the mean of the base rows; mask them |
      | all | 32,512 | \`vocab_size\` |

      \`rows.json\` has the ids of each. Base tokenizer
      \`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\`, extended tokenizer
      \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` (ko-vocab's hash, the same for every file format).

      ## Token efficiency

      On 2,000 lines of held-out.txt:

      | | base | extended |
      | --- | ---: | ---: |
      | tokens a Hangul syllable | 2.163 | 0.900 |
      | tokens a word (eojeol) | 6.400 | 2.700 |
      | bytes a token | 1.600 | 3.900 |

      ## Data

      - Korean Wikipedia, CC BY-SA 4.0

      ## Licence of the base

      Llama 2 Community License, as the name of the base tells. Whoever passes this model on:

      - Pass a copy of the Llama 2 Community License Agreement on with the model.
      - Keep a text file "Notice" with: Llama 2 is licensed under the LLAMA 2 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.
      - Keep to the Llama 2 Acceptable Use Policy.
      - Do not use the model or its output to improve another large language model, Llama 2 and its derivatives apart.
      - Whoever had more than 700 million monthly active users when the base was released needs a licence from Meta.

      This list is a reminder; the licence's own text decides.

      The card of meta-llama/Llama-2-7b-hf is kept in [README.base.md](README.base.md).
      "
    `)
    expect(frontMatter(formatModelCard(facts))).toEqual({
      language: ['ko', 'en'],
      license: 'llama2',
      base_model: 'meta-llama/Llama-2-7b-hf',
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      tags: ['korean', 'vocabulary-extension', 'ko-vocab'],
    })
  })

  it('somebody else’s texts stay texts', () => {
    const evil = '"\n---\nlicense: mit\n---\n<script>alert(1)</script> [x](javascript:y) `|'
    const card = formatModelCard({
      ...facts,
      name: evil,
      baseModel: evil,
      licence: findLicence({ card: { license: evil }, baseSha256: '' }),
      dataSources: [evil],
      efficiency: { ...facts.efficiency!, text: evil },
    })
    const { license, license_name, base_model, ...others } = frontMatter(card)
    expect(license).toBe('other')
    expect([license_name, base_model].every((value) => typeof value === 'string')).toBe(true)
    expect(Object.keys(others).sort()).toEqual(['language', 'library_name', 'pipeline_tag', 'tags'])
    expect(card).not.toMatch(/<script|\]\(javascript/)
    expect(card.match(/^---$/gm)).toHaveLength(2)
  })

  it('a vocabulary alone names no licence in the front matter, and no name rule', () => {
    const licence = findLicence({ baseSha256: tokenizerHash(readTokenizerJson(llama3Json(), 'x')) })
    expect(licence).toMatchObject({ evidence: 'vocabulary', licence: { id: 'llama3' } })
    const card = formatModelCard({ ...facts, licence })
    expect(frontMatter(card)).not.toHaveProperty('license')
    expect(card).not.toContain('**Built with')
    expect(card).toContain('if the base is of the family whose vocabulary it has')
  })

  it('Llama 3 is built with Meta Llama 3', () => {
    const card = formatModelCard({ ...facts, licence: findLicence({ given: 'llama3', baseSha256: '' }) })
    expect(card).toContain('\n**Built with Meta Llama 3**\n')
    expect(frontMatter(card).license).toBe('llama3')
  })
})

describe('findLicence', () => {
  it.each([
    ['meta-llama/Llama-2-7b-hf', 'llama2'],
    ['Llama-2-13b', 'llama2'],
    ['meta-llama/Meta-Llama-3-8B', 'llama3'],
    ['meta-llama/Llama-3.1-8B', 'llama3.1'],
    ['meta-llama/Llama-3.2-1B', 'llama3.2'],
    ['meta-llama/Llama-3.3-70B-Instruct', 'llama3.3'],
    ['mistralai/Mistral-7B-v0.1', 'apache-2.0'],
    ['upstage/SOLAR-10.7B-v1.0', 'apache-2.0'],
    ['01-ai/Yi-6B', 'yi-license'],
    ['upstage/SOLAR-10.7B-Instruct-v1.0', undefined],
    ['owner/Llama-22B', undefined],
    ['somebody/else', undefined],
  ])('%s: %s', (baseModel, id) => {
    expect(findLicence({ baseModel, baseSha256: '' })?.licence.id).toBe(id)
  })

  it('what is given goes before the card, the card before the name, the name before the vocabulary', () => {
    const clues = { given: 'mit', card: { license: 'llama2' }, baseModel: 'meta-llama/Meta-Llama-3-8B', baseSha256: '' }
    expect(findLicence(clues)).toMatchObject({ evidence: 'given', licence: { id: 'mit' } })
    expect(findLicence({ ...clues, given: undefined })).toMatchObject({ evidence: 'card', licence: { id: 'llama2' } })
    const named = { ...clues, given: undefined, card: {} }
    expect(findLicence(named)).toMatchObject({ evidence: 'name', licence: { id: 'llama3' } })
    expect(findLicence({ card: { license: 'other', licenseName: 'yi-license' }, baseSha256: '' })?.licence.id).toBe(
      'yi-license',
    )
    expect(findLicence({ baseSha256: '' })).toBeNull()
  })

  it('knows the published vocabularies by hash', async () => {
    const idOf = (baseSha256: string) => findLicence({ baseSha256 })?.licence.id
    expect(idOf(tokenizerHash(readTokenizerJson(await llama2Json(), 'x')))).toBe('llama2')
    expect(idOf(tokenizerHash(readTokenizerJson(mistralJson(), 'x')))).toBe('apache-2.0')
  })

  const yi = sharedTokenizers.find(({ name }) => name === 'yi-6b')
  it.skipIf(!yi)("knows Yi's vocabulary (needs ../shared)", async () => {
    expect(findLicence({ baseSha256: tokenizerHash(await loadTokenizer(yi!.folder)) })?.licence.id).toBe('yi-license')
  })
})

describe('cardLicence', () => {
  it.each([
    ['---\nlicense: llama3\n---\n# x', { license: 'llama3' }],
    ['---\r\ntags:\r\n- a\r\nlicense: "apache-2.0"\r\n---\r\n', { license: 'apache-2.0' }],
    [
      "---\nlicense: other\nlicense_name: 'yi-license'\nlicense_link: LICENSE\n---",
      { license: 'other', licenseName: 'yi-license' },
    ],
    ['# no front matter\nlicense: mit', {}],
    ['---\nlicense: [a, b]\n---', {}],
    ['', {}],
  ])('%j', (readme, found) => {
    expect(cardLicence(readme)).toEqual({ license: undefined, licenseName: undefined, ...found })
  })

  it('is quick on a file made to be slow', () => {
    const start = performance.now()
    cardLicence(`---\n${'license: '.repeat(500_000)}`)
    cardLicence(`---\n${' \n'.repeat(1_000_000)}`)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('files beside the weights', () => {
  it("replaces what holds the base's vocabulary, keeps the base's card and small files, leaves other weights", async () => {
    const { checkpoint, ...laid } = await layOut(folder)
    const put = (name: string, text = name) => writeFileSync(join(checkpoint, name), text)
    for (const name of ['vocab.json', 'merges.txt', 'tekken.json', 'params.json', 'old.tiktoken']) put(name)
    for (const name of [
      'pytorch_model.bin',
      'consolidated.00.pth',
      'model.gguf',
      'flax_model.msgpack',
      'pytorch_model.bin.index.json',
    ])
      put(name)
    for (const name of ['LICENSE.txt', 'USE_POLICY.md', 'modeling_custom.py', 'chat_template.jinja', '.gitattributes'])
      put(name)
    put('README.md', '---\nlicense: llama3\n---\n# Base')
    put('README.base.md', '# Base of the base')
    put('rows.json', 'old')
    mkdirSync(join(checkpoint, 'original'))
    writeFileSync(join(laid.tokenizer, 'merges.txt'), 'learned')
    writeFileSync(join(laid.tokenizer, 'audit.json'), '{}')
    writeFileSync(join(laid.tokenizer, 'extension.json'), '{"a": 1}')
    writeFileSync(join(laid.tokenizer, 'tokenizer_config.json'), '{"b": 2}')
    writeFileSync(join(checkpoint, 'tokenizer_config.json'), '{"b": 1}')
    const result = await applyInitMapToCheckpoint({ ...laid, checkpoint })
    expect(readdirSync(laid.out).sort()).toEqual([
      ...['LICENSE.txt', 'README.base.2.md', 'README.base.md', 'README.md', 'USE_POLICY.md', 'chat_template.jinja'],
      ...['config.json', 'extension.json', 'generation_config.json', 'model.safetensors', 'modeling_custom.py'],
      ...['rows.json', 'run.json', 'tokenizer.json', 'tokenizer.model', 'tokenizer_config.json'],
    ])
    expect(read(laid.out, 'tokenizer_config.json')).toBe('{"b": 2}')
    expect(read(laid.out, 'README.base.2.md')).toContain('# Base')
    expect(read(laid.out, 'README.base.md')).toBe('# Base of the base')
    expect(read(laid.out, 'tokenizer.json')).toBe(read(laid.tokenizer, 'tokenizer.json'))
    const notes = result.notes.join('\n')
    for (const name of ['vocab.json', 'merges.txt', 'tekken.json', 'pytorch_model.bin', 'model.gguf', 'original']) {
      expect(notes).toContain(name)
    }
    expect(notes).toContain('the name of a distributed model must begin with "Llama 3", out does not')
    expect(result.licence).toMatchObject({ evidence: 'card', licence: { id: 'llama3' } })
    expect(read(laid.out, 'README.md')).toContain('**Built with Meta Llama 3**')
    expect(read(laid.out, 'README.md')).toContain('[README.base.2.md](README.base.2.md)')
  })

  it('a tokenizer.model of the base does not outlive an extension without one', async () => {
    const laid = await layOut(folder)
    rmSync(join(laid.tokenizer, 'tokenizer.model'))
    const { notes } = await applyInitMapToCheckpoint(laid)
    expect(readdirSync(laid.out)).not.toContain('tokenizer.model')
    expect(notes.join()).toContain('tokenizer.model was left out: it holds the vocabulary of the base')
  })

  it('takes names, licence and sources that are given', async () => {
    const laid = await layOut(folder, { config: { _name_or_path: 'owner/base' } })
    const { notes } = await applyInitMapToCheckpoint({
      ...laid,
      modelName: 'Llama-3-Mine',
      licence: 'llama3',
      dataSources: ['a corpus'],
    })
    const card = read(laid.out, 'README.md')
    expect(card).toContain('# Llama-3-Mine\n')
    expect(card).toContain('## Data\n\n- a corpus')
    expect(frontMatter(card)).toMatchObject({ base_model: 'owner/base', license: 'llama3' })
    expect(notes.join()).not.toContain('must begin')
    const run = JSON.parse(read(laid.out, 'run.json'))
    expect(run).toMatchObject({ command: 'apply', options: { license: 'llama3', 'data-source': ['a corpus'] } })
    expect(run.inputs.map(({ path }: { path: string }) => path.replace(folder, ''))).toEqual([
      ...['/base/model.safetensors', '/base/config.json', '/init-map.safetensors'],
      ...['/extended/tokenizer.json', '/extended/tokenizer.model', '/extended/tokenizer_config.json'],
    ])
  })
})
