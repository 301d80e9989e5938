/** What `compare-init` prints. */
import type { MethodFacts, RowFacts } from '../init/compare'
import type { InitMethod } from '../init/methods'
import type { Side } from '../init/methods/types'
import { number } from './summary'
import type { Colors } from './terminal'

export interface Comparison {
  checkpoint: string
  dim: number
  tied: boolean
  corpus: boolean
  /** Hidden states that the mass of new ids was taken over; null without. */
  states: number | null
  base: Record<Side, RowFacts>
  methods: Partial<Record<InitMethod, MethodFacts>>
  /** Methods that need a corpus, when there is none. */
  skipped: InitMethod[]
}

const HEADS = ['norm', '±', 'cos mean', 'cos nearest']
const MASS_HEADS = ['new mass', 'most', 'bits lost']

/** A table a side: a method a line, the base's own rows first. */
export function comparisonText(comparison: Comparison, colors: Colors): string {
  const { base, methods, skipped, states, tied, dim } = comparison
  const rows = Object.entries(methods)
  const table = (side: Side) => {
    const lines = [
      [side, ...HEADS, ...(side === 'output' && states !== null ? MASS_HEADS : [])],
      ['base rows', ...cells(base[side])],
      ...rows.map(([method, facts]) => [method, ...cells(facts[side]), ...(side === 'output' ? massCells(facts) : [])]),
    ]
    return `${aligned(lines, colors)}\n`
  }
  const count = rows[0]?.[1].input.rows ?? 0
  const notes = [
    `${number(count)} new rows of ${number(dim)} values${tied ? '; the embeddings are tied: both tables are of one matrix' : ''}`,
    states === null
      ? 'the mass of new ids was not taken: it needs --hidden-states (docs/init-map.md says how they are made)'
      : `the mass of new ids is over ${number(states)} hidden states`,
    ...(skipped.length > 0 ? [`left out without --corpus: ${skipped.join(', ')}`] : []),
  ]
  return `${table('input')}${table('output')}${notes.map((note) => `${note}\n`).join('')}`
}

function cells({ norm, normDeviation, cosineToMean, cosineToNearest }: RowFacts): string[] {
  return [norm.toPrecision(4), normDeviation.toPrecision(3), cosine(cosineToMean), cosine(cosineToNearest)]
}

function massCells({ newMass }: MethodFacts): string[] {
  return newMass ? [newMass.mean.toPrecision(3), newMass.most.toPrecision(3), newMass.bits.toPrecision(3)] : []
}

const cosine = (value: number | null): string => (value === null ? '-' : value.toFixed(3))

function aligned(lines: string[][], colors: Colors): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line, row) => {
      const text = line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  ')
      return `${row === 0 ? colors.bold(text) : text}\n`
    })
    .join('')
}
