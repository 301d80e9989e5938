/** How many steps each stage has, and how fast each of them learns. */
import { KoVocabError } from '../../errors'
import type { Recipe, Stage } from './types'

/**
 * Steps of each stage: all of them together take the run's tokens, the last one as whole as the others, and every stage
 * ends where its share of them does, to the nearest step.
 *
 * @param tokens of the run, above 0
 * @param tokensPerStep batch · length · micro-batches
 * @throws KoVocabError `bad-option` when a stage would have no step
 */
export function stepsOf({ stages }: Pick<Recipe, 'stages'>, tokens: number, tokensPerStep: number): number[] {
  for (const [name, value] of Object.entries({ tokens, tokensPerStep })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new KoVocabError('bad-option', `${name} is ${value}, a whole number above 0 is expected`)
  }
  const total = Math.ceil(tokens / tokensPerStep)
  const shares = stages.reduce((sum, { share }) => sum + share, 0)
  let before = 0
  let ended = 0
  const steps = stages.map(({ share }, i) => {
    before += share
    const end = i === stages.length - 1 ? total : Math.round((total * before) / shares)
    const own = end - ended
    ended = end
    return own
  })
  const empty = steps.indexOf(0)
  if (empty < 0) return steps
  const what = `stage ${stages[empty].name} has no step: ${tokens} tokens are ${total} steps of ${tokensPerStep}`
  throw new KoVocabError('bad-option', what, 'train on more tokens, with smaller steps, or give the stage more')
}

/**
 * The rate of a step. It rises in a straight line from 0 (before the first step) to the highest, which it has at step
 * w = round(warmup · steps), or at the first step where there is no warm-up; from there on it falls so that the last step
 * has final · highest. With p from 0 at step max(w, 1) to 1 at the last step:
 *
 * - `cosine`: (1 + cos πp) / 2 of the way is left (arXiv 1608.03983, without restarts); `linear`: 1 - p
 * - `wsd`: the highest until round(decay · steps) steps are left, then 1 - √q with q from 0 to 1 over these. The
 *   schedule is MiniCPM's (arXiv 2404.06395); its decay is that of arXiv 2405.18392, which found 1 - √q to end lower
 *   than a straight line.
 * - `constant`: stays
 *
 * @param step from 1 to `steps`, counted within the stage
 */
export function learningRateAt(
  { learningRate, schedule }: Pick<Stage, 'learningRate' | 'schedule'>,
  step: number,
  steps: number,
): number {
  if (!(Number.isSafeInteger(step) && Number.isSafeInteger(steps) && step >= 1 && step <= steps)) {
    throw new KoVocabError('bad-option', `step ${step} of ${steps}: steps are counted from 1`)
  }
  const { kind, final, decay = 0 } = schedule
  const warmup = Math.round(schedule.warmup * steps)
  if (step <= warmup) return (learningRate * step) / warmup
  if (kind === 'constant') return learningRate
  const falling = kind === 'wsd' ? Math.min(Math.round(decay * steps), steps - warmup) : steps - Math.max(warmup, 1)
  const fallen = step - (steps - falling)
  if (fallen <= 0) return learningRate
  const p = fallen / falling
  const left = kind === 'cosine' ? (1 + Math.cos(Math.PI * p)) / 2 : kind === 'linear' ? 1 - p : 1 - Math.sqrt(p)
  return learningRate * (final + (1 - final) * left)
}
