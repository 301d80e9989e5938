import { type Html, html } from './html'
import { linearScale, tickText } from './scale'
import {
  type ChartName,
  coordinate,
  FONT,
  fit,
  INSET,
  legend,
  line,
  SMALL,
  shape,
  svg,
  text,
  tickLabel,
  WIDTH,
} from './svg'

export interface DotRow {
  label: string
  /** By tokenizer; null where there is no figure. */
  values: readonly (number | null)[]
  /** The row stands for others, as a mean does. */
  strong?: boolean
}

export interface DotChart extends ChartName {
  rows: readonly DotRow[]
  /** Of the tokenizers. */
  names: readonly string[]
  /** By tokenizer: the row whose dot gets a ring, as it is the worst. */
  ringed: readonly (number | null)[]
  axis: string
}

/** Room behind the last tick for half a mark. */
const RIGHT = 9
const ROW = 34

/** A row for each domain, a dot for each tokenizer (Cleveland's dot plot): near or far apart at one look. */
export function dotChart({ rows, names, ringed, axis, ...name }: DotChart): Html {
  const scale = linearScale(Math.max(...rows.flatMap(({ values }) => values.map((value) => value ?? 0))))
  const x = (value: number) => scale.at(value) * (WIDTH - RIGHT)
  const key = legend(names, 0)
  const top = key.height + 6
  const bottom = top + rows.length * ROW
  const grid = scale.ticks.map((tick) => line(x(tick), top, x(tick), bottom, tick === 0 ? 'axis' : 'grid'))
  const body = rows.flatMap(({ label, values, strong }, at) => {
    const y = top + at * ROW
    const dots = values.flatMap((value, i) => {
      if (value === null) return []
      const dot = shape(i, x(value), y + 24)
      return ringed[i] === at ? [ring(x(value), y + 24), dot] : [dot]
    })
    const head = text(INSET, y + 13, fit(label, WIDTH - INSET, FONT), { kind: strong ? 'strong' : '' })
    return [head, line(x(0), y + 24, WIDTH - RIGHT, y + 24, 'track'), ...dots]
  })
  const ticks = scale.ticks.map((tick) => tickLabel(x(tick), bottom + 15, tickText(tick)))
  const below = text(WIDTH, bottom + 32, axis, { size: SMALL, anchor: 'end', kind: 'quiet' })
  return svg(name, bottom + 38, [...key.body, ...grid, ...body, ...ticks, below])
}

function ring(x: number, y: number): Html {
  return html`<circle cx="${coordinate(x)}" cy="${coordinate(y)}" r="8.5" class="ring"/>`
}
