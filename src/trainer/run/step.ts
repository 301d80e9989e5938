/** One step: zero, forward and backward for every micro-batch, update. */
import type { Session, Values } from '../backends/types'
import type { Batches } from '../data/batches'
import { batchInputs, updateInputs } from '../plan/step-inputs'
import type { ProgramName } from '../plan/types'
import { attendedPairs, flopsOf } from './flops'
import type { StepMetrics } from './metrics'

export interface StepOutcome {
  /** What is minimized: the mean negative log-likelihood of the labels in nats, or DPO's loss. */
  loss: number
  /** Before clipping. */
  gradientNorm: number
  lossOf: Record<string, number>
  /** Tokens that were read, padding apart. */
  tokens: number
  flops: number
  preferences?: StepMetrics['preferences']
}

export interface BegunStep {
  outcome: Promise<StepOutcome>
}

export interface StepOptions {
  /** Row of the stage at which it begins. */
  first: number
  accumulate: number
  /** Of the optimizer, counted from 1. */
  adamStep: number
  learningRate: number
}

/**
 * Puts a step on its way. Losses are read behind the operations that make them, and nobody waits for them here: while the
 * device is at it, the host makes the next batch.
 *
 * @returns resolves when the step is on its way, with a promise of what it gave
 */
export async function beginStep(
  session: Session,
  batches: Batches,
  { first, accumulate, adamStep, learningRate }: StepOptions,
): Promise<BegunStep> {
  const { plan } = session
  const { batch, length, outputs } = plan
  const rows = batch * accumulate
  const blocks = batches.read(first, rows)
  const weight = blocks.targets > 0 ? 1 / blocks.targets : 0
  const size = batch * length
  const reads: Promise<Values>[] = []
  let pairs = 0
  await session.run('zero')
  for (let at = 0; at < rows * length; at += size) {
    const part = (values: Int32Array) => values.subarray(at, at + size)
    const labels = part(blocks.labels)
    const documentStart = part(blocks.documentStart)
    const weights = Float32Array.from(labels, (label) => (label < 0 ? 0 : weight))
    await session.run('forward', batchInputs(plan, { ids: part(blocks.ids), documentStart, labels, weights }))
    reads.push(readLater(session, outputs.nll))
    await session.run('backward')
    pairs += attendedPairs(documentStart, length)
  }
  const loss = readLater(session, outputs.loss)
  await session.run('update', updateInputs(plan, adamStep, learningRate))
  const norm = readLater(session, outputs.normSquared!)
  const names = batches.description.sources.map(({ name }) => name)
  const outcome = (async () => {
    const nll = await Promise.all(reads)
    return {
      loss: (await loss)[0],
      gradientNorm: Math.sqrt((await norm)[0]),
      lossOf: lossBySource(nll, blocks.labels, length, (row) => names[blocks.sources[row]]),
      tokens: blocks.tokens,
      flops: stepFlops(session, accumulate, pairs, ['forward', 'backward']),
    }
  })()
  outcome.catch(() => {})
  return { outcome }
}

/** What fails is met where the value is awaited, and is no rejection that nobody heard until then. */
export function readLater(session: Session, tensor: number): Promise<Values> {
  const reading = session.read(tensor)
  reading.catch(() => {})
  return reading
}

function lossBySource(
  parts: readonly Values[],
  labels: Int32Array,
  length: number,
  nameOf: (row: number) => string,
): Record<string, number> {
  const sums = new Map<string, { nll: number; labels: number }>()
  let at = 0
  for (const nll of parts) {
    for (const value of nll) {
      if (labels[at] >= 0) {
        const name = nameOf(Math.floor(at / length))
        const sum = sums.get(name) ?? { nll: 0, labels: 0 }
        sum.nll += value
        sum.labels++
        sums.set(name, sum)
      }
      at++
    }
  }
  return Object.fromEntries([...sums].sort().map(([name, { nll, labels }]) => [name, nll / labels]))
}

/**
 * @param pairs of a query and a key, of all micro-batches
 * @param programs that run once for each of them
 */
export function stepFlops(
  { plan }: Session,
  accumulate: number,
  pairs: number,
  programs: readonly ProgramName[],
): number {
  let flops = flopsOf(plan, 'update').fixed
  for (const name of programs) {
    const { fixed, perPair } = flopsOf(plan, name)
    flops += accumulate * fixed + pairs * perPair
  }
  return flops
}
