/** What a corpus says of new pieces: where they stand, and which base tokens stood there. */
import { KoVocabError, throwIfAborted } from '../errors'
import { createEncoder, type Encoder, encode } from '../tokenizer/encoder'
import type { Tokenizer } from '../tokenizer/types'
import { type ContextVectors, contextVectors, createTokenLog, logLine } from './context-vectors'
import { spelledBytes } from './spelled-bytes'

/** Which base tokens stood where a new piece stands now. */
export interface Alignment {
  occurrences: number
  /** By base id: its shares of the occurrences, each of which sums to 1. */
  shares: Map<number, number>
}

export interface CorpusStatistics {
  lines: number
  /** Lines that the two tokenizers do not spell alike (`<unk>`, user-defined symbols): not aligned, but counted. */
  unaligned: number
  /** By base id: how often the base's segmentation of the corpus has it. [base rows] */
  baseCounts: Float64Array
  /** By new id; those that were seen. */
  alignments: Map<number, Alignment>
  /** What stands around the tokens of the extended tokenizer; null when it was not asked for. */
  vectors: ContextVectors | null
}

export interface CorpusStatisticsOptions {
  base: Tokenizer
  extended: Tokenizer
  /** Whether contexts are counted too, which `focus` and `omp` need. Default false. */
  contexts?: boolean
  /** Called every thousand lines. */
  onLines?: (lines: number) => void
  signal?: AbortSignal
}

/**
 * Encodes every line with both tokenizers. Tokens are aligned by the bytes that they spell: both normalize alike, so the
 * same text lies under both.
 *
 * Memory: the alignments; with `contexts` 4 bytes a token, of the first 33 million, and 4 KiB a piece.
 *
 * @throws KoVocabError `bad-option` when there are no lines; `aborted`
 */
export async function corpusStatistics(
  lines: AsyncIterable<string> | Iterable<string>,
  options: CorpusStatisticsOptions,
): Promise<CorpusStatistics> {
  const { base, extended, signal } = options
  const baseEncoder = createEncoder(base)
  const extendedEncoder = createEncoder(extended)
  const lengths = Int32Array.from(extended.pieces, (piece, id) => (piece === '' ? 1 : spelledBytes(extended, id)))
  const log = options.contexts ? createTokenLog() : null
  const statistics: CorpusStatistics = {
    lines: 0,
    unaligned: 0,
    baseCounts: new Float64Array(base.pieces.length),
    alignments: new Map(),
    vectors: null,
  }
  for await (const line of lines) {
    const ids = encode(extendedEncoder, line)
    addLine(statistics, baseEncoder, line, ids, lengths)
    if (log) logLine(log, ids)
    if (statistics.lines % 1000 === 0) {
      throwIfAborted(signal)
      options.onLines?.(statistics.lines)
    }
  }
  if (statistics.lines === 0) throw new KoVocabError('bad-option', 'the corpus holds no lines', 'give text')
  if (log) statistics.vectors = contextVectors(log)
  return statistics
}

function addLine(
  statistics: CorpusStatistics,
  encoder: Encoder,
  line: string,
  extendedIds: Int32Array,
  lengths: Int32Array,
): void {
  const baseIds = encode(encoder, line)
  statistics.lines++
  let spelled = 0
  for (let i = 0; i < baseIds.length; i++) {
    statistics.baseCounts[baseIds[i]]++
    spelled += lengths[baseIds[i]]
  }
  for (let i = 0; i < extendedIds.length; i++) spelled -= lengths[extendedIds[i]]
  if (spelled !== 0) statistics.unaligned++
  else alignLine(statistics.alignments, baseIds, extendedIds, lengths, statistics.baseCounts.length)
}

/** Walks both segmentations side by side; `lengths` holds for base ids too, which are the same in both. */
function alignLine(
  alignments: Map<number, Alignment>,
  baseIds: Int32Array,
  extendedIds: Int32Array,
  lengths: Int32Array,
  baseRows: number,
): void {
  let at = 0
  let baseStart = 0
  let start = 0
  for (let i = 0; i < extendedIds.length; i++) {
    const id = extendedIds[i]
    const end = start + lengths[id]
    const from = at
    const fromStart = baseStart
    while (at < baseIds.length && baseStart + lengths[baseIds[at]] <= end) baseStart += lengths[baseIds[at++]]
    if (id >= baseRows) {
      // The token at `at` begins inside the piece and reaches beyond it, unless the piece ends where it begins.
      const until = baseStart < end ? at + 1 : at
      const alignment = alignments.get(id) ?? { occurrences: 0, shares: new Map() }
      if (alignment.occurrences === 0) alignments.set(id, alignment)
      addOccurrence(alignment, baseIds, from, until, lengths, start - fromStart, end - fromStart)
    }
    start = end
  }
}

/** Tokens `from` to `until` - 1; `start` and `end` of the piece, in bytes from the beginning of the first. */
function addOccurrence(
  alignment: Alignment,
  tokens: Int32Array,
  from: number,
  until: number,
  lengths: Int32Array,
  start: number,
  end: number,
): void {
  const inside = (place: number, length: number) => (Math.min(end, place + length) - Math.max(start, place)) / length
  let sum = 0
  for (let i = from, place = 0; i < until; place += lengths[tokens[i++]]) sum += inside(place, lengths[tokens[i]])
  for (let i = from, place = 0; i < until; place += lengths[tokens[i++]]) {
    const share = inside(place, lengths[tokens[i]]) / sum
    alignment.shares.set(tokens[i], (alignment.shares.get(tokens[i]) ?? 0) + share)
  }
  alignment.occurrences++
}
