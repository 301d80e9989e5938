/** A batch of documents through the steps of a segment: what a thread does. */
import { utf8Bytes } from '../../text/length'
import { kindOf } from './read-steps'
import { createTally, type StepTally, sampleKey, tally } from './report'
import type { Segment } from './stages'
import type { Copies, Digests, PrepareDocument, PrepareStep, StepContext, StepRun } from './types'

export interface Batch {
  /** The number of the first document among those that reach the segment. */
  at: number
  documents: PrepareDocument[]
}

/** Plain data, which goes from thread to thread and into a journal. */
export interface BatchResult {
  documents: PrepareDocument[]
  /** Where whoever ran the batch keeps the first of them, the others behind it; a spill may make use of it. */
  place?: number
  /** One for each of the segment's `digests`. */
  digests: Digests[]
  /** One for each of the segment's `steps`. */
  tallies: StepTally[]
  /** Figures of the steps that are the same in every batch. */
  figures: Record<string, number>[]
  /** Of what is left, by source; null where nobody counts. */
  tokens: Record<string, number> | null
}

export interface SegmentContext extends Omit<StepContext, 'count'> {
  /** Of the documents behind the last step. */
  countTokens?: ((text: string) => number) | null
}

/** @returns does a batch; batches do not depend on each other */
export async function openSegment(
  segment: Segment,
  steps: readonly PrepareStep[],
  { countTokens, ...context }: SegmentContext,
): Promise<(batch: Batch) => BatchResult> {
  const hide = hiderOf(steps)
  const digesters = segment.digests.map((i) => kindOf(steps[i]).digest!(steps[i].options))
  let tallies: StepTally[] = []
  const runs: StepRun[] = []
  for (const [place, i] of segment.steps.entries()) {
    const count = (figure: string) => {
      const { figures } = tallies[place]
      figures[figure] = (figures[figure] ?? 0) + 1
    }
    runs.push(await kindOf(steps[i]).start(steps[i].options, { ...context, count }))
  }
  const figures = runs.map((run) => run.figures?.() ?? {})
  const through = (document: PrepareDocument, from: number, key: number): PrepareDocument[] => {
    let current = document
    let bytes = from < runs.length ? utf8Bytes(document.text) : 0
    for (let i = from; i < runs.length; i++) {
      const verdict = runs[i].judge(current, -1, null, -1)
      bytes = tally(tallies[i], current, verdict, key, bytes, hide)
      if (typeof verdict === 'string') {
        if (verdict !== current.text) current = { ...current, text: verdict }
      } else if ('copies' in verdict) {
        if (verdict.copies > 1) return copiesOf(current, verdict).flatMap((copy) => through(copy, i + 1, key))
      } else return []
    }
    return [current]
  }
  return ({ at, documents }) => {
    tallies = runs.map(createTally)
    const left = documents.flatMap((document, i) => through(document, 0, sampleKey(at + i)))
    const digests = digesters.map((digest) => digest(left))
    const tokens = segment.last && countTokens ? tokensOf(left, countTokens) : null
    return { documents: left, digests, tallies, figures, tokens }
  }
}

function copiesOf(document: PrepareDocument, { copies }: Copies): PrepareDocument[] {
  return Array.from({ length: copies }, (_, i) => (i === 0 ? document : { ...document, id: `${document.id}+${i}` }))
}

/** With masks for personal data among the steps, the samples of all steps are masked. */
export function hiderOf(steps: readonly PrepareStep[]): (text: string) => string {
  const masks = steps.flatMap((step) => kindOf(step).hide?.(step.options) ?? [])
  return (text) => masks.reduce((hidden, mask) => mask(hidden), text)
}

function tokensOf(documents: readonly PrepareDocument[], count: (text: string) => number): Record<string, number> {
  const tokens: Record<string, number> = {}
  for (const { source, text } of documents) tokens[source] = (tokens[source] ?? 0) + count(text)
  return tokens
}
