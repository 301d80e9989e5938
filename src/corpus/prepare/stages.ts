/** The road through the steps: stretches that any thread can do, and steps between them that must see all in order. */
import { kindOf } from './read-steps'
import type { PrepareStep } from './types'

/** Steps of which each needs but one document at a time. */
export interface Segment {
  /** Counts the segments, from 0. */
  number: number
  /** Indices of its steps; none where only digests are wanted. */
  steps: number[]
  /** Indices of the steps behind it, one after the other, whose digests are made of what leaves it. */
  digests: number[]
  /** Whether it is the last thing that happens, where tokens are counted. */
  last: boolean
}

export type Stage = { segment: Segment } | { step: number }

/**
 * A step that waits for all documents ends a row of digests, since waiting documents go without them; so does one that
 * changes texts.
 *
 * @param waits whether a step that remembers looks at all documents before its first verdict
 * @param isLastWanted whether something is to be done to the documents behind the last step
 */
export function planStages(
  steps: readonly PrepareStep[],
  waits: (step: number) => boolean,
  isLastWanted: boolean,
): Stage[] {
  const stages: Stage[] = []
  let number = 0
  let segment: Segment | null = null
  const open = (): Segment => {
    if (segment) return segment
    segment = { number: number++, steps: [], digests: [], last: false }
    stages.push({ segment })
    return segment
  }
  for (const [i, step] of steps.entries()) {
    const { remembers, digest } = kindOf(step)
    if (!remembers) {
      if (segment && (segment as Segment).digests.length > 0) segment = null
      open().steps.push(i)
      continue
    }
    if (digest) open().digests.push(i)
    stages.push({ step: i })
    if (waits(i) || remembers === 'to change' || !digest) segment = null
  }
  if (isLastWanted) {
    const final = stages.at(-1)
    if (!final || !('segment' in final)) segment = null
    open().last = true
  }
  return stages
}
