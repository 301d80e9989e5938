/** A text to evaluate on, tokenized once: every evaluation sees the same windows. */
import { KoVocabError, throwIfAborted } from '../../errors'
import { createEncoder, encodeBytes } from '../../tokenizer/encoder'
import type { Tokenizer } from '../../tokenizer/types'
import { evaluationStart } from '../data/windows'
import type { EvaluationOfSet } from '../run/metrics'

export interface EvaluationSet {
  name: string
  role: EvaluationOfSet['role']
  /** UTF-8, none empty. */
  documents: Uint8Array[]
  /** The ids of each document, without special tokens. */
  ids: ReadonlyMap<Uint8Array, Int32Array>
  /** What stands in front of each. */
  start: number[]
  /** UTF-8 of all documents. */
  bytes: number
}

export interface EvaluationSetOptions {
  name: string
  /** Default null: watched, without consequences. */
  role?: EvaluationOfSet['role']
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  tokenizer: Tokenizer
  /** No document is begun once as many bytes are taken. Default: all. */
  maxBytes?: number
  signal?: AbortSignal
}

/**
 * Memory: the text, and 4 bytes a token.
 *
 * @throws KoVocabError `bad-option` where there is no text; `unsupported` as {@link evaluationStart}; `aborted`
 */
export async function evaluationSet(options: EvaluationSetOptions): Promise<EvaluationSet> {
  const { name, role = null, tokenizer, maxBytes = Number.POSITIVE_INFINITY, signal } = options
  const encoder = createEncoder(tokenizer)
  const documents: Uint8Array[] = []
  const ids = new Map<Uint8Array, Int32Array>()
  let bytes = 0
  for await (const text of options.documents) {
    throwIfAborted(signal)
    if (bytes >= maxBytes) break
    if (text.length === 0) continue
    documents.push(text)
    ids.set(text, encodeBytes(encoder, text).slice())
    bytes += text.length
  }
  if (bytes > 0) return { name, role, documents, ids, start: evaluationStart(tokenizer), bytes }
  throw new KoVocabError('bad-option', `${name}: holds no text to evaluate on`, 'give it a file with text')
}
