/** Models beside each other on the same texts, each with its own tokenizer: `ko-vocab evaluate` as a function. Node only. */
import { basename, resolve } from 'node:path'
import { expandDomains, nameAndPath } from '../../corpus/domains'
import type { ReadingOptions } from '../../corpus/format'
import { KoVocabError } from '../../errors'
import { openBase } from '../../extend/open-base'
import type { Backend } from '../backends/types'
import type { DocumentEnd } from '../data/documents'
import { readDocuments } from '../data/read-documents'
import { loadParameters, openModel } from '../load'
import { buildPlan } from '../plan/build'
import type { EvaluationOfSet } from '../run/metrics'
import { evaluateSet } from './evaluate'
import { evaluationSet } from './sets'

export interface EvaluateModelsOptions {
  /** Folders of Hugging Face models; `name=folder` gives one a name. */
  models: readonly string[]
  /** Texts: each file is one, `name=path` makes one of a folder or a glob. */
  data: readonly string[]
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  backend: Backend
  /** Positions of a window; by default 2,048, or as many as all of the models have. */
  length?: number
  /** Tokens from one window to the next; half of the length by default. */
  stride?: number
  /** Windows that are computed at once; 4 by default. It does not change the result. */
  batch?: number
  /** Most bytes of each text. Default: all. */
  maxBytes?: number
  /** Where documents end: at blank lines by default. */
  documents?: DocumentEnd
  /** Stage for people, bytes so far, bytes in all. */
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

export interface EvaluatedModel {
  name: string
  folder: string
  /** Ids of its tokenizer. */
  vocabulary: number
  /** In the order of the texts. */
  sets: EvaluationOfSet[]
}

export interface EvaluatedModels {
  length: number
  stride: number
  models: EvaluatedModel[]
}

/**
 * One model is in memory at a time.
 *
 * @throws KoVocabError as openModel, openBase and expandInputs; `mismatch` where a tokenizer has more ids than its model
 * rows; `bad-option` for a length that is longer than a model's positions
 */
export async function evaluateModels(options: EvaluateModelsOptions): Promise<EvaluatedModels> {
  const { backend, batch = 4, maxBytes, documents: ends, onProgress = () => {}, signal } = options
  const texts = await expandDomains(options.data, { ...options.reading, overlapping: true })
  const opened = []
  for (const spec of options.models) {
    const [name, folder] = await nameAndPath(spec)
    const model = await openModel(folder)
    const tokenizer = await openBase({ base: folder })
    if (tokenizer.pieces.length > model.config.vocabSize) {
      const what = `the tokenizer has ${tokenizer.pieces.length} ids, the model ${model.config.vocabSize} rows`
      throw new KoVocabError('mismatch', `${folder}: ${what}`, 'tokenizer and weights do not belong together')
    }
    opened.push({ name: name ?? basename(resolve(folder)), folder, model, tokenizer })
  }
  const most = Math.min(...opened.map(({ model: { config } }) => config.slidingWindow ?? config.maxPositions))
  const length = options.length ?? Math.min(2048, most)
  const short = opened.find(({ model: { config } }) => config.maxPositions < length)
  if (short) {
    const what = `${short.folder}: has ${short.model.config.maxPositions} positions, fewer than windows of ${length}`
    throw new KoVocabError('bad-option', what, `give --length ${most}, or less`)
  }
  const names = opened.map(({ name }) => name)
  const models: EvaluatedModel[] = []
  for (const [i, { name, folder, model, tokenizer }] of opened.entries()) {
    const session = await backend.open(
      buildPlan(model.config, { batch, length, train: () => false, bindingBytes: backend.bindingBytes }),
    )
    const called = names.indexOf(name) === names.lastIndexOf(name) ? name : folder
    try {
      const onLoaded = (done: number, total: number) => onProgress(`load ${called}`, done, total)
      await loadParameters(model, session, { signal, onProgress: onLoaded })
      const sets: EvaluationOfSet[] = []
      for (const text of texts) {
        const documents = readDocuments(text.files, { ends, signal })
        const set = await evaluationSet({ name: text.name, documents, tokenizer, maxBytes, signal })
        const stage = `${called} on ${text.name} (${i + 1} of ${opened.length})`
        const onEvaluated = (done: number, total: number) => onProgress(stage, done, total)
        sets.push(await evaluateSet(session, set, { stride: options.stride, signal, onProgress: onEvaluated }))
      }
      models.push({ name: called, folder, vocabulary: tokenizer.pieces.length, sets })
    } finally {
      session.close()
    }
  }
  return { length, stride: options.stride ?? Math.max(1, Math.floor(length / 2)), models }
}
