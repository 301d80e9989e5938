/** A plan as one HTML file, made of the plan alone. */
import { planReasons } from '../plan/reasons'
import { planLines, planTables, shownRows } from '../plan/tables'
import type { ExtensionPlan } from '../plan/types'
import { PLAN_GLOSSARY } from './glossary'
import { type Html, html } from './html'
import { both, definitions, page } from './page'
import { planCharts } from './plan-charts'
import { modelView, runView } from './settings-view'
import { tableHtml } from './table'
import { SENTENCES, WORDS } from './words'

/** Korean and English in one page; it opens from disk, without a network, with scripts off too. */
export function planHtml(plan: ExtensionPlan): string {
  return page({
    title: WORDS.planTitle,
    lines: { en: planLines(plan, 'en'), ko: planLines(plan, 'ko') },
    sections: [
      { id: 'proposal', title: WORDS.proposal, body: proposalView(plan) },
      { id: 'charts', title: WORDS.charts, body: html`<div class="charts">${planCharts(plan)}</div>` },
      { id: 'tables', title: WORDS.tables, body: tablesView(plan) },
      {
        id: 'settings',
        title: WORDS.settings,
        body: html`<h3>${both(WORDS.thisRun)}</h3>${runView('run', plan.run)}${modelView(plan.model)}`,
      },
      { id: 'glossary', title: WORDS.glossary, body: definitions(PLAN_GLOSSARY) },
    ],
    version: plan.version,
    data: plan,
  })
}

function proposalView(plan: ExtensionPlan): Html {
  const { proposal, alternatives } = plan
  const head = proposal ? SENTENCES.proposed(count(proposal.pieces), count(proposal.vocabulary)) : WORDS.noProposal
  const reasons = { en: planReasons(plan, 'en'), ko: planReasons(plan, 'ko') }
  const sizes = alternatives.map(
    ({ shareOfGain, pieces, vocabulary }) =>
      html`<li>${both(SENTENCES.alternative(`${Math.round(100 * shareOfGain)}`, count(pieces), count(vocabulary)))}</li>`,
  )
  return html`<div class="card chosen"><p class="lead">${both(head)}</p>
${reasons.en.map((en, i) => html`<p>${both({ en, ko: reasons.ko[i] })}</p>`)}</div>
${sizes.length > 0 ? html`<h3>${both(WORDS.alternatives)}</h3><ul class="plain">${sizes}</ul>` : null}`
}

function tablesView(plan: ExtensionPlan): Html {
  const [english, korean] = [planTables(plan, 'en'), planTables(plan, 'ko')]
  const rows = shownRows(plan)
  const shown = [rows, rows.filter(({ expected }) => expected !== null)]
  return html`<p class="soft">${both(WORDS.sortHint)}</p>${english.map((en, i) =>
    tableHtml(`table-${i}`, { en, ko: korean[i] }, (row) => shown[i][row].pieces === plan.proposal?.pieces),
  )}`
}

function count(value: number): string {
  return value.toLocaleString('en')
}
