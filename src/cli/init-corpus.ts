/** The corpus of `init-map` and `compare-init`: counted as far as the methods ask for it. */
import { type CorpusFile, expandInputs, totalBytes } from '../corpus/files'
import type { ReadingOptions } from '../corpus/format'
import { readLines } from '../corpus/lines'
import { KoVocabError } from '../errors'
import { type CorpusStatistics, corpusStatistics } from '../init/corpus-statistics'
import { corpusNeed, type InitMethod } from '../init/methods'
import type { Tokenizer } from '../tokenizer/types'
import type { Context } from './context'

/** @throws KoVocabError `bad-option` when a method needs a corpus and there is none */
export function requireCorpus(methods: readonly InitMethod[], corpus: readonly string[] | undefined): void {
  const needing = methods.find((method) => corpusNeed([method]) !== 'none')
  if (needing === undefined || corpus !== undefined) return
  throw new KoVocabError(
    'bad-option',
    `the init method ${needing} needs a corpus`,
    'give text of the language with --corpus',
  )
}

export interface ReadCorpus {
  files: CorpusFile[]
  /** undefined when no method asks for it. */
  statistics: CorpusStatistics | undefined
}

/** Reads the corpus once; not at all where no method asks for it. */
export async function readCorpus(
  { terminal, progress }: Context,
  tokenizers: { base: Tokenizer; extended: Tokenizer },
  methods: readonly InitMethod[],
  corpus: readonly string[] | undefined,
  reading: ReadingOptions,
): Promise<ReadCorpus> {
  const need = corpusNeed(methods)
  if (corpus === undefined || need === 'none') return { files: [], statistics: undefined }
  const files = await expandInputs(corpus, reading)
  const { signal } = terminal
  const total = totalBytes(files)
  let done = 0
  const onBytes = (bytes: number) => {
    done += bytes
    progress.update('count', total > 0 ? Math.min(done, total) : done, total)
  }
  const lines = readLines(files, { signal, onBytes })
  const statistics = await corpusStatistics(lines, { ...tokenizers, contexts: need === 'contexts', signal })
  progress.clear()
  return { files, statistics }
}
