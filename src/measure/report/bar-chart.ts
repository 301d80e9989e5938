import { type Html, html } from './html'
import { linearScale, tickText } from './scale'
import {
  type ChartName,
  coordinate,
  FONT,
  fit,
  INSET,
  line,
  rect,
  SMALL,
  series,
  svg,
  text,
  textWidth,
  tickLabel,
  WIDTH,
} from './svg'

export interface Bar {
  label: string
  value: number
  /** Written out at the end of the label's line. */
  shown: string
  /** Which tokenizer. */
  series: number
  /** Another value of the same, as a diamond on the bar's line. */
  mark?: number
  /** A line below the bar. */
  note?: string
}

export interface BarChart extends ChartName {
  bars: readonly Bar[]
  /** What the numbers are, with the unit. */
  axis: string
  /** A value to compare with, and what it is. */
  reference?: { value: number; label: string }
}

const BAR = 11
/** Room behind the longest bar for half a diamond. */
const RIGHT = 7

/** Bars that lie, each below its own name: long names and phones leave no room beside them. */
export function barChart({ bars, axis, reference, ...name }: BarChart): Html {
  const values = bars.flatMap(({ value, mark }) => [value, mark ?? 0])
  const scale = linearScale(Math.max(...values, reference?.value ?? 0))
  const x = (value: number) => scale.at(value) * (WIDTH - RIGHT)
  const head = reference ? 18 : 0
  const rows: Html[] = []
  let y = head
  for (const bar of bars) {
    const room = WIDTH - textWidth(bar.shown, FONT) - 12 - INSET
    rows.push(
      text(INSET, y + 13, fit(bar.label, room, FONT)),
      text(WIDTH, y + 13, bar.shown, { anchor: 'end', kind: 'strong' }),
      rect(x(0), y + 19, x(bar.value) - x(0), BAR, `bar ${series(bar.series)}`),
    )
    if (bar.mark !== undefined) rows.push(diamond(x(bar.mark), y + 19 + BAR / 2))
    if (bar.note !== undefined) {
      rows.push(text(INSET, y + 43, fit(bar.note, WIDTH - INSET, SMALL), { size: SMALL, kind: 'quiet' }))
    }
    y += bar.note === undefined ? 38 : 52
  }
  const grid = scale.ticks.map((tick) => line(x(tick), head, x(tick), y, tick === 0 ? 'axis' : 'grid'))
  const ticks = scale.ticks.map((tick) => tickLabel(x(tick), y + 14, tickText(tick)))
  const against = reference
    ? [
        text(Math.min(x(reference.value), WIDTH - textWidth(reference.label, SMALL) / 2), 11, reference.label, {
          size: SMALL,
          anchor: 'middle',
        }),
        line(x(reference.value), 15, x(reference.value), y, 'reference'),
      ]
    : []
  const below = text(WIDTH, y + 32, axis, { size: SMALL, anchor: 'end', kind: 'quiet' })
  return svg(name, y + 38, [...grid, ...rows, ...against, ...ticks, below])
}

function diamond(x: number, y: number): Html {
  return html`<path d="M${coordinate(x)},${coordinate(y - 7)}l6,7l-6,7l-6,-7z" class="worst"/>`
}
