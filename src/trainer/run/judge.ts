/** Evaluations of a run, and what follows from them: gate, joint score, the best so far. */
import type { Session } from '../backends/types'
import { evaluateSet } from '../evaluate/evaluate'
import { answerSums } from '../objectives/answer-sums'
import { dpoWeights } from '../objectives/dpo'
import { jointScore, passGate, worsening } from './gate'
import type { EvaluationOfPreferences, EvaluationOfSet, GateState } from './metrics'
import { type Run, tellNote } from './run'

/** Whether there is anything to measure on. */
function isMeasured({ options: { evaluation, preferences } }: Run): boolean {
  return evaluation !== undefined && evaluation.sets.length + (preferences?.measured?.length ?? 0) > 0
}

/** Whether there is an evaluation after this step: before the first, every so many, at the end. */
export function isEvaluationStep(run: Run, step: number): boolean {
  const { evaluation, maxSteps } = run.options
  if (!isMeasured(run)) return false
  return step % evaluation!.every === 0 || step === run.steps || step === maxSteps
}

/** How many there are after steps 1 to `step`. */
export function evaluationsUntil(run: Run, step: number): number {
  if (!isMeasured(run)) return 0
  const { every } = run.options.evaluation!
  return Math.floor(step / every) + (step === run.steps && run.steps % every !== 0 ? 1 : 0)
}

/** Evaluates where the state stands, if that is due and was not done before the run was interrupted. */
export async function evaluateIfDue(run: Run, session: Session): Promise<void> {
  const { state, options, pace } = run
  if (!isEvaluationStep(run, state.step) || state.evaluated === state.step) return
  pace.pause('other')
  const { sets, stride } = options.evaluation!
  const { signal } = options
  const found: EvaluationOfSet[] = []
  for (const set of sets) found.push(await evaluateSet(session, set, { stride, signal }))
  const preferences = await evaluatePreferences(run, session)
  if (state.step === 0) {
    for (const { name, bitsPerByte } of found) state.before[name] = bitsPerByte
    for (const { name, loss } of preferences ?? []) state.before[name] = loss
  }
  const { bound } = run.gate
  const worsened = worsening(found, state.before)
  const score = jointScore(found, state.before, bound, worsened, preferences)
  // One that stands only where a run was asked to pause decides nothing: the run would differ from one without a pause.
  const decides = state.step % options.evaluation!.every === 0 || state.step === run.steps
  const isBest = decides && score !== null && (state.best === null || score < state.best.score)
  const was = state.gate
  if (decides) {
    state.gate = passGate(was, run.gate, worsened)
    if (isBest) state.best = { score, step: state.step }
    state.evaluated = state.step
  }
  const { step, tokens, flops, gate } = state
  run.tell({
    ...{ kind: 'evaluation', step, tokens, flops, sets: found },
    ...(preferences ? { preferences } : {}),
    ...{ jointScore: score, best: isBest, gate },
  })
  if (decides) tellGate(run, was)
  if (isBest && step > 0) await options.keep?.('best', session, state)
  if (decides && gate.state === 'stop') run.ended = 'forgot'
  pace.pause('evaluation')
}

/** Undefined where the objective is another one. */
async function evaluatePreferences(run: Run, session: Session): Promise<EvaluationOfPreferences[] | undefined> {
  const { recipe, preferences, signal } = run.options
  if (recipe.objective.kind !== 'dpo') return undefined
  const found: EvaluationOfPreferences[] = []
  for (const { name, batches } of preferences?.measured ?? []) {
    const sums = await answerSums(session, batches, { signal })
    const { loss, accuracy, margin } = dpoWeights(sums, run.reference!.measured[name], recipe.objective.beta)
    found.push({ name, pairs: batches.pairs, loss, accuracy, margin })
  }
  return found
}

function tellGate(run: Run, was: GateState): void {
  const { state, worsened, bound, rateScale } = run.state.gate
  if (worsened === null || bound === null || (state === was.state && rateScale === was.rateScale)) return
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`
  const against = `the guarded text is ${percent(worsened)} worse than before the first step, ${percent(bound)} is allowed`
  const back = `the guarded text is within its bound again (${percent(worsened)})`
  const said: Record<GateState['state'], string> = {
    ok: back,
    warn: against,
    slow: `${worsened > bound ? against : back}: learning rates are times ${rateScale} from now on`,
    stop: `${against}: the run stops`,
  }
  tellNote(run, said[state])
}
