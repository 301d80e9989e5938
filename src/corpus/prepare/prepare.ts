/** Documents through the steps: one after the other where it can be, with a stop where a step must see all first. */
import { throwIfAborted } from '../../errors'
import { utf8Bytes } from '../../text/length'
import { batchesOf, type DocumentSource } from './batches'
import { checkSteps, kindOf } from './read-steps'
import {
  countSource,
  createTally,
  emptyReport,
  mergeTally,
  type StepTally,
  sampleKey,
  stepReport,
  tally,
} from './report'
import { type Batch, type BatchResult, hiderOf, openSegment, type SegmentContext } from './segment'
import { planStages, type Segment } from './stages'
import type { Digests, PrepareDocument, PrepareReport, PrepareStep, StepRun } from './types'

/** Documents that wait while a step looks at all of them. */
export interface Spill {
  /** @param place of the document, as a batch's result told it; null where it has changed since, or nobody told one */
  write: (document: PrepareDocument, place?: number | null) => void | Promise<void>
  /** From the first; may be asked several times, after the last write. */
  read: () => DocumentSource
  /** They are needed no more. */
  drop: () => void | Promise<void>
}

export interface PrepareOptions extends Omit<SegmentContext, 'seed' | 'countTokens'> {
  seed?: number
  /** Where documents wait. Default: in memory. */
  openSpill?: () => Spill | Promise<Spill>
  /** Called once, when the last document has gone. */
  onReport?: (report: PrepareReport) => void
  /** Every few hundred documents; `total` is 0 while nobody knows how many there are. */
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * What is left of the documents after the steps, in their order. The same documents and steps give the same result; the
 * seed matters to sampling alone.
 *
 * Memory: some hundred documents, and what the steps need (see their docstrings). Steps that must see all documents
 * before their first verdict (boilerplate, near) make them wait in a spill.
 *
 * @param steps as in the YAML: `['nfc', { length: { 'min-characters': 20 } }]`
 * @throws KoVocabError `bad-option` as {@link checkSteps}; `aborted`; errors of `documents` and of the spill pass through
 */
export async function* prepareDocuments(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
  steps: readonly unknown[],
  options: PrepareOptions = {},
): AsyncGenerator<PrepareDocument> {
  for await (const batch of runSteps(batchesOf(documents), checkSteps(steps), options)) yield* batch
}

/** Batches through a segment, in their order. */
export type RunSegment = (segment: Segment, batches: AsyncIterable<Batch>) => AsyncIterable<BatchResult>

export interface RunStepsOptions extends PrepareOptions {
  /** Who does what needs one document at a time. Default: this thread. */
  runSegment?: RunSegment
  /** Called once, behind onReport; makes {@link RunSegment} count the tokens of what is left (see `last` of a segment). */
  onTokens?: (bySource: Record<string, number>) => void
}

/**
 * {@link prepareDocuments} in batches, with steps that are checked already. How documents are cut into batches, and who
 * does them, changes nothing.
 */
export async function* runSteps(
  documents: AsyncIterable<PrepareDocument[]>,
  steps: readonly PrepareStep[],
  options: RunStepsOptions = {},
): AsyncGenerator<PrepareDocument[]> {
  const { seed = 1, openItems, onTokens, signal, onProgress } = options
  const context = { seed, openItems }
  const runSegment = options.runSegment ?? runHere(steps, context)
  const hide = hiderOf(steps)
  const tallies = steps.map(createTally)
  const figures: Record<string, number>[] = steps.map(() => ({}))
  const remembering = new Map<number, StepRun>()
  for (const [i, step] of steps.entries()) {
    const kind = kindOf(step)
    const count = (figure: string) => {
      tallies[i].figures[figure] = (tallies[i].figures[figure] ?? 0) + 1
    }
    if (kind.remembers) remembering.set(i, await kind.start(step.options, { ...context, count }))
  }
  const report = emptyReport()
  const tokens: Record<string, number> = {}
  const add = (segment: Segment, result: BatchResult) => {
    for (const [place, i] of segment.steps.entries()) {
      mergeTally(tallies[i], result.tallies[place])
      figures[i] = result.figures[place]
    }
    for (const [source, count] of Object.entries(result.tokens ?? {})) tokens[source] = (tokens[source] ?? 0) + count
  }
  let flow = withoutDigests(countIn(documents, report))
  for (const stage of planStages(steps, (i) => remembering.get(i)!.passes > 0, onTokens !== undefined)) {
    if ('segment' in stage) {
      const { segment } = stage
      flow = throughSegment(flow, segment, runSegment, (result) => add(segment, result))
      continue
    }
    const run = remembering.get(stage.step)!
    if (run.passes > 0) flow = afterPasses(flow, run, steps[stage.step].name, options)
    flow = remembered(flow, run, tallies[stage.step], hide)
  }
  let done = 0
  for await (const { documents: left } of flow) {
    throwIfAborted(signal)
    done += left.length
    onProgress?.('prepare', done, 0)
    for (const document of left) countSource(report, document, utf8Bytes(document.text), 'Out')
    if (left.length > 0) yield left
  }
  report.steps = steps.map((step, i) => {
    return stepReport(step, tallies[i], remembering.get(i)?.figures?.() ?? figures[i])
  })
  options.onReport?.(report)
  onTokens?.(tokens)
}

/** A batch on its way, with the digests for the steps that follow. */
interface Flow {
  documents: PrepareDocument[]
  digests: Digests[]
  /** Of each document. */
  places: (number | null)[] | null
}

async function* withoutDigests(batches: AsyncIterable<PrepareDocument[]>): AsyncGenerator<Flow> {
  for await (const documents of batches) yield { documents, digests: [], places: null }
}

async function* countIn(
  batches: AsyncIterable<PrepareDocument[]>,
  report: PrepareReport,
): AsyncGenerator<PrepareDocument[]> {
  for await (const documents of batches) {
    for (const document of documents) countSource(report, document, utf8Bytes(document.text), 'In')
    yield documents
  }
}

/** A segment's work on the calling thread. */
export function runHere(steps: readonly PrepareStep[], context: SegmentContext): RunSegment {
  return async function* (segment, batches) {
    const work = await openSegment(segment, steps, context)
    for await (const batch of batches) yield work(batch)
  }
}

async function* throughSegment(
  flow: AsyncIterable<Flow>,
  segment: Segment,
  runSegment: RunSegment,
  add: (result: BatchResult) => void,
): AsyncGenerator<Flow> {
  const numbered = async function* (): AsyncGenerator<Batch> {
    let at = 0
    for await (const { documents } of flow) {
      yield { at, documents }
      at += documents.length
    }
  }
  for await (const result of runSegment(segment, numbered())) {
    add(result)
    const { documents, digests, place } = result
    yield { documents, digests, places: place === undefined ? null : documents.map((_, i) => place + i) }
  }
}

/** Documents by the verdicts of a step that has to see them in their order. */
async function* remembered(
  flow: AsyncIterable<Flow>,
  run: StepRun,
  into: StepTally,
  hide: (text: string) => string,
): AsyncGenerator<Flow> {
  let at = 0
  for await (const { documents, digests, places } of flow) {
    const [own = null, ...others] = digests
    const kept: number[] = []
    const left: PrepareDocument[] = []
    const leftPlaces: (number | null)[] = []
    for (const [i, document] of documents.entries()) {
      const verdict = run.judge(document, at, own, i)
      tally(into, document, verdict, sampleKey(at++), utf8Bytes(document.text), hide)
      if (typeof verdict !== 'string') continue
      kept.push(i)
      const same = verdict === document.text
      left.push(same ? document : { ...document, text: verdict })
      if (places) leftPlaces.push(same ? places[i] : null)
    }
    const leftDigests = others.map((digest) => pick(digest, documents.length, kept))
    yield { documents: left, digests: leftDigests, places: places && leftPlaces }
  }
}

/** The digests of some of a batch's documents. */
function pick<D extends Digests>(digests: D, count: number, kept: readonly number[]): D {
  if (kept.length === count) return digests
  const width = digests.length / count
  const picked = digests.slice(0, kept.length * width) as D
  for (const [to, from] of kept.entries()) picked.set(digests.subarray(from * width, (from + 1) * width), to * width)
  return picked
}

async function* afterPasses(
  flow: AsyncIterable<Flow>,
  run: StepRun,
  name: string,
  options: PrepareOptions,
): AsyncGenerator<Flow> {
  const { openSpill = memorySpill, onProgress, signal } = options
  const spill = await openSpill()
  let waiting = 0
  try {
    for (let pass = 0; pass < run.passes; pass++) {
      const stage = run.passes === 1 ? name : `${name}, pass ${pass + 1}`
      let at = 0
      for await (const { documents, digests, places } of pass === 0 ? flow : withoutDigests(batchesOf(spill.read()))) {
        throwIfAborted(signal)
        for (const [i, document] of documents.entries()) {
          if (pass === 0) {
            const written = spill.write(document, places?.[i] ?? null)
            if (written) await written
          }
          run.observe?.(document, at++, pass, digests[0] ?? null, i)
        }
        onProgress?.(stage, at, waiting)
      }
      waiting = at
      run.passed?.(pass)
    }
    yield* withoutDigests(batchesOf(spill.read()))
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
