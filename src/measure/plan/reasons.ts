import type { Both, Language } from '../language'
import { REASONS } from './reason-words'
import type { ExtensionPlan, PlanRow } from './types'

type Reasoned = Pick<
  ExtensionPlan,
  'rows' | 'learned' | 'model' | 'trainingTokens' | 'enough' | 'rareShare' | 'multipleOf' | 'proposal' | 'cheapest'
>

/** Sizes that may be proposed, rising. */
export function alignedRows({ rows, multipleOf }: Pick<ExtensionPlan, 'rows' | 'multipleOf'>): PlanRow[] {
  return rows.filter(({ pieces, vocabulary }) => pieces > 0 && vocabulary % multipleOf === 0)
}

/** Sentences: what all pieces do, what they cost, which of them will be seen, and so what is proposed. */
export function planReasons(plan: Reasoned, language: Language): string[] {
  const [base] = plan.rows
  const all = plan.rows[plan.rows.length - 1]
  return [
    REASONS.falls(base.tokensPerSyllable.toFixed(3), all.tokensPerSyllable.toFixed(3), number(all.pieces)),
    flopsReason(plan),
    rareReason(plan),
    proposalReason(plan, base),
  ].map((reason) => reason[language])
}

function flopsReason({ rows, model, cheapest }: Reasoned): Both {
  const all = rows[rows.length - 1]
  const row = rows.find(({ pieces }) => pieces === cheapest)!
  if (row.lastThousand === null) return REASONS.neverPays(model.source)
  const { saves, costs } = all.lastThousand!
  return row === all
    ? REASONS.cheapestAtLargest(model.source, percent(saves), percent(costs))
    : REASONS.cheapestBefore(model.source, number(cheapest), percent(costs), percent(saves))
}

function rareReason(plan: Reasoned): Both {
  const aligned = alignedRows(plan)
  const within = aligned.findLast((row) => row.rareShare <= plan.rareShare)
  const most = percent(plan.rareShare)
  const measure = [number(plan.enough), number(plan.trainingTokens)] as const
  if (!within) return REASONS.alwaysRare(most, ...measure)
  return within === aligned.at(-1)
    ? REASONS.neverRare(percent(within.rareShare), most, ...measure)
    : REASONS.rareBeyond(number(within.pieces), most, ...measure)
}

function proposalReason({ rows, learned, model, multipleOf, proposal, cheapest }: Reasoned, base: PlanRow): Both {
  if (proposal === null) return cheapest === 0 ? REASONS.keepBase : REASONS.noSize
  const row = rows.find(({ pieces }) => pieces === proposal.pieces)!
  const bounds = {
    largest: learned.pieces < learned.most ? REASONS.allOfText : REASONS.allLookedAt,
    flops: REASONS.largestPaying,
    rare: REASONS.largestSeen,
  }
  return REASONS.proposed({
    pieces: number(row.pieces),
    bound: bounds[proposal.bound],
    ids: number(row.vocabulary),
    multipleOf,
    saved: percent(row.saved),
    parameters: row.addedParameters,
    model: model.source,
    flops: percent(row.trainingFlopsPerMegabyte / base.trainingFlopsPerMegabyte),
  })
}

function number(value: number): string {
  return value.toLocaleString('en')
}

/** Two digits below one percent, so that little is not nothing. */
function percent(share: number): string {
  const value = 100 * share
  return value !== 0 && Math.abs(value) < 1 ? `${value.toPrecision(2)} %` : `${value.toFixed(1)} %`
}
