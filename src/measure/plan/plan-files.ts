/** The files of a plan's folder. */
import { formatMerges } from '../../merges/merges-file'
import type { LearnedMerges } from '../../merges/types'
import { tableMarkdown } from '../bench/markdown'
import { planHtml } from '../report/plan-html'
import { planLines, planTables } from './tables'
import type { ExtensionPlan, PlanRow } from './types'

/** Name → content: plan.json, plan.csv, plan.md, report.html, merges.txt. */
export function planFiles(plan: ExtensionPlan, learned: LearnedMerges): Map<string, string> {
  return new Map([
    ['plan.json', `${JSON.stringify(plan, null, 2)}\n`],
    ['plan.csv', planCsv(plan)],
    ['plan.md', planMarkdown(plan)],
    ['report.html', planHtml(plan)],
    ['merges.txt', formatMerges(learned)],
  ])
}

const COLUMNS: [name: string, of: (row: PlanRow) => number | null][] = [
  ['pieces', ({ pieces }) => pieces],
  ['ids', ({ vocabulary }) => vocabulary],
  ['tokens', ({ tokens }) => tokens],
  ['tokens_per_syllable', ({ tokensPerSyllable }) => tokensPerSyllable],
  ['saved', ({ saved }) => saved],
  ['share_of_gain', ({ shareOfGain }) => shareOfGain],
  ['last_thousand_saves', ({ lastThousand }) => lastThousand?.saves ?? null],
  ['last_thousand_costs', ({ lastThousand }) => lastThousand?.costs ?? null],
  ['added_parameters', ({ addedParameters }) => addedParameters],
  ['added_softmax_flops', ({ addedSoftmaxFlops }) => addedSoftmaxFlops],
  ['training_flops_per_megabyte', ({ trainingFlopsPerMegabyte }) => trainingFlopsPerMegabyte],
  ['inference_flops_per_megabyte', ({ inferenceFlopsPerMegabyte }) => inferenceFlopsPerMegabyte],
  ['kv_bytes_per_1000_syllables', ({ kvBytesPer1000Syllables }) => kvBytesPer1000Syllables],
  ['uses_least', ({ uses }) => uses?.least ?? null],
  ['uses_p5', ({ uses }) => uses?.p5 ?? null],
  ['uses_p10', ({ uses }) => uses?.p10 ?? null],
  ['expected_least', ({ expected }) => expected?.least ?? null],
  ['expected_p5', ({ expected }) => expected?.p5 ?? null],
  ['expected_p10', ({ expected }) => expected?.p10 ?? null],
  ['rare_share', ({ rareShare }) => rareShare],
]

/** RFC 4180, a line a size; shares are 0 to 1. */
function planCsv({ rows }: ExtensionPlan): string {
  const head = COLUMNS.map(([name]) => name).join(',')
  const lines = rows.map((row) => COLUMNS.map(([, of]) => of(row) ?? '').join(','))
  return [head, ...lines].map((line) => `${line}\r\n`).join('')
}

function planMarkdown(plan: ExtensionPlan): string {
  const { proposal, why, alternatives, version } = plan
  const others = alternatives.map(
    ({ shareOfGain, pieces, vocabulary }) =>
      `- ${100 * shareOfGain} % of the gain: ${pieces.toLocaleString('en')} pieces, ${vocabulary.toLocaleString('en')} ids\n`,
  )
  return [
    '# How many pieces\n\n',
    ...planLines(plan).map((line) => `- ${line}\n`),
    `\n## Proposal: ${proposal ? `${proposal.pieces.toLocaleString('en')} pieces` : 'none'}\n\n`,
    ...why.map((sentence) => `${sentence}\n`),
    '\n',
    ...others,
    ...planTables(plan).map((table) => `\n## ${table.title}\n\n${tableMarkdown(table)}`),
    `\nBy ko-vocab ${version}; merges.txt beside this file holds the pieces in order.\n`,
  ].join('')
}
