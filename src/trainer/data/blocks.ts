/** What a training or evaluation step is fed: rows of tokens with what is to be predicted at each. */
import { KoVocabError } from '../../errors'
import { IGNORED } from '../plan/step-inputs'
import type { TokenRange } from './packing'
import type { TokenStore } from './token-store'

/** All four arrays are [rows, length], row by row. */
export interface Blocks {
  rows: number
  length: number
  ids: Int32Array
  /**
   * The token that follows each input in its document, so already shifted (Hugging Face shifts inside the model);
   * {@link IGNORED} at the last token of a document, in padding, and where that token is not learned. It may stand in
   * another row than its input, when a document is cut: every token but a document's first is the label of one place, if
   * it is learned.
   */
  labels: Int32Array
  /** For RoPE: from 0 at the beginning of each document, and of each part of one that was cut. */
  positions: Int32Array
  /**
   * The place in the row from which on each place may be looked at: that of the document's first token in this row.
   * Never falls along a row, and is never behind the place itself. A place of padding sees itself alone.
   */
  documentStart: Int32Array
  /** Places that hold a token. */
  tokens: number
  /** Places that have a label: what a mean loss divides by. */
  targets: number
}

export function emptyBlocks(rows: number, length: number, pad: number): Blocks {
  const documentStart = new Int32Array(rows * length)
  for (let i = 0; i < documentStart.length; i++) documentStart[i] = i % length
  return {
    rows,
    length,
    ids: new Int32Array(rows * length).fill(pad),
    labels: new Int32Array(rows * length).fill(IGNORED),
    positions: new Int32Array(rows * length),
    documentStart,
    tokens: 0,
    targets: 0,
  }
}

/**
 * Puts ranges of a store into a row, one after another from its beginning.
 *
 * @throws KoVocabError `bad-file` for a token that the vocabulary does not have
 */
export function fillRow(
  blocks: Blocks,
  row: number,
  ranges: readonly TokenRange[],
  store: TokenStore,
  vocabulary: number,
): void {
  let column = 0
  for (const { start, length } of ranges) {
    // One more: the label of the last place.
    const ids = store.read(start, start + length + 1)
    requireKnown(ids, vocabulary, start)
    const starts = store.startsWithin(start, start + length + 1)
    const learned = store.learned?.(start, start + length + 1)
    let next = 0
    for (let i = 0, first = 0; i < length; i++) {
      const at = row * blocks.length + column + i
      if (starts[next] === start + i) {
        first = i
        next++
      }
      blocks.ids[at] = ids[i]
      blocks.positions[at] = i - first
      blocks.documentStart[at] = column + first
      if (i + 1 < ids.length && starts[next] !== start + i + 1 && learned?.[i + 1] !== 0) {
        blocks.labels[at] = ids[i + 1]
        blocks.targets++
      }
    }
    blocks.tokens += length
    column += length
  }
}

function requireKnown(ids: Int32Array, vocabulary: number, start: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue
    const what = `token ${start + i} is ${ids[i]}, which the vocabulary of ${vocabulary} ids does not have`
    throw new KoVocabError('bad-file', `encoded text: ${what}`, 'remove the encoded text, so that it is made again')
  }
}
