import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { pieceToBytes } from '../../src/tokenizer/byte-alphabet'
import { compileDecoder } from '../../src/tokenizer/decode'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import {
  encodeReference,
  encodeSentencePieceReference,
  encodeTiktokenReference,
  referenceEncoder,
  sentencePieceReferenceEncoder,
  tiktokenReferenceEncoder,
} from '../../src/tokenizer/reference'
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'
import { findPython, runPython } from '../support/python'
import { koreanDomains, otherDomains, sharedDir, sharedLines } from '../support/shared'
import { askHuggingFace, python } from './oracle'
import { nastyTexts } from './pipeline/nasty'

const bases: [string, () => string | Promise<string>][] = [
  ['Llama-2', llama2Json],
  ['Mistral', mistralJson],
  ['Llama-3', llama3Json],
]

async function realLines(perDomain: number): Promise<string[]> {
  const lists = await Promise.all(
    [...koreanDomains, ...otherDomains].map((domain) => sharedLines(domain, perDomain, 17)),
  )
  // The reference is quadratic in the length of a line.
  return lists.flat().map((line) => [...line].slice(0, 300).join(''))
}

describe.skipIf(!python.path)(`encodeReference equals Hugging Face tokenizers (${python.reason})`, () => {
  describe.each(bases)('%s', (_, json) => {
    let tokenizer: Tokenizer
    let text: string
    beforeAll(async () => {
      text = await json()
      tokenizer = readTokenizerJson(text, 'tokenizer.json')
    })

    const same = async (texts: string[]) => {
      const encode = referenceEncoder(tokenizer)
      const ours = texts.map(encode)
      const theirs = await askHuggingFace(text, texts, ours)
      const decode = compileDecoder(tokenizer)
      for (let i = 0; i < texts.length; i++) {
        expect({ text: texts[i], ids: ours[i] }).toEqual({ text: texts[i], ids: theirs.ids[i] })
        expect(decode(ours[i], { skipSpecialTokens: false })).toBe(theirs.decoded[i])
      }
    }

    it('on nasty texts', () => same(nastyTexts(runs(1_000, 20_000))), 600_000)

    it.skipIf(!sharedDir)(
      'on real lines of every domain (needs ../shared)',
      async () => same(await realLines(runs(20, 300))),
      600_000,
    )

    it('decodes ids in any order alike, broken bytes too', async () => {
      const ids = Array.from({ length: 400 }, (_, i) =>
        Array.from({ length: 12 }, (_, j) => (i * 7919 + j * j * 104_729 + (j % 3 ? i : 0)) % (j % 2 ? 260 : 32_000)),
      )
      const theirs = await askHuggingFace(text, [], ids)
      const decode = compileDecoder(tokenizer)
      for (let i = 0; i < ids.length; i++) expect(decode(ids[i], { skipSpecialTokens: false })).toBe(theirs.decoded[i])
    })
  })
})

const cpp = findPython(['sentencepiece'])
describe.skipIf(!cpp.path)(`encodeSentencePieceReference equals SentencePiece (${cpp.reason})`, () => {
  const ask = (model: Uint8Array, texts: string[]) =>
    runPython<number[][]>(
      cpp.path!,
      `
import base64, json, sys, sentencepiece
q = json.load(sys.stdin)
s = sentencepiece.SentencePieceProcessor(model_proto=base64.b64decode(q['model']))
print(json.dumps([s.encode(x) for x in q['texts']]))
`,
      { model: Buffer.from(model).toString('base64'), texts },
    )
  const same = async (model: Uint8Array, texts: string[]) => {
    const encode = sentencePieceReferenceEncoder(readSentencePiece(model, 'tokenizer.model'))
    const theirs = await ask(model, texts)
    for (const [i, text] of texts.entries()) expect({ text, ids: encode(text) }).toEqual({ text, ids: theirs[i] })
  }
  const texts = nastyTexts(runs(1_000, 20_000))

  it('Llama-2, nasty texts', () => same(llama2Model(), texts), 600_000)

  it.skipIf(!sharedDir).each(['llama-2', 'mistral-7b-v0.1', 'yi-6b'])(
    '%s, nasty texts and real lines (needs ../shared)',
    async (name) => {
      const model = new Uint8Array(readFileSync(join(sharedDir!, 'tokenizers', name, 'tokenizer.model')))
      await same(model, [...texts, ...(await realLines(runs(15, 300)))])
    },
    600_000,
  )
})

const tik = findPython(['tiktoken'])
it.skipIf(!tik.path)(`encodeTiktokenReference equals tiktoken (${tik.reason})`, async () => {
  const tokenizer = readTokenizerJson(llama3Json(), 'tokenizer.json')
  const encode = tiktokenReferenceEncoder(tokenizer)
  const ranks = tokenizer.pieces.slice(0, 128_000).map((piece) => Buffer.from(pieceToBytes(piece)!).toString('base64'))
  const words = nastyTexts(runs(1_000, 20_000)).filter((word) => word !== '')
  const theirs = await runPython<number[][]>(
    tik.path!,
    `
import base64, json, sys, tiktoken
q = json.load(sys.stdin)
ranks = {base64.b64decode(t): i for i, t in enumerate(q['ranks'])}
e = tiktoken.Encoding('x', pat_str=r'(?s).+', mergeable_ranks=ranks, special_tokens={})
print(json.dumps([e.encode(x, disallowed_special=()) for x in q['words']]))
`,
    { ranks, words },
  )
  for (const [i, word] of words.entries()) {
    expect({ word, ids: encode(new TextEncoder().encode(word)) }).toEqual({ word, ids: theirs[i] })
  }
})

/** A vocabulary small enough to follow by hand. */
function tiny(pieces: string[], merges: [string, string][], change: Partial<Tokenizer> = {}): Tokenizer {
  const id = (piece: string) => pieces.indexOf(piece)
  return {
    form: 'sentencepiece',
    pieces,
    kinds: Uint8Array.from(pieces, (piece) =>
      piece === '<unk>' ? PieceKind.Unknown : piece.startsWith('<0x') ? PieceKind.Byte : PieceKind.Normal,
    ),
    scores: null,
    merges: {
      left: Int32Array.from(merges, ([left]) => id(left)),
      right: Int32Array.from(merges, ([, right]) => id(right)),
      result: Int32Array.from(merges, ([left, right]) => id(left + right)),
    },
    addedTokens: [],
    unkId: id('<unk>'),
    byteFallback: false,
    fuseUnk: false,
    ignoreMerges: false,
    normalizer: null,
    preTokenizer: null,
    postProcessor: null,
    decoder: null,
    sources: { sidecars: {} },
    ...change,
  }
}

describe('on vocabularies to follow by hand', () => {
  const pieces = ['<unk>', 'a', 'b', 'c', 'ab', 'bc', 'abc']
  const merges: [string, string][] = [
    ['b', 'c'],
    ['a', 'b'],
    ['a', 'bc'],
  ]

  it('takes the pair of lowest rank, then the leftmost', () => {
    const tokenizer = tiny(pieces, merges)
    expect(encodeReference(tokenizer, 'abc')).toEqual([6])
    expect(encodeReference(tokenizer, 'abab')).toEqual([4, 4])
    expect(encodeReference(tiny(['<unk>', 'a', 'aa'], [['a', 'a']]), 'aaa')).toEqual([2, 1])
  })

  it('makes unk of unknown characters, one or one a run', () => {
    expect(encodeReference(tiny(pieces, merges), 'axyb')).toEqual([1, 0, 0, 2])
    expect(encodeReference(tiny(pieces, merges, { fuseUnk: true }), 'axyb')).toEqual([1, 0, 2])
    // Without unk they vanish before merging.
    expect(encodeReference(tiny(pieces, merges, { unkId: -1 }), 'axyb')).toEqual([4])
  })

  it('takes a whole pre-token under ignore_merges only', () => {
    expect(encodeReference(tiny(['a', 'b', 'ab'], []), 'ab')).toEqual([0, 1])
    expect(encodeReference(tiny(['a', 'b', 'ab'], [], { ignoreMerges: true }), 'ab')).toEqual([2])
  })

  it('SentencePiece follows scores and needs no merges; tiktoken follows ids', () => {
    const scores = Float32Array.of(0, -9, -9, -9, -2, -1, -3)
    expect(encodeSentencePieceReference(tiny(pieces, [], { scores }), 'abc')).toEqual([6])
    expect(encodeSentencePieceReference(tiny(pieces.slice(0, 6), [], { scores }), 'abc')).toEqual([1, 5])
    expect(encodeSentencePieceReference(tiny(pieces, [], { scores }), 'xya')).toEqual([0, 1])
    const bytes = new TextEncoder().encode('abcb')
    expect(encodeTiktokenReference(tiny(pieces.slice(0, 6), []), bytes)).toEqual([4, 3, 2])
  })

  it('SentencePiece cuts user-defined symbols first and freezes them', () => {
    const kinds = Uint8Array.of(2, 1, 1, 1, 4, 1, 1)
    const scores = new Float32Array(7)
    expect(encodeSentencePieceReference(tiny(pieces, [], { scores, kinds }), 'abc')).toEqual([4, 3])
  })

  it('SentencePiece needs scores', () => {
    expect(() => encodeSentencePieceReference(tiny(pieces, []), 'a')).toThrow('needs scores')
  })
})
