/** A whole run: stage after stage, step after step, with evaluations, the gate and checkpoints between them. */
import { throwIfAborted } from '../../errors'
import type { Session, Values } from '../backends/types'
import { learningRateAt } from '../recipes/schedule'
import { turn } from '../turn'
import { feedOf } from './feed'
import { evaluateIfDue, evaluationsUntil, isEvaluationStep } from './judge'
import { knowReference } from './reference'
import { beginRun, namingCheckpoint, type Run, save, tellNote } from './run'
import type { PlannedStage } from './stages'
import type { StepOutcome } from './step'
import { followTrend, isSteady, newTrend } from './trend'
import type { TrainOptions, TrainResult } from './types'

/**
 * Trains as the recipe says. Everything that decides a step is in the weights, the moments and {@link RunState}: a run
 * that goes on from a checkpoint takes the same steps, to the last bit on the same backend.
 *
 * @throws KoVocabError `bad-option`, `unsupported` before anything is computed; `diverged`; `aborted` after a checkpoint
 * was made; what the device and the store throw. Its message names the last checkpoint.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const run = beginRun(options)
  const { stages, state } = run
  let carried: Carried | null = null
  try {
    while (state.stage < stages.length && run.ended === null) {
      throwIfAborted(options.signal)
      const planned = stages[state.stage]
      const session = await openStage(run, planned, carried)
      try {
        await runStage(run, planned, session)
        // Before the checkpoint that says so: a run that is over has its model.
        if (run.ended !== null) await options.keep?.('last', session, state)
        await save(run, planned, session)
        if (run.ended === null && !options.checkpoints) carried = await carryOver(session, planned.touched)
      } finally {
        session.close()
      }
    }
  } catch (error) {
    throw namingCheckpoint(error, run)
  }
  return { state, steps: run.steps, ended: run.ended ?? 'done' }
}

/** A session with the parameters as the stages before have left them, and moments where this one has begun. */
async function openStage(run: Run, planned: PlannedStage, carried: Carried | null): Promise<Session> {
  const { options, state } = run
  const { plan, stage, steps, trainable, notes } = planned
  const session = await options.backend.open(plan)
  try {
    await options.initial(session)
    // While it still is the model of the beginning, whichever stage a run goes on with.
    await knowReference(run, session)
    if (carried !== null) writeCarried(session, carried)
    else if (state.step > 0) await options.checkpoints!.store.load(session, state)
  } catch (error) {
    session.close()
    throw error
  }
  const begins = state.stageStep > 0 ? `goes on after step ${state.stageStep} of ${steps}` : `${steps} steps`
  const which = `stage ${state.stage + 1} of ${run.stages.length}, ${stage.name}`
  tellNote(run, `${which}: ${begins}, ${trainable.toLocaleString('en')} parameters train`)
  for (const note of notes) tellNote(run, note)
  return session
}

/** Parameters through the host, where there is no store that could give them back. */
type Carried = Map<string, Values>

async function carryOver(session: Session, touched: readonly string[]): Promise<Carried> {
  const carried: Carried = new Map()
  for (const { name, tensor } of session.plan.parameters) {
    if (touched.includes(name)) carried.set(name, await session.read(tensor))
  }
  return carried
}

function writeCarried(session: Session, carried: Carried): void {
  for (const { name, tensor } of session.plan.parameters) {
    const values = carried.get(name)
    if (values) session.write(tensor, values)
  }
}

interface Begun {
  stage: string
  learningRate: number
  outcome: Promise<StepOutcome>
}

/**
 * From where the state stands to the end of its stage, or of the run. A step is taken in when the next one is on its
 * way; where something looks at weights or state (an evaluation, a checkpoint, the end), it is taken in before.
 */
async function runStage(run: Run, planned: PlannedStage, session: Session): Promise<void> {
  const { options, state } = run
  const { accumulate = 1, batch, signal, checkpoints, maxSteps } = options
  const { stage, steps } = planned
  const rows = batch * accumulate
  const feed = feedOf(run, planned)
  const begun: Begun[] = []
  const settle = async () => {
    for (const step of begun.splice(0)) takeIn(run, step, await step.outcome)
  }
  const stopIfAborted = async () => {
    if (!signal?.aborted) return
    await settle()
    await save(run, planned, session)
    throwIfAborted(signal)
  }
  const judge = async () => {
    try {
      await evaluateIfDue(run, session)
    } catch (error) {
      // Evaluations take minutes: Ctrl-C does not wait for their end, and the run does this one again.
      if (signal?.aborted) await save(run, planned, session)
      throw error
    }
  }
  let wantsSaving = false
  // Before the first step; and where a run went on that was interrupted in its evaluation.
  await judge()
  for (let stageStep = state.stageStep + 1; stageStep <= steps && run.ended === null; stageStep++) {
    await stopIfAborted()
    const step = planned.before + stageStep
    const learningRate = learningRateAt(stage, stageStep, steps) * state.gate.rateScale
    const first = (stageStep - 1) * rows
    const { outcome } = await feed.begin(session, { first, accumulate, adamStep: stageStep, learningRate })
    await settle()
    begun.push({ stage: stage.name, learningRate, outcome })
    const isLast = stageStep === steps || step === maxSteps
    wantsSaving ||= checkpoints !== undefined && step % checkpoints.every === 0
    if (isLast || wantsSaving || isEvaluationStep(run, step)) await settle()
    if (begun.length === 0) {
      await judge()
      if (step === maxSteps && run.ended === null) run.ended = 'paused'
      if (wantsSaving && !isLast && run.ended === null && isSteady(state.trend)) {
        await save(run, planned, session)
        wantsSaving = false
      }
    }
    await turn()
  }
  if (state.stageStep === steps) endStage(run, feed.counts(steps * rows))
}

/** The state after a step whose loss is known. */
function takeIn(run: Run, { stage, learningRate }: Begun, outcome: StepOutcome): void {
  const { state, pace, steps } = run
  const { checkpoints } = run.options
  const { loss, gradientNorm, lossOf, tokens, flops, preferences } = outcome
  state.trend = followTrend(state.trend, state.step + 1, loss, gradientNorm)
  state.step++
  state.stageStep++
  state.tokens += tokens
  state.flops += flops
  run.tell({
    ...{ kind: 'step', step: state.step, steps, stage, tokens: state.tokens, flops: state.flops },
    ...{ learningRate, loss, gradientNorm, lossOf },
    ...(preferences ? { preferences } : {}),
    tokensPerSecond: pace.step(tokens),
    secondsLeft: pace.left({
      steps: steps - state.step,
      evaluations: evaluationsUntil(run, steps) - evaluationsUntil(run, state.step),
      checkpoints: checkpoints === undefined ? 0 : Math.floor((steps - state.step) / checkpoints.every),
    }),
  })
}

function endStage(run: Run, counts: readonly number[]): void {
  const { state } = run
  state.read = counts.map((count, i) => count + (state.read[i] ?? 0))
  state.stage++
  state.stageStep = 0
  state.trend = newTrend()
  if (state.stage === run.stages.length && run.ended !== 'forgot') run.ended = 'done'
}
