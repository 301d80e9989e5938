/** A bench as one HTML file, made of the report alone. */
import { benchTables, corpusLines } from '../bench/tables'
import type { BenchReport } from '../bench/types'
import { auditViews } from './audit-view'
import { benchCharts } from './bench-charts'
import { BENCH_GLOSSARY } from './glossary'
import { type Html, html } from './html'
import { both, definitions, page, type Section } from './page'
import { benchSettings } from './settings-view'
import { series } from './svg'
import { tableHtml } from './table'
import { sampleViews } from './token-view'
import { SENTENCES, WORDS } from './words'

/** Korean and English in one page; it opens from disk, without a network, with scripts off too. */
export function benchHtml(report: BenchReport): string {
  const glance = glanceView(report)
  const lost = lostView(report)
  const sections: Section[] = [
    ...(glance ? [{ id: 'glance', title: WORDS.glance, body: glance }] : []),
    { id: 'charts', title: WORDS.charts, body: html`<div class="charts">${benchCharts(report)}</div>` },
    { id: 'tables', title: WORDS.tables, body: tablesView(report) },
    { id: 'samples', title: WORDS.samples, body: sampleViews(report) },
    ...(lost ? [{ id: 'lost', title: WORDS.lost, body: lost }] : []),
    { id: 'audit', title: WORDS.audit, body: auditViews(report.tokenizers) },
    { id: 'settings', title: WORDS.settings, body: benchSettings(report) },
    { id: 'glossary', title: WORDS.glossary, body: definitions(BENCH_GLOSSARY) },
  ]
  return page({
    title: WORDS.benchTitle,
    lines: { en: corpusLines(report, 'en').slice(-1), ko: corpusLines(report, 'ko').slice(-1) },
    sections,
    version: report.version,
    data: report,
  })
}

/** The one number of each tokenizer, and what it means beside the first. */
function glanceView({ tokenizers }: BenchReport): Html | null {
  const [first] = tokenizers
  const before = first.korean?.tokensPerSyllable ?? null
  const tiles = tokenizers.flatMap(({ name, korean }, i) => {
    const value = korean?.tokensPerSyllable ?? null
    if (value === null) return []
    const against = i === 0 ? SENTENCES.first : before ? SENTENCES.against(first.name, change(before, value)) : null
    const worst = korean!.domains > 1 && korean!.worst
    return [
      html`<li class="card tile"><p><span class="key ${series(i)}"></span><bdi>${name}</bdi></p><b>${value.toFixed(3)}</b>
<p class="soft">${both(WORDS.perSyllable)}</p>${against ? html`<p>${both(against)}</p>` : null}${
        worst
          ? html`<p class="soft">${both(SENTENCES.worst(worst.tokensPerSyllable.toFixed(3), worst.domain))}</p>`
          : null
      }</li>`,
    ]
  })
  if (tiles.length === 0) return null
  const best = tokenizers
    .slice(1)
    .filter(({ korean, added }) => added && korean?.tokensPerSyllable)
    .reduce<(typeof tokenizers)[number] | null>((a, b) => {
      return a && a.korean!.tokensPerSyllable! <= b.korean!.tokensPerSyllable! ? a : b
    }, null)
  const after = best?.korean?.tokensPerSyllable
  const lead =
    best && before && after
      ? SENTENCES.headline({
          name: best.name,
          first: first.name,
          before: before.toFixed(3),
          after: after.toFixed(3),
          change: change(before, after),
          times: (before / after).toFixed(2),
        })
      : null
  return html`${lead ? html`<p class="lead">${both(lead)}</p>` : null}<ul class="tiles">${tiles}</ul>`
}

/** With a true minus sign. */
function change(before: number, after: number): string {
  const percent = 100 * (after / before - 1)
  const sign = percent < 0 ? '−' : '+'
  return `${sign}${Math.abs(percent).toFixed(1)} %`
}

function tablesView(report: BenchReport): Html {
  const english = benchTables(report, 'en')
  const korean = benchTables(report, 'ko')
  const tables = english.map((en, i) => tableHtml(`table-${i}`, { en, ko: korean[i] }))
  return html`<p class="soft">${both(WORDS.sortHint)}</p>${tables}`
}

function lostView({ tokenizers }: BenchReport): Html | null {
  const lines = tokenizers.flatMap(({ name, lostLines }) =>
    lostLines.map(
      ({ domain, line, text, decoded }) =>
        html`<dt>${both(SENTENCES.lostLine(name, domain, line))}</dt><dd><bdi>${text}</bdi><br>→ <bdi>${decoded}</bdi></dd>`,
    ),
  )
  return lines.length === 0 ? null : html`<dl>${lines}</dl>`
}
