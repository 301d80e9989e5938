/** What the frozen model says of every pair: known before the first step, and for good. */
import type { Session } from '../backends/types'
import { answerSums } from '../objectives/answer-sums'
import { type Run, tellNote } from './run'

/** Sums of negative log-likelihood, [2 · pairs] each: see answerSums. */
export interface ReferenceSums {
  learned: Float64Array
  /** Of the pairs that are measured on, by name. */
  measured: Record<string, Float64Array>
}

/** Keeps them from one sitting to the next. */
export interface ReferenceStore {
  /** Null where none are kept yet. */
  load: () => Promise<ReferenceSums | null>
  save: (sums: ReferenceSums) => Promise<void>
}

/**
 * Loads the sums, or computes them by the parameters that the session has, which must be those of the beginning.
 *
 * @throws KoVocabError as answerSums and the store
 */
export async function knowReference(run: Run, session: Session): Promise<void> {
  const { preferences, signal } = run.options
  if (!preferences || run.reference) return
  const { batches, measured = [], store, onProgress = () => {} } = preferences
  run.reference = (await store?.load()) ?? null
  if (run.reference) return
  const all = [batches, ...measured.map((one) => one.batches)]
  const total = all.reduce((sum, { pairs }) => sum + pairs, 0)
  tellNote(run, `reference: what the model at the beginning says of ${total.toLocaleString('en')} pairs`)
  let before = 0
  const found: Float64Array[] = []
  for (const one of all) {
    found.push(await answerSums(session, one, { onProgress: (done) => onProgress(before + done, total), signal }))
    before += one.pairs
  }
  const [learned, ...others] = found
  run.reference = { learned, measured: Object.fromEntries(measured.map(({ name }, i) => [name, others[i]])) }
  await store?.save(run.reference)
  run.pace.pause('other')
}
