/** Donors as teams have them, trained by the tools that teams use. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { koreanText } from '../../support/fixtures'
import { runPython } from '../../support/python'
import { sharedDir, sharedLines } from '../../support/shared'
import { huggingFace, sentencePiece } from './trainers'

/** For titles. */
export const donorText = sharedDir ? 'on ../shared/data/ko' : 'on user-interface text, ../shared being absent'

/**
 * Two texts of different domains, a few MB each, and a third that is in neither. Without ../shared every third line of
 * Korean user-interface text.
 */
export async function threeTexts(): Promise<[string, string, string]> {
  if (!sharedDir) {
    const lines = (await koreanText()).trimEnd().split('\n')
    const third = (n: number) => lines.filter((_, i) => i % 3 === n).join('\n')
    return [third(0), third(1), third(2)]
  }
  const [legal, reviews, petitions] = await Promise.all([
    sharedLines('legal', 8_000, 7),
    sharedLines('reviews', 20_000, 5),
    sharedLines('petitions', 1_500, 7),
  ])
  return [legal, reviews, petitions].map((lines) => lines.join('\n')) as [string, string, string]
}

export interface SpmDonor {
  kind: 'unigram' | 'bpe'
  normalizer: 'nmt_nfkc' | 'identity'
  pieces: number
}

/** `spm_train` on a text file, with its defaults for the rest. @returns the path of the .model */
export async function trainSpm(file: string, { kind, normalizer, pieces }: SpmDonor, folder: string): Promise<string> {
  const prefix = join(folder, `${kind}-${normalizer}-${pieces}`)
  await runPython(sentencePiece.path!, SPM_TRAIN, {
    input: file,
    model_prefix: prefix,
    model_type: kind,
    vocab_size: pieces,
    hard_vocab_limit: false,
    normalization_rule_name: normalizer,
    max_sentence_length: 1 << 17,
    num_threads: 2,
    minloglevel: 2,
  })
  return `${prefix}.model`
}

const SPM_TRAIN = `
import json, sys, sentencepiece
sentencepiece.SentencePieceTrainer.Train(**json.load(sys.stdin))
print(json.dumps(True))
`

/** WordPiece as BERTs have it, cased. @returns the path of its tokenizer.json */
export async function trainWordPiece(lines: readonly string[], pieces: number, folder: string): Promise<string> {
  const path = join(folder, 'wordpiece.json')
  await runPython(huggingFace.path!, WORDPIECE, { lines, pieces, path })
  return path
}

const WORDPIECE = `
import json, sys
from tokenizers import BertWordPieceTokenizer
q = json.load(sys.stdin)
t = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
t.train_from_iterator(q['lines'], vocab_size=q['pieces'], show_progress=False)
t.save(q['path'])
print(json.dumps(True))
`

/** Words of Hangul with their counts behind a TAB, in no order. @returns the path of the list */
export function writeWordList(text: string, least: number, folder: string): string {
  const counts = new Map<string, number>()
  for (const [word] of text.matchAll(/(?<![^\s])[가-힣]+(?![^\s])/g)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const lines = [...counts].filter(([, count]) => count >= least).map(([word, count]) => `${word}\t${count}`)
  const path = join(folder, 'words.tsv')
  writeFileSync(path, `${lines.sort().join('\n')}\n`)
  return path
}

/** A worker of bench/, which reads JSON on standard input and prints JSON. */
export function askWorker<T>(name: string, query: unknown): Promise<T> {
  return runPython<T>(
    sentencePiece.path!,
    fileURLToPath(new URL(`../../../bench/workers/${name}`, import.meta.url)),
    query,
  )
}
