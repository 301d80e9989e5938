import { show } from './check'
import type { AuditReport, Check, Failure } from './types'

/** How many failures of a check a summary prints; audit.json has more. */
const PRINTED = 3

/** The report as plain text for people: a line a check, with the first failures below it. Ends with a line end. */
export function formatAudit(report: AuditReport): string {
  const failed = report.checks.filter((check) => !check.passed).length
  const skipped = report.checks.filter((check) => check.skipped !== undefined).length
  const made = report.checks.length - skipped
  const first = report.newIds.first
  const last = first + report.newIds.count - 1
  const lines = [
    failed === 0 ? `audit passed: ${made} checks` : `audit FAILED: ${failed} of ${made} checks`,
    `  base      ${report.base.sha256.slice(0, 16)}  ${number(report.base.size)} ids`,
    `  extended  ${report.extended.sha256.slice(0, 16)}  ${number(report.extended.size)} ids` +
      (report.newIds.count > 0 ? `, new ${first} to ${last}` : ''),
    `  scope ${report.scope}, level ${report.level}, seed ${report.seed}`,
    ...report.referees.map(({ name, version, file }) => `  referee ${name} (${version}) on ${file}`),
    '',
    ...report.checks.flatMap(checkLines),
  ]
  if (report.notes.length > 0) lines.push('', ...report.notes.map((note) => `note: ${note}`))
  return `${lines.join('\n')}\n`
}

function checkLines(check: Check): string[] {
  const verdict = check.skipped !== undefined ? 'skip' : check.passed ? 'ok  ' : 'FAIL'
  const outcome =
    check.skipped ??
    (check.passed ? number(check.counted) : `${number(check.failureCount)} of ${number(check.counted)} failed`)
  const more = check.failureCount - Math.min(PRINTED, check.failures.length)
  return [
    `${verdict} ${check.id.padEnd(24)} ${check.title} (${outcome})`,
    ...check.failures.slice(0, PRINTED).map((failure) => `       ${failureLine(failure)}`),
    ...(more > 0 ? [`       and ${number(more)} more`] : []),
    ...(check.notes ?? []).map((note) => `       ${note}`),
  ]
}

function failureLine(failure: Failure): string {
  return Object.entries(failure)
    .map(([key, value]) => {
      if (Array.isArray(value)) return `${key} [${value.join(' ')}]`
      return `${key} ${typeof value === 'string' && !value.startsWith('"') ? show(value) : value}`
    })
    .join(', ')
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
