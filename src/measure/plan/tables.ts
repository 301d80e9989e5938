/** A plan as tables of text, the same for the terminal, for Markdown and for HTML. */
import type { Table } from '../bench/tables'
import type { Both, Language } from '../language'
import { PLAN_SENTENCES as S, PLAN_WORDS as W } from './table-words'
import type { ExtensionPlan, PlanRow } from './types'

/** Sizes on paper, beside those that are named. */
const SIZES = 20

/** About twenty sizes, close together where the curve is steep, and those that the plan names. */
export function shownRows({ rows, proposal, cheapest, alternatives }: ExtensionPlan): PlanRow[] {
  const most = rows[rows.length - 1].pieces
  const shown = new Set<number>([0, most, cheapest, ...(proposal ? [proposal.pieces] : [])])
  for (const { pieces } of alternatives) shown.add(pieces)
  for (let i = 1; i < SIZES; i++) {
    const wanted = most * (i / SIZES) ** 2
    const near = rows.reduce((a, b) => (Math.abs(b.pieces - wanted) < Math.abs(a.pieces - wanted) ? b : a))
    shown.add(near.pieces)
  }
  return rows.filter(({ pieces }) => shown.has(pieces))
}

/** Rows hold the same in every language, but for the marks in the last column. */
export function planTables(plan: ExtensionPlan, language: Language = 'en'): Table[] {
  const say = (text: Both) => text[language]
  const rows = shownRows(plan)
  const [base] = plan.rows
  const { trainingTokens, enough, model } = plan
  const first = (row: PlanRow) => count(row.pieces)
  return [
    {
      title: say(W.costsTitle),
      head: [
        ...[W.pieces, W.ids, W.perSyllable, W.saved, W.lastSave],
        ...[W.lastCost, W.flops, W.added, W.kv, W.none],
      ].map(say),
      rows: rows.map((row) => [
        first(row),
        count(row.vocabulary),
        row.tokensPerSyllable.toFixed(3),
        percent(row.saved),
        row.lastThousand ? percent(row.lastThousand.saves) : '-',
        row.lastThousand ? percent(row.lastThousand.costs) : '-',
        percent(row.trainingFlopsPerMegabyte / base.trainingFlopsPerMegabyte),
        (row.addedParameters / 1e6).toFixed(1),
        (row.kvBytesPer1000Syllables / 1e6).toFixed(1),
        marks(plan, row, say),
      ]),
      notes: [say(S.lastNote(model.source)), say(W.flopsNote)],
    },
    {
      title: say(S.expectedTitle(count(trainingTokens))),
      head: [W.pieces, W.rarest, W.below5, W.below10, S.under(count(enough)), W.inCorpus, W.none].map(say),
      rows: rows
        .filter(({ expected }) => expected !== null)
        .map((row) => [
          first(row),
          rounded(row.expected!.least),
          rounded(row.expected!.p5),
          rounded(row.expected!.p10),
          percent(row.rareShare),
          count(row.uses!.least),
          marks(plan, row, say),
        ]),
      notes: [],
    },
  ]
}

/** Which text, in a line each. */
export function planLines({ learned, measured, base }: ExtensionPlan, language: Language = 'en'): string[] {
  const on = learned.leftOut === null ? W.ownText : S.leftOut(learned.leftOut)
  return [
    S.base(count(base.ids), base.form),
    S.learned(count(learned.pieces), count(learned.words), count(learned.syllables), learned.scope),
    S.measured(count(measured.lines), count(measured.syllables), count(measured.bytes), on[language]),
  ].map((line) => line[language])
}

function marks(
  { proposal, cheapest, alternatives }: ExtensionPlan,
  { pieces }: PlanRow,
  say: (text: Both) => string,
): string {
  return [
    ...(proposal?.pieces === pieces ? [say(W.proposed)] : []),
    ...(cheapest === pieces ? [say(W.fewestFlops)] : []),
    ...alternatives.filter((other) => other.pieces === pieces).map(({ shareOfGain }) => `${100 * shareOfGain} %`),
  ].join(', ')
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function rounded(value: number): string {
  return value < 10 ? value.toPrecision(2) : count(Math.round(value))
}

function percent(share: number): string {
  const value = 100 * share
  return value !== 0 && Math.abs(value) < 1 ? `${value.toPrecision(2)} %` : `${value.toFixed(1)} %`
}
