/** Bits per byte of a model on texts: the same for every tokenizer that spells them, so that models can be compared. */
import { throwIfAborted } from '../../errors'
import type { Session, Values } from '../backends/types'
import { type EvaluationBlocks, evaluationWindows } from '../data/windows'
import { batchInputs } from '../plan/step-inputs'
import type { EvaluationOfSet } from '../run/metrics'
import { turn } from '../turn'
import type { EvaluationSet } from './sets'

export interface EvaluateOptions {
  /** See WindowOptions.stride; half of the plan's length by default. */
  stride?: number
  /** Bytes so far, bytes in all: of the documents that are through. */
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Every token of every document is predicted once, from at least `length` - `stride` tokens before it where there are so
 * many (see {@link evaluationWindows}). The batch of the plan decides how many windows run at once, not the result: that
 * differs by the rounding of float32 alone. Sums are taken in float64.
 *
 * Uses the program `evaluate`; to be called between steps. Parameters and optimizer stay as they are.
 *
 * @throws KoVocabError `bad-option` for a stride out of range; `aborted`; what the device throws
 */
export async function evaluateSet(
  session: Session,
  set: EvaluationSet,
  options: EvaluateOptions = {},
): Promise<EvaluationOfSet> {
  const { plan } = session
  const { name, role, documents, ids, start } = set
  const { stride, onProgress = () => {}, signal } = options
  const windows = evaluationWindows(documents, (text) => ids.get(text)!, {
    ...{ length: plan.length, rows: plan.batch, stride, start },
  })
  const total = { nll: 0, bytes: 0, tokens: 0 }
  const weights = new Float32Array(plan.batch * plan.length)
  // One batch is on its way while the next one is made: the device never waits for the host to add up.
  let before: Promise<Values> | null = null
  const takeIn = async () => {
    for (const nll of (await before) ?? []) total.nll += nll
    before = null
  }
  for await (const blocks of windows) {
    throwIfAborted(signal)
    await session.run('evaluate', batchInputs(plan, { ...asBatch(blocks), weights }))
    const reading = session.read(plan.outputs.nll)
    // A failure is met where it is awaited, in the next round at the latest.
    reading.catch(() => {})
    await takeIn()
    before = reading
    total.bytes += blocks.bytes
    total.tokens += blocks.targets
    onProgress(total.bytes, set.bytes)
    await turn()
  }
  await takeIn()
  return {
    ...{ name, role },
    bitsPerByte: total.nll / Math.LN2 / total.bytes,
    bytes: total.bytes,
    tokens: total.tokens,
    perplexity: Math.exp(total.nll / total.tokens),
  }
}

function asBatch({ ids, documentStart, labels }: EvaluationBlocks) {
  return { ids, documentStart, labels }
}
