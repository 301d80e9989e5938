/** Each piece of the pipeline beside the same piece of Hugging Face `tokenizers`. */
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/text/utf8'
import { bytesToPiece, byteToChar } from '../../../src/tokenizer/byte-alphabet'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { KNOWN_PATTERNS } from '../../../src/tokenizer/pipeline/known-patterns'
import { compileNormalizer } from '../../../src/tokenizer/pipeline/normalize'
import { compilePreTokenizer } from '../../../src/tokenizer/pipeline/pre-tokenize'
import { BEHAVIORS } from '../../../src/tokenizer/pipeline/split'
import { encodeReference } from '../../../src/tokenizer/reference'
import type { JsonNode } from '../../../src/tokenizer/types'
import { runs } from '../../support/long'
import { runPython } from '../../support/python'
import { askHuggingFace, python } from '../oracle'
import { nastyTexts } from './nasty'

const bytePieces = Array.from({ length: 256 }, (_, byte) => byteToChar(byte))

/** A byte-level tokenizer.json without merges. */
function bytesJson(change: Record<string, unknown>): string {
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    post_processor: null,
    decoder: null,
    model: { type: 'BPE', vocab: Object.fromEntries(bytePieces.map((piece, id) => [piece, id])), merges: [] },
    ...change,
  })
}

const ASK = `
import json, sys
from tokenizers import Tokenizer
q = json.load(sys.stdin)
out = []
for doc in q['documents']:
    t = Tokenizer.from_str(doc)
    if q['what'] == 'normalizer':
        out.append([t.normalizer.normalize_str(x) for x in q['texts']])
    else:
        out.append([[s for s, _ in t.pre_tokenizer.pre_tokenize_str(x)] for x in q['texts']])
print(json.dumps(out))
`

const texts = nastyTexts(runs(400, 10_000), 7)
/** For what follows other versions of Unicode there: normal forms, StripAccents, Punctuation. */
const settled = nastyTexts(runs(400, 10_000), 8, false)

const replace = (pattern: object, content: string) => ({ type: 'Replace', pattern, content })
const normalizers: JsonNode[] = [
  { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace({ String: ' ' }, '▁')] },
  replace({ Regex: '\\s+' }, '$1 '),
  replace({ Regex: '(?i:S)|[^\\P{L}a]' }, ''),
  { type: 'NFC' },
  { type: 'NFD' },
  { type: 'NFKC' },
  { type: 'NFKD' },
  { type: 'Lowercase' },
  { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'Strip', strip_left: false, strip_right: true },
  { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] },
  { type: 'Nmt' },
  { type: 'ByteLevel' },
  { type: 'Sequence', normalizers: [] },
]

const split = (pattern: object, behavior: string, invert = false) => ({ type: 'Split', pattern, behavior, invert })
const regexes = [
  ...Object.values(KNOWN_PATTERNS),
  '\\p{N}{1,3}+|\\s++',
  '(?>a|ab)b|(?<=a)B|가(?!힣)|\\w+|\\h',
  '[\\w&&[^\\d_]]+|[[:space:]]+|[^\\x00-\\x7F\\s]{2,}?|\\d',
  '^.|\\s+$|\\A\\s|.\\z',
  "(?i)s|[k-l]+|'(?-i:d)|ǆ",
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|\\p{Han}+|\\p{Hangul}+|\\p{^L}',
  '\\b|x*',
  '[\\w]+|[\\W]',
  '\\w+|\\W',
  '\\s?\\p{Lu}*+\\p{Ll}+|\\P{White_Space}',
]
const preTokenizers: JsonNode[] = [
  ...regexes.map((Regex) => split({ Regex }, 'Isolated')),
  ...BEHAVIORS.flatMap((behavior) => [
    split({ String: ' ' }, behavior),
    split({ Regex: '\\s|가+' }, behavior),
    split({ Regex: '\\p{L}+' }, behavior, true),
  ]),
  ...['always', 'first', 'never'].flatMap((prepend_scheme) => [
    { type: 'Metaspace', replacement: '▁', prepend_scheme, split: true },
    { type: 'Metaspace', replacement: '▁', prepend_scheme, split: false },
  ]),
  { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
  { type: 'Digits', individual_digits: true },
  { type: 'Digits', individual_digits: false },
  { type: 'Punctuation', behavior: 'Isolated' },
  { type: 'Punctuation', behavior: 'MergedWithPrevious' },
  { type: 'Whitespace' },
  { type: 'WhitespaceSplit' },
  { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
  {
    type: 'Sequence',
    pretokenizers: [
      split({ Regex: '\\s' }, 'Removed'),
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true },
      { type: 'Digits', individual_digits: true },
    ],
  },
  {
    type: 'Sequence',
    pretokenizers: [
      split({ Regex: '\\p{N}' }, 'Contiguous'),
      { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    ],
  },
]

describe.skipIf(!python.path)(`the pipeline equals Hugging Face tokenizers (${python.reason})`, () => {
  it('normalizers', async () => {
    const documents = normalizers.map((normalizer) => bytesJson({ normalizer }))
    const theirs = await runPython<string[][]>(python.path!, ASK, { what: 'normalizer', documents, texts: settled })
    for (const [n, node] of normalizers.entries()) {
      const normalize = compileNormalizer(node)
      for (const [i, text] of settled.entries())
        expect([node, text, normalize(text)]).toEqual([node, text, theirs[n][i]])
    }
  })

  it.each([
    ['of every kind', preTokenizers, settled],
    ['on any character', preTokenizers.filter((node) => node.type !== 'Punctuation'), texts],
  ])('pre-tokenizers %s', async (_, nodes, texts) => {
    const documents = nodes.map((pre_tokenizer) => bytesJson({ pre_tokenizer }))
    const theirs = await runPython<string[][][]>(python.path!, ASK, { what: 'pre_tokenizer', documents, texts })
    for (const [n, node] of nodes.entries()) {
      const byteLevel = JSON.stringify(node).includes('ByteLevel')
      const preTokenize = compilePreTokenizer(node, byteLevel ? 'byte-level' : 'sentencepiece')
      for (const [i, text] of texts.entries()) {
        const ours = preTokenize(text, true)
        const spelled = byteLevel ? ours.map((part) => bytesToPiece(encodeUtf8(part))) : ours
        expect([node, text, spelled]).toEqual([node, text, theirs[n][i]])
      }
    }
  })

  const token = (id: number, content: string, change: object = {}) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: false,
    ...change,
  })
  const prepend = normalizers[0]
  const added: [string, object[], JsonNode | null][] = [
    ['special ones', [token(256, '<s>', { special: true }), token(257, '</s>'), token(258, '<s')], null],
    [
      'overlapping, the longest first',
      ['ㅋ', 'ㅋㅋ', '안', '안녕하', ' 안', '  ', '   '].map((c, i) => token(256 + i, c)),
      null,
    ],
    ['single words', [token(256, 'the', { single_word: true }), token(257, '은', { single_word: true })], null],
    [
      'strip',
      [
        token(256, '<s>', { lstrip: true }),
        token(257, '</s>', { rstrip: true }),
        token(258, ' ', { lstrip: true, rstrip: true }),
      ],
      null,
    ],
    [
      'strip on both sides',
      [token(256, 'the', { lstrip: true, rstrip: true }), token(257, '가', { lstrip: true, rstrip: true })],
      null,
    ],
    [
      'normalized',
      [token(256, 'Ab', { normalized: true }), token(257, 'THE', { normalized: true }), token(258, '<pad>')],
      { type: 'Lowercase' },
    ],
    ['normalized with a prefix', [token(256, '<s>', { normalized: true }), token(257, '</s>')], prepend],
    [
      'both, over NFC',
      [token(256, '안녕', { normalized: true }), token(257, 'ᄋ', {}), token(258, 'éa', { normalized: true })],
      { type: 'NFC' },
    ],
    ['emptied segments', [token(256, '<s>')], { type: 'Strip', strip_left: true, strip_right: true }],
    ['a normalizer to bytes', [token(256, '<s>'), token(257, '안녕', { normalized: true })], { type: 'ByteLevel' }],
  ]
  it.each(added)('added tokens: %s', async (_, added_tokens, normalizer) => {
    const bytesMapped = normalizer?.type === 'ByteLevel'
    const json = bytesJson({ added_tokens, normalizer, ...(bytesMapped ? { pre_tokenizer: null } : {}) })
    const tokenizer = readTokenizerJson(json, 'tokenizer.json')
    const theirs = await askHuggingFace(json, texts)
    for (const [i, text] of texts.entries())
      expect([text, encodeReference(tokenizer, text)]).toEqual([text, theirs.ids[i]])
  })
})
