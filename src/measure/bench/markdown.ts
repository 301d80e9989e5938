import { benchTables, corpusLines, type Table } from './tables'
import type { BenchReport } from './types'

/** The report as GitHub-flavoured Markdown, for a model card. */
export function benchMarkdown(report: BenchReport): string {
  const text = corpusLines(report).map((line) => `- ${escaped(line)}\n`)
  const engines = report.tokenizers.map(
    ({ name, source, engine, kind }) =>
      `- ${escaped(name)}: ${escaped(kind)}, \`${source.replaceAll('`', '')}\`, by ${engine}\n`,
  )
  return [
    '# Tokenizers on Korean text\n\n',
    ...text,
    '\n',
    ...engines,
    ...benchTables(report).map((table) => `\n## ${escaped(table.title)}\n\n${tableMarkdown(table)}`),
    `\nMeasured by ko-vocab ${report.version}. Every line is a text of its own, without \`<s>\`.\n`,
  ].join('')
}

export function tableMarkdown({ head, rows, notes }: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |\n`
  const rule = `| ${head.map((_, column) => (column === 0 ? '---' : '---:')).join(' | ')} |\n`
  const below = notes.map((note) => `\n${escaped(note)}\n`).join('')
  return `${row(head)}${rule}${rows.map(row).join('')}${below}`
}

/** Names of files and domains are other people's text. */
function escaped(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ')
}
