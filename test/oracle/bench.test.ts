/**
 * Tokenizers that ko-vocab itself does not encode with (unigram, WordPiece, models with normalizers), measured beside what
 * SentencePiece (C++) and Hugging Face tokenizers (Rust) make of the same lines.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyCharsmap, applyCharsmapByGrapheme } from '../../src/donors/charsmap'
import { bench } from '../../src/measure/bench/bench'
import { openMeasured } from '../../src/measure/tokenizers/open'
import { parseModel } from '../../src/tokenizer/files/sentencepiece-model'
import { koreanText } from '../support/fixtures'
import { findPython, runPython } from '../support/python'

const python = findPython(['sentencepiece', 'tokenizers'])

const ODD = [
  '',
  ' ',
  '  두 칸  띄고\t탭 ',
  'ㅋㅋㅋㅋ ㅠㅠ ①번 ㈜한글 ㎏ ｆｕｌｌ',
  '한글'.normalize('NFD'),
  '😀 이모지와 漢字, ひらがな',
  'The quick brown Fox.',
]

/** Every character of the BMP alone, and behind a syllable; sequences that compose. */
function strings(): string[] {
  const chars: string[] = []
  for (let code = 0x20; code <= 0xffff; code++)
    if (code < 0xd800 || code > 0xdfff) chars.push(String.fromCharCode(code))
  const composing = ['\u1100\u1161\u11a8끝', 'か\u3099は\u309a', 'e\u0301\u0323 a\u0301', '𝐀🄰ﷺ①', 'ａ\u0301']
  return [...chars, ...chars.map((char) => `가${char}`), ...composing, ...ODD]
}

interface Answer {
  path: string
  ids: number[][]
  decoded: string[]
  size: number
}

const TRAIN = `
import json, os, sys, sentencepiece
from tokenizers import Regex, Tokenizer, models, trainers, normalizers, pre_tokenizers, decoders, BertWordPieceTokenizer
q = json.load(sys.stdin)
folder, lines, texts = q['folder'], q['lines'], q['texts']
out = {}
def spm(name, **options):
    prefix = os.path.join(folder, name)
    sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=1500,
        num_threads=1, minloglevel=2, hard_vocab_limit=False, **options)
    sp = sentencepiece.SentencePieceProcessor(model_file=prefix + '.model')
    ids = [sp.encode(x) for x in texts]
    out[name] = dict(path=prefix + '.model', ids=ids, decoded=[sp.decode(x) for x in ids], size=sp.get_piece_size())
spm('unigram', model_type='unigram')
spm('unigram-bytes', model_type='unigram', byte_fallback=True, normalization_rule_name='identity',
    remove_extra_whitespaces=False)
spm('bpe-nfkc', model_type='bpe', byte_fallback=True)
spm('char', model_type='char')
def hf(name, t):
    path = os.path.join(folder, name + '.json')
    t.save(path)
    ids = [x.ids for x in t.encode_batch(texts, add_special_tokens=False)]
    out[name] = dict(path=path, ids=ids, decoded=[t.decode(x, skip_special_tokens=False) for x in ids],
                     size=t.get_vocab_size())
t = Tokenizer(models.Unigram())
t.normalizer = normalizers.NFC()
t.pre_tokenizer = pre_tokenizers.Metaspace()
t.decoder = decoders.Metaspace()
t.train_from_iterator(lines, trainers.UnigramTrainer(vocab_size=1500, special_tokens=['<unk>'], unk_token='<unk>',
                                                     show_progress=False))
hf('hf-unigram', t)
from sentencepiece import sentencepiece_model_pb2
with open(out['unigram']['path'], 'rb') as file: proto = sentencepiece_model_pb2.ModelProto.FromString(file.read())
charsmap = proto.normalizer_spec.precompiled_charsmap
t = Tokenizer(models.Unigram([(x.piece, x.score) for x in proto.pieces], unk_id=0))
t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Strip(),
                                     normalizers.Replace(Regex(' {2,}'), ' ')])
t.pre_tokenizer = pre_tokenizers.Metaspace()
t.decoder = decoders.Metaspace()
hf('hf-precompiled', t)
rust = normalizers.Precompiled(charsmap)
cpp = sentencepiece.SentencePieceNormalizer(rule_name='nmt_nfkc', add_dummy_prefix=False, escape_whitespaces=False,
                                            remove_extra_whitespaces=False)
out['maps'] = dict(rust=[rust.normalize_str(x) for x in q['strings']], cpp=[cpp.Normalize(x) for x in q['strings']])
t = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
t.train_from_iterator(lines, vocab_size=1500, show_progress=False)
hf('hf-wordpiece', t)
t = Tokenizer(models.BPE(unk_token='<unk>', end_of_word_suffix='</w>'))
t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation()])
t.decoder = decoders.BPEDecoder(suffix='</w>')
t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1500, special_tokens=['<unk>'], end_of_word_suffix='</w>',
                                                 show_progress=False))
hf('hf-bpe-end', t)
print(json.dumps(out))
`

describe.skipIf(!python.path)(`bench beside the libraries themselves (${python.reason})`, () => {
  let folder: string
  let texts: string[]
  let answers: Record<string, Answer> & { maps: { rust: string[]; cpp: string[] } }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-bench-'))
    const lines = (await koreanText()).trimEnd().split('\n')
    const some = lines.filter((line, i) => i % 8 === 0 && line.length < 300)
    texts = [...lines.filter((_, i) => i % 40 === 3), ...ODD]
    answers = await runPython(python.path!, TRAIN, { folder, lines: some, texts, strings: strings() })
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('character maps are applied as C++ and Rust apply them', () => {
    const { precompiledCharsmap: map } = parseModel(readFileSync(answers.unigram.path), 'unigram.model').normalizerSpec!
    const { rust, cpp } = answers.maps
    const asked = strings()
    expect(asked.filter((text, i) => applyCharsmap(map, text) !== cpp[i])).toEqual([])
    expect(asked.filter((text, i) => applyCharsmapByGrapheme(map, text) !== rust[i])).toEqual([])
    expect(rust).not.toEqual(cpp)
  })

  it.each([
    ['unigram', 'sentencepiece-js', 'unigram, sentencepiece'],
    ['unigram-bytes', 'sentencepiece-js', 'unigram, sentencepiece'],
    ['bpe-nfkc', 'sentencepiece-js', 'BPE, sentencepiece'],
    ['char', 'sentencepiece-js', 'char, sentencepiece'],
    ['hf-unigram', '@huggingface/tokenizers', 'Unigram'],
    ['hf-precompiled', '@huggingface/tokenizers', 'Unigram'],
    ['hf-wordpiece', '@huggingface/tokenizers', 'WordPiece'],
    ['hf-bpe-end', '@huggingface/tokenizers', 'BPE'],
  ])('%s: ids, texts and sums', async (name, engine, kind) => {
    const answer = answers[name]
    const tokenizer = await openMeasured(answer.path)
    expect(tokenizer).toMatchObject({ name, engine, kind, size: answer.size })
    const differing = texts.filter((text, i) => String(Array.from(tokenizer.encode(text))) !== String(answer.ids[i]))
    expect(differing).toEqual([])
    const { tokenizers } = await bench([tokenizer], [{ name: 'text', lines: () => texts }])
    const { all } = tokenizers[0]
    expect(all.tokens).toBe(answer.ids.flat().length)
    expect(all.utilisation.count).toBe(new Set(answer.ids.flat().filter((id) => tokenizer.special[id] === 0)).size)
    expect(all.unknownTokens.count).toBe(answer.ids.flat().filter((id) => id === tokenizer.unkId).length)
    expect(all.roundTrip.changed).toBe(texts.filter((text, i) => answer.decoded[i] !== text).length)
    // Every line whose characters are all known is laid on its text.
    const known = answer.ids.filter((ids) => !ids.includes(tokenizer.unkId)).length
    expect(texts.length - all.unalignedLines).toBeGreaterThanOrEqual(known)
  })
})
