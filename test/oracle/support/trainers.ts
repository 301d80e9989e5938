/**
 * BPE trainers of other projects, asked for the list of merges or pieces they learn: Hugging Face `tokenizers` (Rust)
 * and SentencePiece (C++), both by way of Python.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PieceKind, type Tokenizer } from '../../../src/tokenizer/types'
import { findPython, runPython } from '../../support/python'

export const huggingFace = findPython(['tokenizers'])
export const sentencePiece = findPython(['sentencepiece'])

/** A word as text, and how often it was seen. */
export type Word = [text: string, count: number]

export interface BpeTrainerQuery {
  /** Texts to be cut by ByteLevel with GPT-2's pattern; or words, which are taken whole. */
  texts?: string[]
  words?: Word[]
  merges: number
  minFrequency: number
}

/**
 * Merges that `BpeTrainer` learns, as `left right` in the order of learning. No special tokens, no limit to the length
 * of a token, the byte alphabet first (for texts) or the characters of the words by code point.
 */
export function askBpeTrainer(query: BpeTrainerQuery): Promise<string[]> {
  return runPython<string[]>(huggingFace.path!, BPE_TRAINER, query)
}

const BPE_TRAINER = `
import json, sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
q = json.load(sys.stdin)
t = Tokenizer(models.BPE())
texts = q.get('texts')
if texts is not None:
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    source = texts
else:
    alphabet = sorted(set(''.join(w for w, _ in q['words'])))
    source = (w for w, n in q['words'] for _ in range(n))
t.train_from_iterator(source, trainer=trainers.BpeTrainer(
    vocab_size=len(alphabet) + q['merges'], min_frequency=q['minFrequency'], initial_alphabet=alphabet,
    special_tokens=[], show_progress=False))
print(json.dumps([' '.join(m) for m in json.loads(t.to_str())['model']['merges']]))
`

export interface SpmTrainQuery {
  /** Lines of text, which spm_train cuts itself, each as if a space stood before it; or counted words. */
  lines?: string[]
  words?: Word[]
  /** Distinct characters in them, the space included. */
  characters: number
  merges: number
}

/**
 * Pieces of two characters and more, in the order in which `spm_train --model_type=bpe --byte_fallback` learns them,
 * without normalization and with all characters covered.
 */
export async function askSpmTrain(query: SpmTrainQuery): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-spm-'))
  try {
    const input = join(folder, query.words ? 'words.tsv' : 'lines.txt')
    const rows = query.words ? query.words.map(([word, count]) => `${word}\t${count}`) : query.lines!
    writeFileSync(input, `${rows.join('\n')}\n`)
    await runPython(sentencePiece.path!, SPM_TRAIN, {
      input,
      input_format: query.words ? 'tsv' : 'text',
      model_prefix: join(folder, 'spm'),
      model_type: 'bpe',
      // <unk>, <s>, </s> and the bytes come first, the characters last.
      vocab_size: 3 + 256 + query.characters + query.merges,
      character_coverage: 1,
      byte_fallback: true,
      normalization_rule_name: 'identity',
      add_dummy_prefix: !query.words,
      remove_extra_whitespaces: false,
      max_sentencepiece_length: 16,
      max_sentence_length: 1 << 20,
      minloglevel: 2,
    })
    const pieces = readFileSync(join(folder, 'spm.vocab'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0])
    return pieces.slice(3 + 256, pieces.length - query.characters)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SPM_TRAIN = `
import json, sys, sentencepiece
sentencepiece.SentencePieceTrainer.Train(**json.load(sys.stdin))
print(json.dumps(True))
`

/** The empty base of SentencePiece form with these characters (`▁` among them) as pieces, by code point. */
export function baseOfCharacters(empty: Tokenizer, characters: Iterable<string>): Tokenizer {
  const sorted = [...new Set(characters)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)
  const kept = empty.pieces.filter((_, id) => empty.kinds[id] !== PieceKind.Normal)
  const pieces = kept.concat(sorted)
  const kinds = new Uint8Array(pieces.length).fill(PieceKind.Normal)
  kinds.set(empty.kinds.filter((kind) => kind !== PieceKind.Normal))
  return { ...empty, pieces, kinds, scores: new Float32Array(pieces.length), sha256: undefined }
}
