/** Text to evaluate on, cut into windows in which every token is predicted exactly once. */
import { KoVocabError } from '../../errors'
import { compilePostProcessor } from '../../tokenizer/post-process'
import type { Tokenizer } from '../../tokenizer/types'
import { type Blocks, emptyBlocks } from './blocks'
import { specialId } from './document-encoder'

export interface WindowOptions {
  /** Tokens a row. */
  length: number
  rows: number
  /**
   * Each window of a document begins so many tokens after the one before it, and predicts only what that one did not:
   * every token sees at least `length` - `stride` others, where its document has them. From 1 to `length`, where
   * windows do not overlap. Default: half of `length`.
   */
  stride?: number
  /** Ids in front of each document, which are not predicted: without one, its first token could not be either. */
  start: readonly number[]
  /** No document is begun once as many bytes are taken. Default: all. */
  maxBytes?: number
  /** Input id of padding. Default 0. */
  pad?: number
}

export interface EvaluationBlocks extends Blocks {
  /** UTF-8 bytes of the documents whose last token is a label of these rows; the sums of both belong together. */
  bytes: number
  documents: number
}

/**
 * What stands in front of a document to be evaluated: what the post-processor puts there, else BOS, else EOS, as
 * lm-evaluation-harness does for its rolling log-likelihood.
 *
 * @throws KoVocabError `unsupported` when the tokenizer has none of these
 */
export function evaluationStart(tokenizer: Tokenizer): number[] {
  const { before } = compilePostProcessor(tokenizer.postProcessor)
  if (before.length > 0) return before
  const id = specialId(tokenizer, 'bos') ?? specialId(tokenizer, 'eos')
  if (id !== null) return [id]
  const hint = 'name bos_token or eos_token in its tokenizer_config.json'
  throw new KoVocabError('unsupported', 'the tokenizer has no token to put in front of a text', hint)
}

/**
 * Documents as windows, several short ones in one row, each seeing itself alone. The sum of the losses of all labels,
 * divided by ln 2 and by the sum of `bytes`, is bits per byte: it can be compared across tokenizers, since the text is
 * the same however it is cut. Memory: the rows and a document.
 *
 * @param documents as UTF-8; empty ones are passed over
 * @param encode the ids of a document's text, without special tokens
 * @throws KoVocabError `bad-option` for sizes out of range
 */
export async function* evaluationWindows(
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  encode: (text: Uint8Array) => Int32Array,
  options: WindowOptions,
): AsyncGenerator<EvaluationBlocks> {
  const { length, rows, start, maxBytes = Number.POSITIVE_INFINITY, pad = 0 } = options
  const stride = options.stride ?? Math.max(1, Math.floor(length / 2))
  requireSizes(length, rows, stride, start)
  let blocks = emptyEvaluation(rows, length, pad)
  let row = 0
  let column = 0
  let taken = 0
  for await (const text of documents) {
    if (taken >= maxBytes) break
    const ids = joined(start, encode(text))
    taken += text.length
    const last = ids.length - 1
    if (last < start.length) continue
    // Ids up to `covered` need no prediction any more.
    let covered = start.length - 1
    for (let from = 0; covered < last; from += stride) {
      const to = Math.min(from + length, last)
      if (column + to - from > length) {
        row++
        column = 0
      }
      if (row === rows) {
        yield blocks
        blocks = emptyEvaluation(rows, length, pad)
        row = 0
      }
      for (let i = from; i < to; i++) {
        const at = row * length + column + i - from
        blocks.ids[at] = ids[i]
        blocks.positions[at] = i - from
        blocks.documentStart[at] = column
        if (i + 1 <= covered) continue
        blocks.labels[at] = ids[i + 1]
        blocks.targets++
      }
      blocks.tokens += to - from
      column += to - from
      covered = Math.max(covered, to)
    }
    blocks.bytes += text.length
    blocks.documents++
  }
  if (blocks.tokens > 0) yield blocks
}

function joined(start: readonly number[], text: Int32Array): Int32Array {
  const ids = new Int32Array(start.length + text.length)
  ids.set(start)
  ids.set(text, start.length)
  return ids
}

const emptyEvaluation = (rows: number, length: number, pad: number): EvaluationBlocks => ({
  ...emptyBlocks(rows, length, pad),
  bytes: 0,
  documents: 0,
})

function requireSizes(length: number, rows: number, stride: number, start: readonly number[]): void {
  for (const [name, value] of Object.entries({ length, rows, stride })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new KoVocabError('bad-option', `${name} must be a whole number above 0, not ${value}`)
  }
  if (stride > length) {
    const hint = 'a stride of the length itself gives windows that do not overlap'
    throw new KoVocabError('bad-option', `the stride ${stride} is above the length ${length}`, hint)
  }
  if (start.length === 0) {
    throw new KoVocabError('bad-option', 'a document needs an id in front of it', 'see evaluationStart')
  }
}
