/** The charts of a plan. The proposal is marked in each. */

import type { Language } from '../language'
import type { ExtensionPlan, PlanRow } from '../plan/types'
import type { Html } from './html'
import { lineChart } from './line-chart'
import { figure } from './page'
import { tickText } from './scale'
import { SENTENCES, WORDS } from './words'

export function planCharts(plan: ExtensionPlan): Html[] {
  if (plan.rows.length < 2) return []
  return [curveChart(plan), marginChart(plan), rareChart(plan)].filter((chart) => chart !== null)
}

function curveChart(plan: ExtensionPlan): Html {
  const { rows } = plan
  return figure(WORDS.curveTitle, WORDS.fewer, (language) =>
    lineChart({
      id: `curve-${language}`,
      title: WORDS.curveTitle[language],
      summary: summaryOf(plan, ({ tokensPerSyllable }) => tokensPerSyllable.toFixed(3)),
      series: [{ label: '', points: rows.map((row) => [row.pieces, row.tokensPerSyllable]) }],
      scale: 'linear',
      xAxis: WORDS.pieces[language],
      yAxis: WORDS.perSyllable[language],
      marked: mark(plan, language),
    }),
  )
}

function marginChart(plan: ExtensionPlan): Html | null {
  const rows = plan.rows.flatMap(({ pieces, lastThousand }) => (lastThousand ? [{ pieces, ...lastThousand }] : []))
  if (!rows.some(({ saves, costs }) => saves > 0 || costs > 0)) return null
  return figure(WORDS.marginTitle, null, (language) =>
    lineChart({
      id: `margin-${language}`,
      title: WORDS.marginTitle[language],
      summary: summaryOf(plan, ({ lastThousand }) =>
        lastThousand ? `${percent(lastThousand.saves)} / ${percent(lastThousand.costs)}` : null,
      ),
      series: [
        { label: WORDS.saves[language], points: rows.map(({ pieces, saves }) => [pieces, 100 * saves]) },
        { label: WORDS.costs[language], points: rows.map(({ pieces, costs }) => [pieces, 100 * costs]) },
      ],
      scale: 'log',
      tick: (value) => `${tickText(value)} %`,
      xAxis: WORDS.pieces[language],
      yAxis: WORDS.marginAxis[language],
      marked: mark(plan, language),
    }),
  )
}

function rareChart(plan: ExtensionPlan): Html | null {
  const rows = plan.rows.flatMap(({ pieces, expected }) => (expected ? [{ pieces, expected }] : []))
  const kinds = ['p10', 'p5', 'least'] as const
  const seen = kinds.filter((kind) => rows.some(({ expected }) => expected[kind] > 0))
  if (seen.length === 0) return null
  const never = kinds.filter((kind) => !seen.includes(kind))
  return figure(
    WORDS.rareTitle,
    never.length > 0 ? SENTENCES.zeroSeries(never.map((kind) => WORDS[kind])) : null,
    (language) =>
      lineChart({
        id: `rare-${language}`,
        title: WORDS.rareTitle[language],
        summary: summaryOf(plan, ({ expected }) =>
          expected ? kinds.map((kind) => `${kind} ${expected[kind].toFixed(1)}`).join(', ') : null,
        ),
        series: seen.map((kind) => ({
          label: WORDS[kind][language],
          points: rows.map(({ pieces, expected }) => [pieces, expected[kind]]),
        })),
        scale: 'log',
        xAxis: WORDS.pieces[language],
        yAxis: WORDS.rareAxis[language],
        marked: mark(plan, language),
        limit: { y: plan.enough, label: SENTENCES.enough(plan.enough.toLocaleString('en'))[language] },
      }),
  )
}

function mark({ proposal }: ExtensionPlan, language: Language) {
  if (!proposal) return undefined
  return { x: proposal.pieces, label: SENTENCES.proposedMark(proposal.pieces.toLocaleString('en'))[language] }
}

/** A few sizes, for those who do not see the line: the table has more. */
function summaryOf({ rows, proposal }: ExtensionPlan, of: (row: PlanRow) => string | null): string {
  const wanted = [0, 0.25, 0.5, 0.75, 1].map((part) => rows[Math.round(part * (rows.length - 1))])
  const named = rows.filter((row) => wanted.includes(row) || row.pieces === proposal?.pieces)
  const parts = named.flatMap((row) => {
    const value = of(row)
    return value === null ? [] : [`${row.pieces.toLocaleString('en')}: ${value}`]
  })
  return `${parts.join('; ')}.`
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`
}
