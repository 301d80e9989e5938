/** What happened to the documents, step by step, while they go through. */
import { utf8Bytes } from '../../text/length'
import { mix32 } from './hash128'
import type { PrepareDocument, PrepareReport, PrepareStep, StepReport, StepRun, StepSample, Verdict } from './types'

export const SAMPLES = 20
export const SAMPLE_CHARACTERS = 160

export interface StepTally {
  report: StepReport
  run: StepRun
  /** Keys of the samples that are kept, beside them. */
  keys: number[]
}

export function createTally({ name, options }: PrepareStep, run: StepRun): StepTally {
  const counts = { documentsIn: 0, documentsOut: 0, bytesIn: 0, bytesOut: 0, changed: 0, removed: 0 }
  return { report: { name, options, ...counts, reasons: {}, figures: {}, samples: [] }, run, keys: [] }
}

/**
 * Counts one verdict.
 *
 * @param bytes of the text as it came
 * @param hide what is done to texts before they are shown: with personal data masks on, no sample shows personal data
 * @returns the bytes of the text as it goes
 */
export function tally(
  into: StepTally,
  document: PrepareDocument,
  verdict: Verdict,
  bytes: number,
  hide: (text: string) => string,
): number {
  const { report } = into
  const at = report.documentsIn++
  report.bytesIn += bytes
  if (typeof verdict === 'string') {
    report.documentsOut++
    const same = verdict === document.text
    const out = same ? bytes : utf8Bytes(verdict)
    report.bytesOut += out
    if (!same) {
      report.changed++
      sample(into, at, () => changeSample(document, verdict, hide))
    }
    return out
  }
  if ('copies' in verdict) {
    report.documentsOut += verdict.copies
    report.bytesOut += bytes * verdict.copies
    if (verdict.copies > 1) report.changed++
    return bytes
  }
  report.removed++
  report.reasons[verdict.removed] = (report.reasons[verdict.removed] ?? 0) + 1
  sample(into, at, () => ({
    id: document.id,
    before: cut(hide(document.text), 0),
    after: null,
    reason: verdict.removed,
    ...(verdict.seen === undefined ? {} : { seen: hide(verdict.seen) }),
  }))
  return 0
}

/**
 * Keeps the samples of the documents whose number hashes lowest: spread over all, and the same whatever the machine.
 */
function sample(into: StepTally, at: number, make: () => StepSample): void {
  const key = mix32(at + 1) >>> 0
  const { keys, report } = into
  if (keys.length === SAMPLES && key >= keys[SAMPLES - 1]) return
  let place = keys.length
  while (place > 0 && keys[place - 1] > key) place--
  keys.splice(place, 0, key)
  report.samples.splice(place, 0, make())
  if (keys.length > SAMPLES) {
    keys.pop()
    report.samples.pop()
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

export function emptyReport(steps: StepReport[]): PrepareReport {
  return { documentsIn: 0, documentsOut: 0, bytesIn: 0, bytesOut: 0, sources: {}, steps }
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
