/** A bench on the terminal. */
import { benchTables, corpusLines, type Table } from '../measure/bench/tables'
import type { BenchReport } from '../measure/bench/types'
import type { Colors } from './terminal'

export function benchText(report: BenchReport, colors: Colors): string {
  const corpus = corpusLines(report)
    .map((line) => `${line}\n`)
    .join('')
  const lost = report.tokenizers.flatMap(({ name, lostLines }) =>
    lostLines.slice(0, 1).map(({ domain, line, text, decoded }) => {
      const [before, after] = [text, decoded].map((part) => JSON.stringify(part.slice(0, 60)))
      return `${name} loses text, first in ${domain}, line ${line}: ${before} comes back as ${after}\n`
    }),
  )
  return [
    corpus,
    ...benchTables(report).map((table) => `\n${tableText(table, colors)}`),
    lost.length > 0 ? '\n' : '',
    ...lost,
  ].join('')
}

export function tableText({ title, head, rows, notes }: Table, colors: Colors): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => displayWidth(row[column]))))
  const text = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const fill = ' '.repeat(widths[column] - displayWidth(cell))
        return column === 0 ? cell + fill : fill + cell
      })
      .join('  ')
      .trimEnd()
  return [
    `${colors.bold(title)}\n`,
    `${colors.dim(text(head))}\n`,
    ...rows.map((row) => `${text(row)}\n`),
    ...notes.map((note) => `${colors.dim(note)}\n`),
  ].join('')
}

/** Columns on a terminal: Hangul, Han and Kana are two wide, combining marks none. */
function displayWidth(text: string): number {
  let width = 0
  for (const char of text.normalize('NFC')) {
    if (/\p{M}/u.test(char)) continue
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(char)
      ? 2
      : 1
  }
  return width
}
