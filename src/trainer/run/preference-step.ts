/**
 * One step of DPO: the policy's likelihood of every answer first, which says what each of them weighs in the gradient, then
 * forward and backward with these weights. All micro-batches are evaluated before the first of them is learned from: the
 * parameters stay what they were, and the host waits for the device once.
 */
import type { Session, Values } from '../backends/types'
import { sumsOf, unweighted } from '../objectives/answer-sums'
import { answerNll, dpoWeights, positionWeights } from '../objectives/dpo'
import type { PreferenceBatches, PreferenceBlocks } from '../objectives/preferences'
import { batchInputs, updateInputs } from '../plan/step-inputs'
import { attendedPairs } from './flops'
import { type BegunStep, readLater, type StepOptions, stepFlops } from './step'

export interface PreferenceStep {
  batches: PreferenceBatches
  /** [2 · pairs]: of the frozen model; see answerSums. */
  reference: Float64Array
  /** Above 0. */
  beta: number
}

/**
 * As beginStep; resolves once the policy's likelihoods are known and all else is on its way. The loss is a mean over the
 * pairs of all micro-batches.
 */
export async function beginPreferenceStep(
  session: Session,
  { batches, reference, beta }: PreferenceStep,
  { first, accumulate, adamStep, learningRate }: StepOptions,
): Promise<BegunStep> {
  const { plan } = session
  const parts = Array.from({ length: accumulate }, (_, i) => batches.read(first + i * plan.batch, plan.batch))
  const reads: Promise<Values>[] = []
  for (const blocks of parts) {
    await session.run('evaluate', batchInputs(plan, unweighted(blocks)))
    reads.push(readLater(session, plan.outputs.nll))
  }
  await session.run('zero')
  const pairs = sum(parts.map((blocks) => blocks.pairs.length))
  const found = { loss: 0, accuracy: 0, margin: 0 }
  const answers = [
    { nll: 0, labels: 0 },
    { nll: 0, labels: 0 },
  ]
  for (const [i, blocks] of parts.entries()) {
    const nll = answerNll(blocks, await reads[i])
    const step = dpoWeights(nll, sumsOf(blocks, reference), beta)
    const part = blocks.pairs.length / pairs
    for (const key of ['loss', 'accuracy', 'margin'] as const) found[key] += part * step[key]
    addAnswers(answers, blocks, nll)
    const weights = positionWeights(
      blocks,
      step.weights.map((weight) => part * weight),
    )
    await session.run('forward', batchInputs(plan, { ...unweighted(blocks), weights }))
    await session.run('backward')
  }
  await session.run('update', updateInputs(plan, adamStep, learningRate))
  const norm = readLater(session, plan.outputs.normSquared!)
  const attended = sum(parts.map(({ documentStart }) => attendedPairs(documentStart, plan.length)))
  const [chosen, rejected] = answers.map((answer) => answer.nll / answer.labels)
  const outcome = (async () => ({
    loss: found.loss,
    gradientNorm: Math.sqrt((await norm)[0]),
    lossOf: { chosen, rejected },
    tokens: sum(parts.map(({ tokens }) => tokens)),
    flops: stepFlops(session, accumulate, attended, ['evaluate', 'forward', 'backward']),
    preferences: { pairs, accuracy: found.accuracy, margin: found.margin },
  }))()
  outcome.catch(() => {})
  return { outcome }
}

/** Of all chosen answers, and of all rejected ones. */
function addAnswers(answers: { nll: number; labels: number }[], { answer }: PreferenceBlocks, nll: Float64Array): void {
  nll.forEach((value, i) => {
    answers[i % 2].nll += value
  })
  for (const one of answer) if (one >= 0) answers[one % 2].labels++
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
