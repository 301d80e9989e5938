/** How the demo shows a sentence cut into tokens, and a table. */
import type { Encoder } from '../tokenizer/encoder'
import { encode } from '../tokenizer/encoder'
import { readablePiece } from '../tokenizer/readable-piece'
import type { Colors } from './terminal'

/** The pieces with `|` between them, in turns of two colours: the cuts can be seen without colour too. */
export function showTokens(encoder: Encoder, text: string, colors: Colors): { count: number; shown: string } {
  const readable = readablePiece(encoder.tokenizer)
  const ids = encode(encoder, text)
  const paints = [colors.cyan, colors.yellow]
  const pieces = Array.from(ids, (id, i) => paints[i % 2](readable(id)))
  return { count: ids.length, shown: pieces.join(colors.dim('|')) }
}

/** Columns as wide as their widest cell; the first to the left, the others to the right. Ends with a line end. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])
  return rows.map((row) => `${row.map(cell).join('   ').trimEnd()}\n`).join('')
}
