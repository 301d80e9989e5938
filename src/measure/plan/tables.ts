/** A plan as tables of text, the same for the terminal and for Markdown. */
import type { Table } from '../bench/tables'
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

export function planTables(plan: ExtensionPlan): Table[] {
  const rows = shownRows(plan)
  const [base] = plan.rows
  const { trainingTokens, enough, model } = plan
  const first = (row: PlanRow) => count(row.pieces)
  return [
    {
      title: 'Tokens, and what they cost',
      head: [
        'pieces',
        'ids',
        'tok/syllable',
        'saved',
        'last 1,000 save',
        'and cost',
        'FLOPs/MB',
        'added M',
        'KV MB/1,000',
        '',
      ],
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
        marks(plan, row),
      ]),
      notes: [
        `${model.source}; last 1,000: tokens that the last thousand pieces save, FLOPs that they add to a token`,
        'FLOPs/MB: of the base, in training and in inference; M: 10^6 parameters; KV: keys and values of 1,000 syllables',
      ],
    },
    {
      title: `How often the rarest pieces are expected in ${count(trainingTokens)} training tokens`,
      head: ['pieces', 'rarest', '5 % below', '10 % below', `under ${count(enough)}`, 'rarest in the corpus', ''],
      rows: rows
        .filter(({ expected }) => expected !== null)
        .map((row) => [
          first(row),
          rounded(row.expected!.least),
          rounded(row.expected!.p5),
          rounded(row.expected!.p10),
          percent(row.rareShare),
          count(row.uses!.least),
          marks(plan, row),
        ]),
      notes: [],
    },
  ]
}

/** Which text, in a line each. */
export function planLines({ learned, measured, base }: ExtensionPlan): string[] {
  const on =
    learned.leftOut === null ? 'text of its own' : `1 line of ${learned.leftOut} of the corpus, not learned from`
  return [
    `base: ${count(base.ids)} ids, ${base.form}`,
    `learned: ${count(learned.pieces)} pieces from ${count(learned.words)} distinct words, ${count(learned.syllables)} syllables, scope ${learned.scope}`,
    `measured: ${count(measured.lines)} lines, ${count(measured.syllables)} Hangul syllables, ${count(measured.bytes)} bytes; ${on}`,
  ]
}

function marks({ proposal, cheapest, alternatives }: ExtensionPlan, { pieces }: PlanRow): string {
  return [
    ...(proposal?.pieces === pieces ? ['proposed'] : []),
    ...(cheapest === pieces ? ['fewest FLOPs'] : []),
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
