import type { Check, Failure } from './types'
import { MAX_FAILURES } from './types'

/** Collects what one check finds. */
export interface Collector {
  count: (examined?: number) => void
  fail: (failure: Failure) => void
  note: (note: string) => void
  skip: (reason: string) => void
  check: () => Check
}

/** @param id begins with the number of the invariant: `3-scope-sweep` */
export function collect(id: string, title: string): Collector {
  const check: Check = {
    id,
    title,
    invariant: Number.parseInt(id, 10),
    passed: true,
    counted: 0,
    failures: [],
    failureCount: 0,
  }
  return {
    count: (examined = 1) => {
      check.counted += examined
    },
    fail: (failure) => {
      check.passed = false
      check.failureCount++
      if (check.failures.length < MAX_FAILURES) check.failures.push(failure)
    },
    note: (note) => {
      check.notes = [...(check.notes ?? []), note]
    },
    skip: (reason) => {
      check.skipped = reason
    },
    check: () => check,
  }
}

/** Text for a report: quoted, control characters and lone halves escaped, cut when long. */
export function show(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 117)}…` : text
  return JSON.stringify(cut).replace(
    /[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\ufeff\ue000-\uf8ff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function sameIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Ids for a report, the first 40. */
export function someIds(ids: ArrayLike<number>): number[] {
  return Array.from(ids).slice(0, 40)
}

/** Lets timers and an AbortSignal's source run. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
