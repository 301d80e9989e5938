/** What happened to the documents, step by step, while they go through. */
import { utf8Bytes } from '../../text/length'
import { mix32 } from './hash128'
import type { PrepareDocument, PrepareReport, PrepareStep, StepReport, StepSample, Verdict } from './types'

export const SAMPLES = 20
export const SAMPLE_CHARACTERS = 160

/** What happened at a step to some of the documents, or to all of them. */
export interface StepTally extends Omit<StepReport, 'name' | 'options'> {
  /** Of the samples, beside them, ascending. */
  keys: number[]
}

export function createTally(): StepTally {
  const counts = { documentsIn: 0, documentsOut: 0, bytesIn: 0, bytesOut: 0, changed: 0, removed: 0 }
  return { ...counts, reasons: {}, figures: {}, samples: [], keys: [] }
}

/** Adds what happened to the documents that followed: as if all had been counted in one. */
export function mergeTally(into: StepTally, next: StepTally): void {
  for (const key of ['documentsIn', 'documentsOut', 'bytesIn', 'bytesOut', 'changed', 'removed'] as const) {
    into[key] += next[key]
  }
  for (const key of ['reasons', 'figures'] as const) {
    for (const [name, count] of Object.entries(next[key])) into[key][name] = (into[key][name] ?? 0) + count
  }
  for (const [i, made] of next.samples.entries()) sample(into, next.keys[i], () => made)
}

export function stepReport(
  { name, options }: PrepareStep,
  tally: StepTally,
  figures: StepReport['figures'],
): StepReport {
  const { keys: _, ...counted } = tally
  return { name, options, ...counted, figures: { ...figures, ...counted.figures } }
}

/** Documents are drawn for samples by their numbers, whatever the machine and the threads. */
export const sampleKey = (at: number): number => mix32(at + 1) >>> 0

/**
 * Counts one verdict.
 *
 * @param key of the document, by which samples are chosen (see sampleKey)
 * @param bytes of the text as it came
 * @param hide what is done to texts before they are shown: with personal data masks on, no sample shows personal data
 * @returns the bytes of the text as it goes
 */
export function tally(
  into: StepTally,
  document: PrepareDocument,
  verdict: Verdict,
  key: number,
  bytes: number,
  hide: (text: string) => string,
): number {
  into.documentsIn++
  into.bytesIn += bytes
  if (typeof verdict === 'string') {
    into.documentsOut++
    const same = verdict === document.text
    const out = same ? bytes : utf8Bytes(verdict)
    into.bytesOut += out
    if (!same) {
      into.changed++
      sample(into, key, () => changeSample(document, verdict, hide))
    }
    return out
  }
  if ('copies' in verdict) {
    into.documentsOut += verdict.copies
    into.bytesOut += bytes * verdict.copies
    if (verdict.copies > 1) into.changed++
    return bytes
  }
  into.removed++
  into.reasons[verdict.removed] = (into.reasons[verdict.removed] ?? 0) + 1
  sample(into, key, () => ({
    id: document.id,
    before: cut(hide(document.text), 0),
    after: null,
    reason: verdict.removed,
    ...(verdict.seen === undefined ? {} : { seen: hide(verdict.seen) }),
  }))
  return 0
}

/**
 * Keeps the samples with the lowest keys, of equal ones the first: so parts of the documents can be counted apart.
 */
function sample(into: StepTally, key: number, make: () => StepSample): void {
  const { keys, samples } = into
  if (keys.length === SAMPLES && key >= keys[SAMPLES - 1]) return
  let place = keys.length
  while (place > 0 && keys[place - 1] > key) place--
  keys.splice(place, 0, key)
  samples.splice(place, 0, make())
  if (keys.length > SAMPLES) {
    keys.pop()
    samples.pop()
  }
}

function changeSample({ id, text }: PrepareDocument, changed: string, hide: (text: string) => string): StepSample {
  const [before, after] = [hide(text), hide(changed)]
  // Masks may have made both the same: then there is nothing to show but the masked text.
  let from = 0
  while (from < before.length && from < after.length && before[from] === after[from]) from++
  const start = from === before.length && from === after.length ? 0 : Math.max(0, from - SAMPLE_CHARACTERS / 4)
  return { id, before: cut(before, start), after: cut(after, start) }
}

function cut(text: string, start: number): string {
  const end = start + SAMPLE_CHARACTERS
  const part = text.slice(start, end)
  // Not in the middle of a surrogate pair: the report is UTF-8.
  const whole = part.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
  return `${start > 0 ? '…' : ''}${whole}${end < text.length ? '…' : ''}`
}

export function emptyReport(): PrepareReport {
  return { documentsIn: 0, documentsOut: 0, bytesIn: 0, bytesOut: 0, sources: {}, steps: [] }
}

/** Counts a document at the beginning or the end of the road. */
export function countSource(report: PrepareReport, document: PrepareDocument, bytes: number, side: 'In' | 'Out'): void {
  const { source } = document
  if (!Object.hasOwn(report.sources, source)) {
    report.sources[source] = { documentsIn: 0, documentsOut: 0, bytesIn: 0, bytesOut: 0, licenses: {} }
  }
  const of = report.sources[source]
  report[`documents${side}`]++
  report[`bytes${side}`] += bytes
  of[`documents${side}`]++
  of[`bytes${side}`] += bytes
  if (side === 'In') return
  const license = document.license ?? 'unknown'
  of.licenses[license] = (of.licenses[license] ?? 0) + 1
}
