/** In which order blocks of several sources are taken, so that each has its share at every moment. */
import { KoVocabError } from '../../errors'

export interface Turn {
  source: number
  /** How many blocks of that source came before. */
  index: number
}

export interface Mixer {
  /** Whose turn the `row`-th block of the run is. */
  turn: (row: number) => Turn
  /** How many blocks of each source the first `rows` of the run hold. */
  counts: (rows: number) => number[]
}

/** Counts are kept at every so many rows, to start from when a place is asked for that lies before the last one. */
const KEEP_EVERY = 1 << 16

/**
 * After any number n of blocks source i has had n·share_i of them, give or take 1 - 1/(2k - 2) < 1 for k sources: the
 * chairman assignment (R. Tijdeman, Discrete Mathematics 32, 1980). Of the sources that are behind by at least
 * 1/(2k - 2), the one that could wait the least long goes first. Drawing sources at random would leave a replay share
 * off by √n blocks, and the greedy rule of Megatron-LM's `build_blending_indices` (the one furthest behind) can be off
 * by more than a block from three sources on.
 *
 * @param shares at least 0, at least one above; they are scaled to a sum of 1
 */
export function createMixer(shares: readonly number[]): Mixer {
  const sum = shares.reduce((total, share) => total + share, 0)
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY) || shares.some((share) => !(share >= 0))) {
    throw new KoVocabError('bad-option', `shares must be numbers from 0, not all 0, but are ${shares.join(', ')}`)
  }
  const weights = shares.map((share) => share / sum)
  const active = weights.flatMap((weight, i) => (weight > 0 ? [i] : []))
  const slack = active.length > 1 ? 1 / (2 * active.length - 2) : 0
  const kept = [new Float64Array(shares.length)]
  let rows = 0
  let counts = new Float64Array(shares.length)

  const next = (): number => {
    let chosen = -1
    let soonest = Number.POSITIVE_INFINITY
    let furthest = active[0]
    const behind = (i: number) => weights[i] * (rows + 1) - counts[i]
    for (const i of active) {
      if (behind(i) > behind(furthest)) furthest = i
      if (behind(i) < slack) continue
      const deadline = (counts[i] + 1 - slack) / weights[i]
      if (deadline < soonest) {
        soonest = deadline
        chosen = i
      }
    }
    // Exact numbers leave always one to choose; rounding may not, when several are behind by just that much.
    return chosen < 0 ? furthest : chosen
  }
  const advance = (): Turn => {
    const source = next()
    const index = counts[source]++
    rows++
    if (rows % KEEP_EVERY === 0 && kept.length === rows / KEEP_EVERY) kept.push(counts.slice())
    return { source, index }
  }
  const goTo = (row: number): void => {
    const from = Math.min(Math.floor(row / KEEP_EVERY), kept.length - 1)
    if (row < rows || from * KEEP_EVERY > rows) {
      rows = from * KEEP_EVERY
      counts = kept[from].slice()
    }
    while (rows < row) advance()
  }
  return {
    turn: (row) => {
      goTo(row)
      return advance()
    },
    counts: (row) => {
      goTo(row)
      return [...counts]
    },
  }
}
