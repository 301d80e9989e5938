/** For the init methods that count in a corpus: whether they can, and the counting, once the pieces are known. Node only. */
import type { CorpusFile } from './corpus/files'
import { readLines } from './corpus/lines'
import { KoVocabError } from './errors'
import { type CorpusStatistics, corpusStatistics } from './init/corpus-statistics'
import { corpusNeed, type InitMethod } from './init/methods'
import type { Tokenizer } from './tokenizer/types'

/** @throws KoVocabError `bad-option` when a method counts and there are no files that can be read again */
export function requireCorpusForInit(methods: InitMethod[], files: readonly CorpusFile[]): void {
  const counting = methods.filter((method) => corpusNeed([method]) !== 'none')
  if (counting.length === 0 || (files.length > 0 && !files.some(({ stream }) => stream))) return
  const what = `the init method ${counting[0]} counts in the corpus once pieces are learned`
  const hint = 'give a corpus of files, or another method here and then ko-vocab init-map --corpus'
  throw new KoVocabError('bad-option', `${what}, and there is none that can be read again`, hint)
}

/** Reads the corpus again, where a method needs it. */
export async function countForInit(
  methods: InitMethod[],
  files: readonly CorpusFile[],
  tokenizers: { base: Tokenizer; extended: Tokenizer },
  signal?: AbortSignal,
): Promise<CorpusStatistics | undefined> {
  const need = corpusNeed(methods)
  if (need === 'none') return undefined
  return corpusStatistics(readLines(files, { signal }), { ...tokenizers, contexts: need === 'contexts', signal })
}
