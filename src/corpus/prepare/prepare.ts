/** Documents through the steps: one after the other where it can be, with a stop where a step must see all first. */
import { throwIfAborted } from '../../errors'
import { utf8Bytes } from '../../text/length'
import { checkSteps, kindOf } from './read-steps'
import { countSource, createTally, emptyReport, type StepTally, tally } from './report'
import type { Copies, PrepareDocument, PrepareReport, PrepareStep, StepContext } from './types'

/** Documents that wait while a step looks at all of them. */
export interface Spill {
  write: (document: PrepareDocument) => void | Promise<void>
  /** From the first; may be asked several times, after the last write. */
  read: () => AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>
  /** They are needed no more. */
  drop: () => void | Promise<void>
}

export interface PrepareOptions extends Partial<StepContext> {
  /** Where documents wait. Default: in memory. */
  openSpill?: () => Spill | Promise<Spill>
  /** Called once, when the last document has gone. */
  onReport?: (report: PrepareReport) => void
  /** Every thousand documents; `total` is 0 while nobody knows how many there are. */
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * What is left of the documents after the steps, in their order. The same documents and steps give the same result; the
 * seed matters to sampling alone.
 *
 * Memory: a document, and what the steps need (see their docstrings). Steps that must see all documents before their
 * first verdict (boilerplate, near) make them wait in a spill.
 *
 * @param steps as in the YAML: `['nfc', { length: { 'min-characters': 20 } }]`
 * @throws KoVocabError `bad-option` as {@link checkSteps}; `aborted`; errors of `documents` and of the spill pass through
 */
export async function* prepareDocuments(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  steps: readonly unknown[],
  options: PrepareOptions = {},
): AsyncGenerator<PrepareDocument> {
  yield* runSteps(documents, checkSteps(steps), options)
}

/** {@link prepareDocuments} with steps that are checked already. */
export async function* runSteps(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  steps: readonly PrepareStep[],
  options: PrepareOptions = {},
): AsyncGenerator<PrepareDocument> {
  const { seed = 1, openItems, onReport } = options
  const tallies: StepTally[] = []
  for (const step of steps) {
    tallies.push(createTally(step, await kindOf(step).start(step.options, { seed, openItems })))
  }
  const hide = hiderOf(tallies)
  const report = emptyReport(tallies.map((one) => one.report))
  let flow: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument> = countIn(documents, report)
  for (const [waits, group] of groupsOf(tallies)) {
    if (waits) flow = afterPasses(flow, group[0], options)
    flow = through(flow, group, hide)
  }
  let done = 0
  for await (const document of flow) {
    if (++done % 1000 === 0) {
      throwIfAborted(options.signal)
      options.onProgress?.('prepare', done, 0)
    }
    countSource(report, document, utf8Bytes(document.text), 'Out')
    yield document
  }
  for (const { report: step, run } of tallies) step.figures = run.figures?.() ?? {}
  onReport?.(report)
}

/** Steps that follow each other without a stop, and whether the first of them makes the documents wait. */
function groupsOf(tallies: readonly StepTally[]): [waits: boolean, group: StepTally[]][] {
  const groups: [boolean, StepTally[]][] = []
  for (const one of tallies) {
    const waits = one.run.passes > 0
    if (waits || groups.length === 0) groups.push([waits, [one]])
    else groups[groups.length - 1][1].push(one)
  }
  return groups
}

/** With masks for personal data among the steps, the samples of all steps are masked. */
function hiderOf(tallies: readonly StepTally[]): (text: string) => string {
  const masks = tallies.flatMap(({ run }) => (run.hide ? [run.hide] : []))
  return (text) => masks.reduce((hidden, mask) => mask(hidden), text)
}

async function* countIn(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  report: PrepareReport,
): AsyncGenerator<PrepareDocument> {
  for await (const document of documents) {
    countSource(report, document, utf8Bytes(document.text), 'In')
    yield document
  }
}

async function* through(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  group: readonly StepTally[],
  hide: (text: string) => string,
): AsyncGenerator<PrepareDocument> {
  const at = new Array<number>(group.length).fill(0)
  const from = (document: PrepareDocument, first: number): PrepareDocument[] => {
    let current = document
    let bytes = utf8Bytes(document.text)
    for (let i = first; i < group.length; i++) {
      const verdict = group[i].run.judge(current, at[i]++)
      bytes = tally(group[i], current, verdict, bytes, hide)
      if (typeof verdict === 'string') {
        if (verdict !== current.text) current = { ...current, text: verdict }
      } else if ('copies' in verdict) {
        if (verdict.copies > 1) return copiesOf(current, verdict).flatMap((copy) => from(copy, i + 1))
      } else return []
    }
    return [current]
  }
  for await (const document of documents) yield* from(document, 0)
}

function copiesOf(document: PrepareDocument, { copies }: Copies): PrepareDocument[] {
  return Array.from({ length: copies }, (_, i) => (i === 0 ? document : { ...document, id: `${document.id}+${i}` }))
}

async function* afterPasses(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  { run, report }: StepTally,
  options: PrepareOptions,
): AsyncGenerator<PrepareDocument> {
  const { openSpill = memorySpill, onProgress, signal } = options
  const spill = await openSpill()
  let waiting = 0
  try {
    for (let pass = 0; pass < run.passes; pass++) {
      const stage = run.passes === 1 ? report.name : `${report.name}, pass ${pass + 1}`
      let at = 0
      for await (const document of pass === 0 ? documents : spill.read()) {
        if (pass === 0) await spill.write(document)
        run.observe?.(document, at++, pass)
        if (at % 1000 === 0) {
          throwIfAborted(signal)
          onProgress?.(stage, at, waiting)
        }
      }
      waiting = at
      run.passed?.(pass)
    }
    yield* spill.read()
  } finally {
    await spill.drop()
  }
}

function memorySpill(): Spill {
  let documents: PrepareDocument[] = []
  return {
    write: (document) => void documents.push(document),
    read: () => documents,
    drop: () => {
      documents = []
    },
  }
}
