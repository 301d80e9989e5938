/** Whether a run goes wrong: not by one bad step, but by a loss that stays far above where it was. */
import { KoVocabError } from '../../errors'

/** JSON, so that a run that goes on judges as if it had never stopped. */
export interface Trend {
  /** Exponential mean of the loss, of the steps that were not far above it; null before the first step. */
  mean: number | null
  /** Steps in a row far above it. */
  above: number
}

/** Half a nat and half the mean: noise of small batches stays far below, a run that falls apart jumps far above. */
const FACTOR = 1.5
const MARGIN = 0.5
/** So many steps in a row are no outlier. */
const PATIENCE = 16
/** Weight of the newest loss in the mean: about the last fifty steps. */
const NEWEST = 0.04

export const newTrend = (): Trend => ({ mean: null, above: 0 })

/**
 * The trend after one more step. Steps that are far above do not move the mean: it would follow a run that diverges.
 *
 * @throws KoVocabError `diverged` when loss or gradient norm is not finite, or the loss was above 1.5 times its mean
 * plus 0.5 nats for 16 steps
 */
export function followTrend({ mean, above }: Trend, step: number, loss: number, gradientNorm: number): Trend {
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
    const what = Number.isFinite(loss) ? `the norm of the gradients is ${gradientNorm}` : `the loss is ${loss}`
    throw diverged(`step ${step}: ${what}`)
  }
  if (mean === null) return { mean: loss, above: 0 }
  if (loss <= mean * FACTOR + MARGIN) return { mean: mean + NEWEST * (loss - mean), above: 0 }
  if (above + 1 < PATIENCE) return { mean, above: above + 1 }
  const since = `for ${PATIENCE} steps, last at ${loss.toFixed(4)}`
  throw diverged(`step ${step}: the loss has been far above its mean of ${mean.toFixed(4)} ${since}`)
}

/** While this is false nothing should be saved: the run may be about to fall apart. */
export const isSteady = ({ above }: Trend): boolean => above === 0

function diverged(what: string): KoVocabError {
  const hint = 'go back to a checkpoint with a lower --learning-rate, or a longer warm-up in the recipe'
  return new KoVocabError('diverged', `training has diverged: ${what}`, hint)
}
