import { benchHtml } from '../report/bench-html'
import { benchCsv } from './csv'
import { benchMarkdown } from './markdown'
import type { BenchReport } from './types'

/** The files of a report's folder, run.json apart: name → text. */
export function benchFiles(report: BenchReport): Map<string, string> {
  return new Map([
    ['bench.json', `${JSON.stringify(report, null, 2)}\n`],
    ['bench.csv', benchCsv(report)],
    ['bench.md', benchMarkdown(report)],
    ['report.html', benchHtml(report)],
  ])
}
