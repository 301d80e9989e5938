import { alignedRows, planReasons } from './reasons'
import type { ExtensionPlan, Proposal } from './types'

type Proposing = Pick<
  ExtensionPlan,
  'rows' | 'learned' | 'model' | 'trainingTokens' | 'enough' | 'rareShare' | 'multipleOf'
>

export type Proposed = Pick<ExtensionPlan, 'proposal' | 'cheapest' | 'alternatives' | 'why'>

const GAINS = [0.9, 0.95, 0.99]

/**
 * The largest size, all ids being a multiple of `multipleOf`, up to the one at which a megabyte costs the fewest FLOPs,
 * and with no more than `rareShare` of its pieces rare.
 */
export function propose(plan: Proposing): Proposed {
  const { rows, rareShare } = plan
  const aligned = alignedRows(plan)
  const cheapest = rows.reduce((a, b) => (b.trainingFlopsPerMegabyte < a.trainingFlopsPerMegabyte ? b : a))
  const paying = aligned.filter(({ pieces }) => pieces <= cheapest.pieces)
  const chosen = paying.findLast((row) => row.rareShare <= rareShare) ?? null
  const last = aligned.at(-1)
  const proposal: Proposal | null = chosen && {
    pieces: chosen.pieces,
    vocabulary: chosen.vocabulary,
    bound: chosen === last ? 'largest' : chosen === paying.at(-1) ? 'flops' : 'rare',
  }
  const alternatives = GAINS.flatMap((share) => {
    const row = aligned.find(({ shareOfGain }) => shareOfGain >= share)
    return row ? [{ shareOfGain: share, pieces: row.pieces, vocabulary: row.vocabulary }] : []
  })
  const why = planReasons({ ...plan, proposal, cheapest: cheapest.pieces }, 'en')
  return { proposal, cheapest: cheapest.pieces, alternatives, why }
}
