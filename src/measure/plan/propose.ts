import type { ExtensionPlan, PlanRow, Proposal } from './types'

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
  const { rows, multipleOf, rareShare } = plan
  const aligned = rows.filter(({ pieces, vocabulary }) => pieces > 0 && vocabulary % multipleOf === 0)
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
  return { proposal, cheapest: cheapest.pieces, alternatives, why: reasons(plan, aligned, cheapest, chosen, proposal) }
}

function reasons(
  plan: Proposing,
  aligned: readonly PlanRow[],
  cheapest: PlanRow,
  chosen: PlanRow | null,
  proposal: Proposal | null,
): string[] {
  const { rows, learned, model, multipleOf } = plan
  const [base] = rows
  const all = rows[rows.length - 1]
  const why = [
    `The text falls from ${base.tokensPerSyllable.toFixed(3)} tokens a Hangul syllable to ` +
      `${all.tokensPerSyllable.toFixed(3)} with all ${number(all.pieces)} pieces.`,
    flopsReason(plan, cheapest),
    rareReason(plan, aligned),
  ]
  if (chosen === null || proposal === null) {
    why.push(
      cheapest.pieces === 0
        ? 'So no piece pays for its row: keep the base.'
        : 'So no size is proposed: train on more tokens, or take a smaller one of the table knowingly.',
    )
    return why
  }
  const bounds = {
    largest:
      learned.pieces < learned.most
        ? 'the largest that the text gives: learn from more of it'
        : 'the largest that was looked at: a larger --max may pay too',
    flops: 'the largest that pays',
    rare: 'the largest that pays with enough of its pieces seen',
  }
  why.push(
    `So ${number(chosen.pieces)} pieces are proposed, ${bounds[proposal.bound]}. That makes ` +
      `${number(chosen.vocabulary)} ids, a multiple of ${multipleOf}; it saves ${percent(chosen.saved)} of the tokens, ` +
      `adds ${millions(chosen.addedParameters)} parameters to ${model.source}, and a megabyte takes ` +
      `${percent(chosen.trainingFlopsPerMegabyte / base.trainingFlopsPerMegabyte)} of the FLOPs it took.`,
  )
  return why
}

function flopsReason({ rows, model }: Proposing, cheapest: PlanRow): string {
  const { lastThousand, pieces } = cheapest
  const all = rows[rows.length - 1]
  if (lastThousand === null) return `With ${model.source} every size costs more FLOPs a megabyte than the base.`
  if (cheapest === all) {
    return (
      `With ${model.source} a megabyte costs the fewest FLOPs at the largest size: there the last thousand pieces ` +
      `save ${percent(lastThousand.saves)} of the tokens and make each ${percent(lastThousand.costs)} dearer.`
    )
  }
  const saves = percent(all.lastThousand!.saves)
  return (
    `With ${model.source} a megabyte costs the fewest FLOPs at ${number(pieces)} pieces: behind it a thousand pieces make ` +
    `a token ${percent(all.lastThousand!.costs)} dearer and save less, the last thousand ${saves} of the tokens.`
  )
}

function rareReason({ trainingTokens, enough, rareShare }: Proposing, aligned: readonly PlanRow[]): string {
  const within = aligned.findLast((row) => row.rareShare <= rareShare)
  const measure = `expected fewer than ${number(enough)} times in ${number(trainingTokens)} training tokens`
  const most = percent(rareShare)
  if (!within) return `At every size more than ${most} of the pieces are ${measure}.`
  if (within === aligned.at(-1)) {
    return `At the largest size ${percent(within.rareShare)} of the pieces are ${measure}; ${most} are let pass.`
  }
  return `Beyond ${number(within.pieces)} pieces, more than ${most} of them are ${measure}.`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(1)} million`
}

/** Two digits below one percent, so that little is not nothing. */
function percent(share: number): string {
  const value = 100 * share
  return value !== 0 && Math.abs(value) < 1 ? `${value.toPrecision(2)} %` : `${value.toFixed(1)} %`
}
