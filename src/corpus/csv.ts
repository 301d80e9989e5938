/**
 * CSV and TSV as bytes: blocks in, rows out. RFC 4180 as spreadsheets and pandas write it: a cell in quotes may hold
 * delimiters, line ends and doubled quotes; a quote inside a cell that does not begin with one is a character.
 */
import { markLength } from '../text/utf8'
import { joined } from './line-bytes'

export interface TableFormat {
  delimiter: ',' | '\t'
  /** `none`: `"` is a character as any other, and a row is a line. */
  quotes: 'double' | 'none'
}

export interface TableRow {
  /** As they are meant: without quotes, doubled ones single. Views of what was pushed, or copies. */
  cells: Uint8Array[]
  /** Byte with which the row begins. */
  offset: number
  /** What is wrong with it; then it has no cells, and the next row begins behind the next line end. */
  problem?: string
}

export interface RowSplitter {
  /** The next bytes, which the splitter may keep; returns the rows that end in them. Blank lines are none. */
  push: (block: Uint8Array) => TableRow[]
  /** The rows that the text's end ends. */
  end: () => TableRow[]
}

const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d

/** A row of `length` bytes, or a problem in it; null when the bytes end before the row does. */
type Scan = { row: TableRow; length: number } | null

/** @param maxRowBytes a row that is longer is a problem: else a quote that nobody closes would take the whole file */
export function createRowSplitter(format: TableFormat, maxRowBytes: number): RowSplitter {
  const delimiter = format.delimiter.charCodeAt(0)
  let parts: Uint8Array[] = []
  let held = 0
  /** A row that goes on is looked at again only when what is there has doubled: else long rows took quadratic time. */
  let enough = 0
  let offset = 0
  let begins = true

  const split = (final: boolean): TableRow[] => {
    let bytes = joined(parts)
    if (begins && (bytes.length >= 3 || final)) {
      begins = false
      const mark = markLength(bytes)
      bytes = bytes.subarray(mark)
      offset += mark
    }
    const rows: TableRow[] = []
    let at = 0
    while (at < bytes.length) {
      const found = scanRow(bytes, at, final, offset + at)
      if (!found) {
        if (bytes.length - at <= maxRowBytes) break
        rows.push({ cells: [], offset: offset + at, problem: `is longer than ${maxRowBytes} bytes` })
        const line = bytes.indexOf(NEWLINE, at)
        at = line < 0 ? bytes.length : line + 1
        continue
      }
      const { row, length } = found
      if (row.problem !== undefined || row.cells.length > 1 || row.cells[0].length > 0) rows.push(row)
      at += length
    }
    offset += at
    held = bytes.length - at
    parts = held > 0 ? [at > 0 ? bytes.slice(at) : bytes] : []
    enough = held * 2
    return rows
  }

  const scanRow = (bytes: Uint8Array, start: number, final: boolean, offset: number): Scan => {
    const cells: Uint8Array[] = []
    let at = start
    for (;;) {
      let end: number
      if (format.quotes === 'double' && bytes[at] === QUOTE) {
        const close = closingQuote(bytes, at + 1)
        if (close < 0) return final ? problem(bytes, start, offset, 'has a quote that is never closed') : null
        // What follows the quote tells whether it closes.
        if (close + 2 >= bytes.length && !final) return null
        cells.push(unquoted(bytes.subarray(at + 1, close)))
        end = close + 1
        const isEnd = end === bytes.length || bytes[end] === delimiter || bytes[end] === NEWLINE
        const isReturn = bytes[end] === RETURN && (end + 1 === bytes.length || bytes[end + 1] === NEWLINE)
        if (!isEnd && !isReturn) return problem(bytes, start, offset, 'goes on behind a closing quote')
        if (isReturn) end++
      } else {
        end = at
        while (end < bytes.length && bytes[end] !== delimiter && bytes[end] !== NEWLINE) end++
        if (end === bytes.length && !final) return null
        const hasReturn = end > at && bytes[end - 1] === RETURN && bytes[end] !== delimiter
        cells.push(bytes.subarray(at, hasReturn ? end - 1 : end))
      }
      if (end >= bytes.length || bytes[end] === NEWLINE) {
        return { row: { cells, offset }, length: Math.min(end + 1, bytes.length) - start }
      }
      at = end + 1
    }
  }

  return {
    push(block) {
      if (block.length === 0) return []
      parts.push(block)
      held += block.length
      return held < enough ? [] : split(false)
    },
    end: () => split(true),
  }
}

/** Where the cell's closing quote stands; -1 when it is not there yet. */
function closingQuote(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 2) {
    at = bytes.indexOf(QUOTE, at)
    if (at < 0) return -1
    if (bytes[at + 1] !== QUOTE) return at
  }
}

function unquoted(cell: Uint8Array): Uint8Array {
  const first = cell.indexOf(QUOTE)
  if (first < 0) return cell
  const out = new Uint8Array(cell.length)
  out.set(cell.subarray(0, first))
  let used = first
  for (let at = first; at < cell.length; at++) {
    out[used++] = cell[at]
    if (cell[at] === QUOTE) at++
  }
  return out.subarray(0, used)
}

/** What is behind the row's first line may be whole rows again: a quote too many takes one line, not the rest. */
function problem(bytes: Uint8Array, start: number, offset: number, what: string): Scan {
  const line = bytes.indexOf(NEWLINE, start)
  return { row: { cells: [], offset, problem: what }, length: (line < 0 ? bytes.length : line + 1) - start }
}
