import { KoVocabError } from '../../errors'
import type { ContextVectors } from '../context-vectors'
import type { CorpusStatistics } from '../corpus-statistics'
import type { InitContext } from './types'

/** @throws KoVocabError `bad-option` when the method has no corpus to count in */
export function corpusOf({ corpus }: InitContext, method: string): CorpusStatistics {
  if (corpus) return corpus
  throw new KoVocabError('bad-option', `the init method ${method} needs a corpus`, `give it with --corpus`)
}

/** @throws KoVocabError `bad-option` when there is no corpus, or its contexts were not counted */
export function vectorsOf(context: InitContext, method: string): ContextVectors {
  const { vectors } = corpusOf(context, method)
  if (vectors) return vectors
  throw new KoVocabError(
    'bad-option',
    `the init method ${method} needs the contexts of the corpus`,
    'gather the statistics with contexts: true',
  )
}
