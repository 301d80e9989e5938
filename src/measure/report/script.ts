/**
 * All that the page's script does: headers become buttons that sort, and the chosen language is told to the document and
 * kept for the next report. Without it everything is there, the language switch too.
 */
export const SCRIPT = `'use strict'
const words = JSON.parse(document.getElementById('words').textContent)
const root = document.documentElement
const status = document.getElementById('sorted')
let kept = null
try { kept = localStorage.getItem('ko-vocab-language') } catch {}
const speak = (language) => {
  root.lang = language
  document.title = words.title[language]
}
for (const input of document.querySelectorAll('input[name=language]')) {
  input.checked = input.value === (kept || (/^ko\\b/i.test(navigator.language) ? 'ko' : 'en'))
  if (input.checked) speak(input.value)
  input.addEventListener('change', () => {
    speak(input.value)
    status.textContent = ''
    try { localStorage.setItem('ko-vocab-language', input.value) } catch {}
  })
}
const compare = (a, b) => {
  if (a.number !== null && b.number !== null) return a.number - b.number
  return a.text.localeCompare(b.text, root.lang, { numeric: true })
}
const cellAt = (row, column) => {
  const cell = row.cells[column]
  const number = cell.dataset.number
  return { row, text: cell.innerText.trim(), number: number === undefined ? null : Number(number) }
}
const empty = ({ text, number }) => number === null && (text === '' || text === '-')
const sort = (table, header, column) => {
  const down = header.getAttribute('aria-sort') === 'ascending'
  const cells = Array.from(table.tBodies[0].rows, (row) => cellAt(row, column))
  cells.sort((a, b) => empty(a) - empty(b) || (down ? compare(b, a) : compare(a, b)))
  table.tBodies[0].append(...cells.map(({ row }) => row))
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort')
  header.setAttribute('aria-sort', down ? 'descending' : 'ascending')
  status.textContent = header.innerText.trim() + ': ' + words[down ? 'descending' : 'ascending'][root.lang]
}
for (const table of document.querySelectorAll('table[data-sortable]')) {
  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...header.childNodes)
    header.append(button)
    button.addEventListener('click', () => sort(table, header, column))
  })
}
`
