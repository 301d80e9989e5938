import type { Table } from '../bench/tables'
import type { Both, Language } from '../language'
import { type Html, html, markup } from './html'
import { both } from './page'
import { WORDS } from './words'

export interface Column {
  head: Both
  /** Cells are sentences, not numbers. */
  words?: boolean
}

export interface Grid {
  /** Unique in the page. */
  id: string
  title: Both
  /** Between the title and the table. */
  lead?: Html
  columns: readonly Column[]
  /** The first cell names its row. */
  rows: readonly (readonly Cell[])[]
  notes?: readonly Both[]
  /** Rows to point out. */
  chosen?: (row: number) => boolean
}

/** What to show, and what to sort by where that is a number. */
export type Cell = Both | { shown: Html; number: number | null }

/** A table in a box of its own that scrolls, so that the page does not. Headers sort it once the script runs. */
export function gridHtml({ id, title, lead, columns, rows, notes = [], chosen = () => false }: Grid): Html {
  const numeric = columns.map((_, column) => isNumeric(rows.map((row) => row[column])))
  const head = columns.map(({ head }) => html`<th scope="col">${both(head)}</th>`)
  const body = rows.map((row, at) => {
    const cells = row.map((cell, column) => cellHtml(cell, column, numeric[column]))
    return html`<tr${chosen(at) ? markup(' class="chosen"') : null}>${cells}</tr>
`
  })
  const kind = columns.some(({ words }) => words) ? 'words' : 'first'
  return html`<div class="block"><h3 id="${id}">${both(title)}</h3>${lead ?? null}
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}"><table data-sortable class="${kind}" aria-labelledby="${id}">
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>
${notes.map((note) => html`<p class="notes">${both(note)}</p>`)}</div>
`
}

/** A table of the terminal and of Markdown, once more. */
export function tableHtml(id: string, tables: Record<Language, Table>, chosen?: (row: number) => boolean): Html {
  const { en, ko } = tables
  const pair = (a: string, b: string): Both => ({ en: a, ko: b })
  return gridHtml({
    id,
    title: pair(en.title, ko.title),
    columns: en.head.map((head, i) => ({ head: head === '' ? WORDS.marks : pair(head, ko.head[i]) })),
    rows: en.rows.map((row, r) => row.map((cell, i) => pair(cell, ko.rows[r][i]))),
    notes: en.notes.map((note, i) => pair(note, ko.notes[i])),
    chosen,
  })
}

function cellHtml(cell: Cell, column: number, numeric: boolean): Html {
  const number = numberOf(cell)
  const sort = numeric && number !== null ? html` data-number="${number}"` : null
  const shown = 'shown' in cell ? cell.shown : html`<bdi>${both(cell)}</bdi>`
  return column === 0 ? html`<th scope="row"${sort}>${shown}</th>` : html`<td${sort}>${shown}</td>`
}

/** A column of numbers holds nothing else but marks for what is not there. */
function isNumeric(cells: readonly Cell[]): boolean {
  const filled = cells.filter((cell) => 'shown' in cell || !['', '-'].includes(cell.en))
  return filled.length > 0 && filled.every((cell) => numberOf(cell) !== null)
}

/** `1,234`, `45.0 %`, `0.722 short`: what they begin with. */
function numberOf(cell: Cell): number | null {
  if ('shown' in cell) return cell.number
  const found = /^-?[\d,]*\.?\d+(?:e[+-]?\d+)?(?=\s|$)/.exec(cell.en)
  return found ? Number(found[0].replaceAll(',', '')) : null
}
