import type { AuditReport, Check, Failure } from '../../extend/audit/types'
import type { TokenizerBench } from '../bench/types'
import { same } from '../language'
import { whatItProves } from './audit-words'
import { type Html, html } from './html'
import { both } from './page'
import { type Cell, gridHtml } from './table'
import { SENTENCES, WORDS } from './words'

/** Of a check; audit.json has more. */
const SHOWN = 3

/** The audits that lie beside the tokenizers: each check, what it proves, what came of it. */
export function auditViews(tokenizers: readonly TokenizerBench[]): Html {
  const views = tokenizers.flatMap(({ name, sha256, provenance }, i) =>
    provenance?.audit ? [auditView(`audit-${i}`, name, sha256, provenance.audit)] : [],
  )
  if (views.length === 0) return html`<p>${both(WORDS.noAudit)}</p>`
  return html`<p class="soft">${both(WORDS.invariants)}</p>${views}`
}

function auditView(id: string, name: string, sha256: string | null, audit: AuditReport): Html {
  const made = audit.checks.filter(({ skipped }) => skipped === undefined).length
  const failed = audit.checks.filter(({ passed }) => !passed).length
  const verdict = failed === 0 ? SENTENCES.passed(made) : SENTENCES.failedChecks(failed, made)
  const stale = sha256 !== audit.extended.sha256
  return gridHtml({
    id,
    title: { en: `${WORDS.audit.en}: ${name}`, ko: `${WORDS.audit.ko}: ${name}` },
    lead: html`<p class="verdict ${failed === 0 ? 'good' : 'bad'}">${both(verdict)}</p>
${stale ? html`<p class="warning">${both(WORDS.stale)}</p>` : null}
<p class="soft">${both(SENTENCES.auditFacts(audit.scope, audit.level, audit.seed))}</p>${refereeLine(audit)}`,
    columns: [
      { head: WORDS.check },
      { head: WORDS.result },
      { head: WORDS.examined },
      { head: WORDS.proves, words: true },
    ],
    rows: audit.checks.map(checkCells),
    notes: audit.notes.map(same),
  })
}

function refereeLine({ referees }: AuditReport): Html {
  if (referees.length === 0) return html``
  const names = referees.map(({ name, version, file }) => `${name} ${version} (${file})`).join(', ')
  return html`<p class="soft">${both(WORDS.referees)}: <bdi>${names}</bdi></p>`
}

function checkCells(check: Check): Cell[] {
  const { id, title, passed, counted, failureCount, failures, skipped, notes = [] } = check
  const result = skipped !== undefined ? WORDS.skipped : passed ? WORDS.passed : WORDS.failed
  const sign = skipped !== undefined ? '–' : passed ? '✓' : '✗'
  const kind = skipped !== undefined ? 'soft' : passed ? 'good' : 'bad'
  const count = failureCount > 0 ? `${number(failureCount)} / ${number(counted)}` : number(counted)
  const more = failureCount - Math.min(SHOWN, failures.length)
  const found = [...failures.slice(0, SHOWN).map(failureText), ...(skipped === undefined ? [] : [skipped]), ...notes]
  const items = found.map((text) => html`<li><bdi>${text}</bdi></li>`)
  if (more > 0 && failures.length > 0) items.push(html`<li>${both(SENTENCES.moreFailures(number(more)))}</li>`)
  return [
    { shown: html`<bdi>${id}</bdi>`, number: null },
    { shown: html`<span class="verdict ${kind}">${sign} ${both(result)}</span>`, number: null },
    { shown: html`${skipped === undefined ? count : '-'}`, number: skipped === undefined ? counted : null },
    {
      shown: html`${both(whatItProves(id, title))}${items.length > 0 ? html`<ul class="plain soft">${items}</ul>` : null}`,
      number: null,
    },
  ]
}

function failureText(failure: Failure): string {
  return Object.entries(failure)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? `[${value.join(' ')}]` : value}`)
    .join(', ')
}

function number(value: number): string {
  return value.toLocaleString('en')
}
