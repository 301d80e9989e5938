/** The likelihood that a model gives to both answers of every pair: of the frozen reference once, of the policy at every step. */
import { KoVocabError, throwIfAborted } from '../../errors'
import type { Session } from '../backends/types'
import { emptyBlocks } from '../data/blocks'
import { type Batch, batchInputs } from '../plan/step-inputs'
import type { Plan } from '../plan/types'
import { turn } from '../turn'
import { answerNll } from './dpo'
import type { PreferenceBatches, PreferenceBlocks } from './preferences'

/** What `evaluate` takes: nothing is weighed, the outputs are those of each position. */
export function unweighted({ ids, documentStart, labels }: PreferenceBlocks): Batch {
  return { ids, documentStart, labels, weights: new Float32Array(ids.length) }
}

export interface AnswerSumsOptions {
  /** Pairs so far, pairs in all. */
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * [2 · pairs]: the sum of negative log-likelihood of each answer, in nats; that of pair p at 2p (chosen) and 2p + 1
 * (rejected). Uses the program `evaluate`; to be called between steps. Sums are taken in float64, in the order of the
 * pairs' positions, so that they do not depend on what else stands in a block.
 *
 * @throws KoVocabError `diverged` for one that is not finite; `aborted`; what the device throws
 */
export async function answerSums(
  session: Session,
  batches: PreferenceBatches,
  { onProgress = () => {}, signal }: AnswerSumsOptions = {},
): Promise<Float64Array> {
  const { plan } = session
  const sums = new Float64Array(2 * batches.pairs)
  let done = 0
  for (let row = 0; row < batches.rows; row += plan.batch) {
    throwIfAborted(signal)
    const blocks = wholeBatch(batches.inOrder(row, Math.min(plan.batch, batches.rows - row)), plan)
    await session.run('evaluate', batchInputs(plan, unweighted(blocks)))
    const own = answerNll(blocks, await session.read(plan.outputs.nll))
    blocks.pairs.forEach((pair, p) => {
      sums.set(own.subarray(2 * p, 2 * p + 2), 2 * pair)
    })
    done += blocks.pairs.length
    onProgress(done, batches.pairs)
    await turn()
  }
  const broken = sums.findIndex((sum) => !Number.isFinite(sum))
  if (broken < 0) return sums
  const what = `pair ${Math.floor(broken / 2) + 1} of ${batches.pairs}: its ${broken % 2 ? 'rejected' : 'chosen'} answer`
  throw new KoVocabError(
    'diverged',
    `${what} has a log-likelihood of ${-sums[broken]}`,
    'look whether the weights of the model are finite',
  )
}

/** The sums of the pairs of some blocks, as {@link answerNll} numbers them. */
export function sumsOf({ pairs }: Pick<PreferenceBlocks, 'pairs'>, sums: Float64Array): Float64Array {
  const own = new Float64Array(2 * pairs.length)
  pairs.forEach((pair, p) => {
    own.set(sums.subarray(2 * pair, 2 * pair + 2), 2 * p)
  })
  return own
}

/** As many rows as the plan has: those that are missing hold nothing. */
function wholeBatch(blocks: PreferenceBlocks, { batch, length }: Plan): PreferenceBlocks {
  if (blocks.rows === batch) return blocks
  const whole: PreferenceBlocks = {
    ...emptyBlocks(batch, length, 0),
    answer: new Int32Array(batch * length).fill(-1),
    pairs: blocks.pairs,
  }
  for (const key of ['ids', 'labels', 'positions', 'documentStart', 'answer'] as const) whole[key].set(blocks[key])
  return { ...whole, tokens: blocks.tokens, targets: blocks.targets }
}
