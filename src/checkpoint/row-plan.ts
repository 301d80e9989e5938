/** Which row of the grown matrices comes from where. */
import { KoVocabError } from '../errors'
import type { InitMap } from '../init/init-map'

/**
 * - `base`: an id of the base tokenizer, its row is copied
 * - `kept`: a row of the base's matrix that no id of either tokenizer has (the matrix was padded), copied too
 * - `new`: made by the init map
 * - `padding`: an id that only fills the vocabulary; the mean of the base rows
 */
const KINDS = ['base', 'kept', 'new', 'padding'] as const
export type RowKind = (typeof KINDS)[number]

/** Rows `first` to `first + count - 1`. */
export interface RowRun {
  kind: RowKind
  first: number
  count: number
}

export interface RowPlan {
  /** Of the grown matrices; `vocab_size` of config.json. Never smaller than before. */
  rows: number
  runs: RowRun[]
}

/** `init-map --pad-to-multiple` goes as far. */
const MAX_PADDING = 1 << 20

/**
 * The rows of a matrix of `oldRows` rows after the extension. Ids after `map.baseRows` may lie in a padded part of the
 * matrix: their rows there are overwritten. What nobody names is kept below `oldRows`, and is padding above.
 *
 * @param extendedIds ids of the extended tokenizer, its own padding counted
 * @throws KoVocabError `mismatch` when the map names ids that the extended tokenizer cannot have
 */
export function planRows(map: InitMap, oldRows: number, extendedIds: number): RowPlan {
  const lastNew = map.newIds.at(-1) ?? -1
  const lastPadding = map.paddingIds.at(-1) ?? -1
  if (lastNew >= extendedIds || lastPadding >= extendedIds + MAX_PADDING) {
    const what = `the init map has new ids up to ${lastNew} and padding up to ${lastPadding}, the extended tokenizer ${extendedIds} ids`
    throw new KoVocabError('mismatch', what, 'use the init map that was made for this tokenizer')
  }
  const rows = Math.max(oldRows, extendedIds, lastNew + 1, lastPadding + 1)
  const kinds = new Uint8Array(rows).fill(KINDS.indexOf('padding'))
  kinds.fill(KINDS.indexOf('kept'), 0, oldRows).fill(KINDS.indexOf('base'), 0, map.baseRows)
  for (const id of map.paddingIds) kinds[id] = KINDS.indexOf('padding')
  for (const id of map.newIds) kinds[id] = KINDS.indexOf('new')
  const runs: RowRun[] = []
  for (let first = 0, end = 0; first < rows; first = end) {
    while (end < rows && kinds[end] === kinds[first]) end++
    runs.push({ kind: KINDS[kinds[first]], first, count: end - first })
  }
  return { rows, runs }
}

/** [first, last] of every run of a kind. */
export function rangesOf({ runs }: RowPlan, kind: RowKind): [number, number][] {
  return runs.filter((run) => run.kind === kind).map(({ first, count }) => [first, first + count - 1])
}

export function countOf({ runs }: RowPlan, kind: RowKind): number {
  return runs.reduce((sum, run) => sum + (run.kind === kind ? run.count : 0), 0)
}
