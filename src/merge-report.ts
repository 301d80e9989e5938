/** What a merge of donors tells: a summary for programs and people, and a table with a line a donor piece. */
import type { Donor } from './donors/types'
import type { TokenMeasure } from './measure/tokens'
import { type DonorMerges, FATES, type Fate, type PieceFate } from './merges/from-donors/types'
import { readableText } from './tokenizer/readable-piece'
import type { Tokenizer } from './tokenizer/types'

export interface MergeMeasure {
  /** `corpus`: lines of the text that ranked the pieces, and that `extend` has learned from. */
  text: 'test' | 'corpus'
  before: TokenMeasure
  after: TokenMeasure
  /** As many pieces learned from the corpus alone; null when that was not asked for, or without a corpus. */
  extend: TokenMeasure | null
  extendPieces: number | null
}

export interface MergeReport {
  format: 'ko-vocab-merge'
  format_version: '1'
  donors: {
    name: string
    format: Donor['format']
    normalizer: string | null
    priority: number
    /** What its order means. */
    orderedBy: Donor['orderedBy']
    pieces: number
    /** Pieces whose text was restored: see DonorPiece. */
    restored: { nfc: number; nfkc: number }
    fates: Partial<Record<Fate, number>>
    notes: string[]
  }[]
  rankedBy: 'counts' | 'donor'
  /** New pieces of donors, and of none. */
  added: number
  intermediates: { id: number; piece: string; neededBy: number; example: string }[]
  measure: MergeMeasure | null
}

export function mergeReport(given: {
  base: Tokenizer
  donors: readonly Donor[]
  priorities: readonly number[]
  merges: DonorMerges
  symbols: number
  measure: MergeMeasure | null
}): MergeReport {
  const { base, donors, priorities, merges, symbols, measure } = given
  const readable = readableText(base.form)
  const first = base.pieces.length + symbols
  return {
    format: 'ko-vocab-merge',
    format_version: '1',
    donors: donors.map((donor, d) => {
      const own = merges.fates.filter((fate) => fate.donor === d)
      const restored = (how: PieceFate['restored']) => own.filter((fate) => fate.restored === how).length
      return {
        name: donor.name,
        format: donor.format,
        normalizer: donor.normalizer,
        priority: priorities[d],
        orderedBy: donor.orderedBy,
        pieces: donor.pieces.length,
        restored: { nfc: restored('nfc'), nfkc: restored('nfkc') },
        fates: countFates(own),
        notes: donor.notes,
      }
    }),
    rankedBy: merges.learned.meta.ranked_by === 'counts' ? 'counts' : 'donor',
    added: merges.learned.pieces.length - merges.intermediates.length,
    intermediates: merges.intermediates.map(({ piece, rank, neededBy, example }) => ({
      id: first + rank,
      piece: readable(piece),
      neededBy,
      example: readable(example),
    })),
    measure,
  }
}

/** By reason, in the order of {@link FATES}, those that occur. */
function countFates(fates: readonly PieceFate[]): Partial<Record<Fate, number>> {
  const counts: Partial<Record<Fate, number>> = {}
  for (const fate of FATES) {
    const count = fates.filter((piece) => piece.fate === fate).length
    if (count > 0) counts[fate] = count
  }
  return counts
}

const COLUMNS = ['donor', 'spelled', 'piece', 'fate', 'id', 'count', 'score', 'restored', 'needs', 'why']

/**
 * Tab-separated, with a heading: a line for each piece of each donor, in their order, then the intermediates. Tabs, line
 * ends and backslashes of a field are written `\t`, `\n`, `\r` and `\\`.
 */
export function mergeTable(given: {
  base: Tokenizer
  donors: readonly Donor[]
  merges: DonorMerges
  symbols: number
}): string {
  const { base, donors, merges, symbols } = given
  const { pieces } = merges.learned
  const readable = readableText(base.form)
  const first = base.pieces.length + symbols
  // Without a corpus nothing was counted.
  const countOf = (rank: number) => (merges.learned.meta.ranked_by === 'counts' ? String(pieces[rank].count) : '')
  const rows = merges.fates.map((fate) => [
    donors[fate.donor].name,
    fate.spelled,
    fate.piece === null ? '' : readable(fate.piece),
    fate.fate,
    fate.rank === null ? '' : String(first + fate.rank),
    fate.rank === null ? '' : countOf(fate.rank),
    fate.score === null ? '' : String(fate.score),
    fate.restored ?? '',
    fate.needs.map(readable).join(' '),
    fate.why ?? '',
  ])
  for (const { piece, rank, neededBy, example } of merges.intermediates) {
    const why = `${neededBy} pieces are made with it, first ${readable(example)}`
    rows.push(['', '', readable(piece), 'intermediate', String(first + rank), countOf(rank), '', '', '', why])
  }
  return [COLUMNS, ...rows].map((row) => `${row.map(escapeField).join('\t')}\n`).join('')
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function escapeField(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (char) => ESCAPES[char])
}
