/** How fast a run goes, and how long the rest will take. */

export interface Pace {
  /** After a step: tokens a second, of late. */
  step: (tokens: number) => number
  /**
   * Time since the last call was no step's: `evaluation` and `checkpoint` count for the time left, `other` does not.
   */
  pause: (kind: keyof typeof NOTHING | 'other') => void
  /** Seconds; null before there is something to go by. */
  left: (ahead: { steps: number; evaluations: number; checkpoints: number }) => number | null
}

const NOTHING = { evaluation: 0, checkpoint: 0 }
/**
 * Weight of what was before, with each step. Not the last step alone: two may be heard of at once, when the second was
 * on its way while the first one was waited for.
 */
const KEPT = 0.9

/** @param now milliseconds */
export function createPace(now: () => number): Pace {
  let last = now()
  const recent = { tokens: 0, seconds: 0, steps: 0 }
  const pauses = { ...NOTHING }
  const elapsed = (): number => {
    const time = now()
    const seconds = (time - last) / 1000
    last = time
    return seconds
  }
  return {
    step(tokens) {
      recent.tokens = KEPT * recent.tokens + tokens
      recent.seconds = KEPT * recent.seconds + elapsed()
      recent.steps = KEPT * recent.steps + 1
      return recent.seconds > 0 ? recent.tokens / recent.seconds : 0
    },
    pause(kind) {
      const seconds = elapsed()
      if (kind !== 'other') pauses[kind] = seconds
    },
    left({ steps, evaluations, checkpoints }) {
      if (recent.steps === 0) return null
      const secondsPerStep = recent.seconds / recent.steps
      return secondsPerStep * steps + pauses.evaluation * evaluations + pauses.checkpoint * checkpoints
    },
  }
}
