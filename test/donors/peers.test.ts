/** Donors trained by SentencePiece (C++) and Hugging Face tokenizers (Rust), each piece beside what its own decoder says. */
import { beforeAll, describe, expect, it } from 'vitest'
import { mapped } from '../../src/donors/charsmap'
import { readDonor } from '../../src/donors/read'
import type { Donor, DonorKind } from '../../src/donors/types'
import { keyToText } from '../../src/text/byte-key'
import { parseModel } from '../../src/tokenizer/files/sentencepiece-model'
import { koreanText } from '../support/fixtures'
import { findPython, runPython } from '../support/python'

const sentencePiece = findPython(['sentencepiece'])
const huggingFace = findPython(['tokenizers'])

const CHAT = [
  'ㅋㅋㅋㅋ 진짜 재밌다',
  '아 ㅠㅠ 슬퍼요',
  'ㅋㅋ 그래 ㅎㅎ',
  'ㅇㅇ 알겠어 ㄱㄱ',
  '와 ㅋㅋㅋㅋㅋㅋ ㅠㅠㅠ',
  '①번 ㈜한글 ㎏',
]
let lines: string[] = []
beforeAll(async () => {
  const text = (await koreanText()).split('\n').filter((line, i) => i % 4 === 0 && line.length < 300)
  lines = [...text, ...Array.from({ length: 600 }, (_, i) => CHAT[i % CHAT.length])]
})

const utf8 = (text: string) => new TextEncoder().encode(text)
const ofKind = (donor: Donor, kind: DonorKind) => donor.pieces.filter((piece) => piece.kind === kind)

interface SpmAnswer {
  model: string
  vocab: string
  /** By id: the piece, its type, its score, and what stands for it when it is decoded between two plain pieces. */
  pieces: [piece: string, type: 'special' | 'byte' | 'unused' | 'piece', score: number, text: string][]
}

const SPM = `
import base64, json, os, sys, tempfile, sentencepiece
ask = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    prefix = os.path.join(folder, 'donor')
    sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(ask['lines']), model_prefix=prefix, minloglevel=2,
                                             **ask['options'])
    with open(prefix + '.model', 'rb') as file: model = file.read()
    with open(prefix + '.vocab', encoding='utf8', newline='') as file: vocab = file.read()
sp = sentencepiece.SentencePieceProcessor(model_proto=model)
def type_of(i):
    if sp.IsControl(i) or sp.IsUnknown(i): return 'special'
    return 'byte' if sp.IsByte(i) else 'unused' if sp.IsUnused(i) else 'piece'
plain = [i for i in range(sp.GetPieceSize()) if type_of(i) == 'piece' and sp.IdToPiece(i).strip('\\u2581') != '']
anchor = next((i for i in plain if '\\u2581' not in sp.IdToPiece(i)), plain[0])
a, b = sp.IdToPiece(anchor).lstrip('\\u2581'), sp.IdToPiece(anchor).replace('\\u2581', ' ')
def text_of(i):
    text = sp.Decode([anchor, i, anchor])
    assert text.startswith(a) and text.endswith(b), (sp.IdToPiece(i), text)
    return text[len(a):len(text) - len(b)]
pieces = [[sp.IdToPiece(i), type_of(i), sp.GetScore(i), text_of(i) if type_of(i) == 'piece' else '']
          for i in range(sp.GetPieceSize())]
print(json.dumps({'model': base64.b64encode(model).decode(), 'pieces': pieces, 'vocab': vocab}))
`

function trainSpm(options: Record<string, unknown>): Promise<SpmAnswer> {
  const all = { vocab_size: 2500, character_coverage: 1, hard_vocab_limit: false, ...options }
  return runPython<SpmAnswer>(sentencePiece.path!, SPM, { lines, options: all })
}

function expectSameAsSpm(donor: Donor, answer: SpmAnswer): void {
  expect(donor.pieces.length).toBe(answer.pieces.length)
  const byPiece = new Map(donor.pieces.map((piece) => [piece.spelled, piece]))
  for (const [piece, type, score, text] of answer.pieces) {
    const found = byPiece.get(piece)
    expect(found?.kind, piece).toBe(type === 'unused' ? 'special' : type)
    expect(Math.fround(found!.score!), piece).toBe(Math.fround(score))
    if (type === 'special') expect(found!.key).toBe('')
    else if (type === 'byte') expect(found!.key).toBe(String.fromCharCode(Number(piece.slice(1, -1))))
    else if (found!.restored) expect(keyToText(found!.key)?.normalize('NFKC'), piece).toBe(text)
    else expect(keyToText(found!.key), piece).toBe(text)
  }
  const ids = new Map(answer.pieces.map(([piece], id) => [piece, id]))
  const order = donor.pieces.map(({ spelled, score }) => ({ id: ids.get(spelled)!, score: score! }))
  for (let i = 1; i < order.length; i++) {
    const [a, b] = [order[i - 1], order[i]]
    expect(a.score > b.score || (a.score === b.score && a.id < b.id), `places ${i - 1} and ${i}`).toBe(true)
  }
}

describe.skipIf(!sentencePiece.path)(`donors that SentencePiece trains (${sentencePiece.reason})`, () => {
  it.each([
    ['bpe', { byte_fallback: true }],
    ['bpe', { treat_whitespace_as_suffix: true, remove_extra_whitespaces: false }],
    ['unigram', { byte_fallback: true, user_defined_symbols: ['<법률>', '제▁1▁조'] }],
    ['unigram', { treat_whitespace_as_suffix: true }],
    ['word', {}],
    ['char', {}],
  ] as const)('%s without normalization, %j: the decoder’s text and the scores', async (model_type, options) => {
    const answer = await trainSpm({ model_type, normalization_rule_name: 'identity', ...options })
    const donor = readDonor(Buffer.from(answer.model, 'base64'), 'donor.model')
    expect(donor.format).toBe(`sentencepiece-${model_type}`)
    expect(donor.orderedBy).toBe(model_type === 'bpe' ? 'score' : 'log probability')
    expect(donor.normalizer).toBe('identity')
    const added = new Set(ofKind(donor, 'added').map(({ spelled }) => spelled))
    expect([...added].sort()).toEqual(
      [...((options as { user_defined_symbols?: string[] }).user_defined_symbols ?? [])].sort(),
    )
    for (const piece of donor.pieces) if (added.has(piece.spelled)) piece.kind = 'piece'
    expectSameAsSpm(donor, answer)
    expect(donor.pieces.filter(({ restored }) => restored)).toEqual([])
    expect(donor.pieces.some(({ key }) => keyToText(key)?.includes('ㅋ'))).toBe(true)
    const suffix = 'treat_whitespace_as_suffix' in options
    const spaced = ofKind(donor, 'piece').filter(
      ({ key }) => key.trim() !== '' && key.includes(' ') && !key.includes(' 1 '),
    )
    if (model_type !== 'char') expect(spaced.length).toBeGreaterThan(100)
    for (const { key } of spaced) expect(suffix ? key.endsWith(' ') : key.startsWith(' '), key).toBe(true)
  })

  it.each(['bpe', 'unigram'])('%s with nmt_nfkc: jamo are written as people type them', async (model_type) => {
    const answer = await trainSpm({ model_type, normalization_rule_name: 'nmt_nfkc' })
    const bytes = Buffer.from(answer.model, 'base64')
    const donor = readDonor(bytes, 'donor.model')
    expectSameAsSpm(donor, answer)
    const restored = donor.pieces.filter((piece) => piece.restored)
    expect(restored.length).toBeGreaterThan(3)
    expect(new Set(restored.map((piece) => piece.restored))).toEqual(new Set(['nfkc']))
    const texts = new Set(donor.pieces.map(({ key }) => keyToText(key)))
    expect([...texts].some((text) => text?.includes('ㅋ'))).toBe(true)
    if (model_type === 'bpe') expect(texts).toContain('ㅋㅋ')
    expect([...texts].filter((text) => text && /[\u1100-\u11ff]/.test(text))).toEqual([])
    expect(donor.normalizer).toBe('nmt_nfkc')
    expect(donor.notes.join('\n')).toMatch(
      /nmt_nfkc, turns compatibility characters .*\n.*extra whitespace.*\nSingle jamo .* \(U\+11/,
    )

    const kept = readDonor(bytes, 'donor.model', { normalized: 'keep' })
    const plain = new Map(answer.pieces.map(([piece, , , text]) => [piece, text]))
    for (const { spelled, key, kind } of kept.pieces) {
      if (kind === 'piece') expect(keyToText(key), spelled).toBe(plain.get(spelled))
    }
    expect(kept.notes.at(-1)).toMatch(/^Single jamo as NFKC leaves them, which text as people write it does not have/)
  })

  it.each([
    ['identity', [false, false]],
    ['nfkc', [true, false]],
    ['nfkc_cf', [true, true]],
    ['nmt_nfkc_cf', [true, true]],
  ] as const)('what %s does is seen in its map', async (rule, [compatibility, lowercases]) => {
    const { model } = await trainSpm({ model_type: 'char', normalization_rule_name: rule })
    const notes = readDonor(Buffer.from(model, 'base64'), 'donor.model').notes.join('\n')
    expect(notes.includes('(NFKC)')).toBe(compatibility)
    expect(notes.includes('capitals')).toBe(lowercases)
  })

  it('reads every entry of the map of nmt_nfkc_cf as C++ does', async () => {
    const { model } = await trainSpm({ model_type: 'char', normalization_rule_name: 'nmt_nfkc_cf' })
    const map = parseModel(Buffer.from(model, 'base64'), 'donor.model').normalizerSpec!.precompiledCharsmap
    const texts: string[] = []
    for (let code = 0x20; code <= 0xffff; code++) {
      if (code < 0xd800 || code > 0xdfff) texts.push(String.fromCharCode(code))
    }
    texts.push('𝐀', '🄰', '\u1100\u1161', '\u304b\u3099')
    const script = `
import json, sys, sentencepiece
n = sentencepiece.SentencePieceNormalizer(rule_name='nmt_nfkc_cf', add_dummy_prefix=False, escape_whitespaces=False,
                                          remove_extra_whitespaces=False)
print(json.dumps([n.Normalize(t) for t in json.load(sys.stdin)]))`
    const normalized = await runPython<string[]>(sentencePiece.path!, script, texts)
    expect(texts.filter((text, i) => (mapped(map, text) ?? text) !== normalized[i])).toEqual([])
    expect(texts.filter((text) => mapped(map, text) !== null).length).toBeGreaterThan(4000)
  })

  it.each(['bpe', 'unigram'])('%s as spm_train’s .vocab: the pieces of the .model', async (model_type) => {
    const answer = await trainSpm({ model_type, normalization_rule_name: 'nmt_nfkc', byte_fallback: true })
    const ofModel = readDonor(Buffer.from(answer.model, 'base64'), 'donor.model')
    const ofList = readDonor(utf8(answer.vocab), 'donor.vocab')
    expect(ofList.orderedBy).toBe(ofModel.orderedBy)
    const bare = (donor: Donor) => donor.pieces.map(({ score: _, ...piece }) => piece)
    const bySpelling = (donor: Donor) => bare(donor).sort((a, b) => (a.spelled < b.spelled ? -1 : 1))
    expect(bySpelling(ofList)).toEqual(bySpelling(ofModel))
    expect(ofList.notes.join()).toContain('its training text was in NFKC already')
  })
})

interface HfAnswer {
  json: string
  /** By id: the token, and what stands for it when it is decoded between two others. */
  tokens: [token: string, id: number, text: string | null][]
}

const HF = `
import json, sys
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, decoders, trainers
ask = json.load(sys.stdin)
kind = ask['kind']
special = ['[UNK]']
size = 2500
def made():
    if kind == 'wordpiece' or kind == 'wordpiece-lower':
        t = Tokenizer(models.WordPiece(unk_token='[UNK]'))
        t.normalizer = normalizers.BertNormalizer(lowercase=kind == 'wordpiece-lower')
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.decoder = decoders.WordPiece(cleanup=False)
        return t, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    if kind == 'wordlevel':
        t = Tokenizer(models.WordLevel(unk_token='[UNK]'))
        t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return t, trainers.WordLevelTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    if kind == 'unigram' or kind == 'unigram-nfkc':
        t = Tokenizer(models.Unigram())
        if kind == 'unigram-nfkc':
            t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.decoder = decoders.Metaspace()
        return t, trainers.UnigramTrainer(vocab_size=size, special_tokens=special, unk_token='[UNK]', show_progress=False)
    trainer = dict(vocab_size=size, special_tokens=special, show_progress=False)
    t = Tokenizer(models.BPE(unk_token='[UNK]'))
    if kind == 'bpe-metaspace':
        t.pre_tokenizer = pre_tokenizers.Metaspace(replacement='_')
        t.decoder = decoders.Metaspace(replacement='_')
    if kind == 'bpe-byte-level':
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.decoder = decoders.ByteLevel()
        trainer['initial_alphabet'] = pre_tokenizers.ByteLevel.alphabet()
    if kind == 'bpe-end':
        t = Tokenizer(models.BPE(unk_token='[UNK]', end_of_word_suffix='</w>'))
        t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        t.decoder = decoders.BPEDecoder()
        trainer['end_of_word_suffix'] = '</w>'
    if kind == 'bpe-inside':
        t = Tokenizer(models.BPE(unk_token='[UNK]', continuing_subword_prefix='##'))
        t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        t.decoder = decoders.WordPiece(cleanup=False)
        trainer['continuing_subword_prefix'] = '##'
    return t, trainers.BpeTrainer(**trainer)
t, trainer = made()
t.train_from_iterator(ask['lines'], trainer=trainer)
t.add_tokens(['<법률>'])
vocab = t.get_vocab()
plain = [(p, i) for p, i in vocab.items() if p not in ('[UNK]', '<법률>') and not any(m in p for m in ('_', '\\u2581', '##', '</w>', '\\u0120')) and p.isascii() and p.isalpha()]
first, a = min(plain, key=lambda x: x[1])
last, b = first, a
if kind in ('wordpiece', 'wordpiece-lower', 'bpe-inside'):
    last, b = next(('x', i) for p, i in vocab.items() if p == '##x')
behind = ' ' if kind == 'wordlevel' else ''
def text_of(i):
    text = t.decode([a, i, b], skip_special_tokens=False)
    end = behind + last
    if '\\ufffd' in text: return None
    assert text.startswith(first) and text.endswith(end), (t.id_to_token(i), text)
    return text[len(first):len(text) - len(end)]
print(json.dumps({'json': t.to_str(), 'tokens': [[p, i, text_of(i)] for p, i in sorted(vocab.items(), key=lambda x: x[1])]}))
`

describe.skipIf(!huggingFace.path)(`donors that Hugging Face tokenizers trains (${huggingFace.reason})`, () => {
  it.each([
    ['wordpiece', 'tokenizer-json-wordpiece', 'order'],
    ['wordpiece-lower', 'tokenizer-json-wordpiece', 'order'],
    ['wordlevel', 'tokenizer-json-wordlevel', 'order'],
    ['unigram', 'tokenizer-json-unigram', 'log probability'],
    ['unigram-nfkc', 'tokenizer-json-unigram', 'log probability'],
    ['bpe-metaspace', 'tokenizer-json-bpe', 'rank'],
    ['bpe-byte-level', 'tokenizer-json-bpe', 'rank'],
    ['bpe-end', 'tokenizer-json-bpe', 'rank'],
    ['bpe-inside', 'tokenizer-json-bpe', 'rank'],
  ])('%s: the decoder’s text', async (kind, format, orderedBy) => {
    const answer = await runPython<HfAnswer>(huggingFace.path!, HF, { kind, lines })
    const donor = readDonor(utf8(answer.json), 'tokenizer.json')
    expect(donor).toMatchObject({ format, orderedBy })
    expect(donor.pieces.length).toBe(answer.tokens.length)
    const bySpelling = new Map(donor.pieces.map((piece) => [piece.spelled, piece]))
    let compared = 0
    for (const [token, , text] of answer.tokens) {
      const piece = bySpelling.get(token)
      expect(piece, token).toBeDefined()
      const { key, kind: of, restored } = piece!
      if (token === '[UNK]') expect(piece).toMatchObject({ kind: 'special', key: '' })
      else if (token === '<법률>') expect([of, keyToText(key)]).toEqual(['added', '<법률>'])
      else if (text === null) expect(keyToText(key), token).toBeNull()
      else {
        compared++
        const own = keyToText(key)
        if (restored === 'nfc') expect(own?.normalize('NFD'), token).toBe(text)
        else if (restored === 'nfkc') expect(own?.normalize('NFKC'), token).toBe(text)
        else expect(own, token).toBe(text)
      }
    }
    expect(compared).toBeGreaterThan(1000)
    if (kind === 'bpe-byte-level') expect(ofKind(donor, 'byte').length).toBe(256)
    if (kind === 'unigram-nfkc') {
      expect(donor.normalizer).toBe('Sequence(NFKC, Lowercase)')
      expect(donor.pieces.some(({ key, restored }) => restored === 'nfkc' && keyToText(key)?.includes('ㅋㅋ'))).toBe(
        true,
      )
    }
    if (kind === 'wordpiece-lower') {
      expect(donor.pieces.filter(({ restored }) => restored === 'nfc').length).toBeGreaterThan(500)
      expect(donor.pieces.filter(({ restored }) => restored === 'nfkc')).toEqual([])
      expect(donor.notes.join('\n')).toMatch(/takes Hangul syllables apart/)
    }
  })

  it('wordlevel and wordpiece vocabularies by id, BPE by the rank of its merges', async () => {
    const answer = await runPython<HfAnswer>(huggingFace.path!, HF, { kind: 'bpe-inside', lines })
    const { merges } = (JSON.parse(answer.json) as { model: { merges: [string, string][] } }).model
    const donor = readDonor(utf8(answer.json), 'tokenizer.json')
    const made = merges.map(([left, right]) => left + right.replace(/^##/, ''))
    expect(donor.pieces.slice(0, made.length).map(({ spelled }) => spelled)).toEqual([...new Set(made)])

    const words = await runPython<HfAnswer>(huggingFace.path!, HF, { kind: 'wordlevel', lines })
    expect(readDonor(utf8(words.json), 'tokenizer.json').pieces.map(({ spelled }) => spelled)).toEqual(
      words.tokens.map(([token]) => token),
    )
  })
})
