import { type Html, html } from './html'
import { linearScale, logScale, type Scale, tickText } from './scale'
import { type ChartName, coordinate, line, SMALL, svg, text, textWidth, tickLabel, WIDTH } from './svg'

export interface Series {
  label: string
  points: readonly (readonly [x: number, y: number])[]
}

export interface LineChart extends ChartName {
  series: readonly Series[]
  /** Values of 0 and less are left out of logarithmic axes. */
  scale: 'linear' | 'log'
  xAxis: string
  yAxis: string
  /** How ticks of the upright axis are written. */
  tick?: (value: number) => string
  /** A place on the level axis that is named, as the proposal is. */
  marked?: { x: number; label: string }
  /** A value on the upright axis that is named, as a limit is. */
  limit?: { y: number; label: string }
}

const HEIGHT = 190
const RIGHT = 14
const KEY = 18

/** Lines differ in colour, in dashes and in the shape at their ends. */
export function lineChart(chart: LineChart): Html {
  const { xAxis, yAxis, tick = tickText, marked, limit } = chart
  const log = chart.scale === 'log'
  const shown = chart.series
    .map(({ label, points }) => ({ label, points: points.filter(([, y]) => !log || y > 0) }))
    .filter(({ points }) => points.length > 0)
  const values = [...shown.flatMap(({ points }) => points.map(([, y]) => y)), ...(limit ? [limit.y] : [])]
  const up: Scale = log ? logScale(Math.min(...values), Math.max(...values)) : linearScale(Math.max(...values))
  const across = linearScale(Math.max(...shown.flatMap(({ points }) => points.map(([x]) => x))))
  const left = 8 + Math.max(...up.ticks.map((value) => textWidth(tick(value), SMALL)))
  const keys = shown.length > 1 ? shown.length * KEY : 0
  const top = keys + 22 + (marked ? 16 : 0)
  const bottom = top + HEIGHT
  const x = (value: number) => left + across.at(value) * (WIDTH - RIGHT - left)
  const y = (value: number) => bottom - up.at(value) * HEIGHT
  const body: Html[] = []
  if (keys > 0) {
    shown.forEach(({ label }, i) => {
      body.push(line(2, i * KEY + 9, 30, i * KEY + 9, `line l${i}`), text(38, i * KEY + 13, label, { size: SMALL }))
    })
  }
  body.push(text(0, keys + 13, yAxis, { size: SMALL, kind: 'quiet' }))
  for (const value of up.ticks) {
    body.push(
      line(left, y(value), WIDTH - RIGHT, y(value), 'grid'),
      text(left - 5, y(value) + 4, tick(value), { size: SMALL, anchor: 'end', kind: 'quiet' }),
    )
  }
  body.push(line(left, top, left, bottom, 'axis'), line(left, bottom, WIDTH - RIGHT, bottom, 'axis'))
  if (limit) {
    const clash = up.at(limit.y) > 0.9
    const end = WIDTH - RIGHT
    const behind = marked !== undefined && x(marked.x) > end - textWidth(limit.label, SMALL) - 6
    body.push(
      line(left, y(limit.y), WIDTH - RIGHT, y(limit.y), 'reference'),
      text(behind ? x(marked.x) - 6 : end, y(limit.y) + (clash ? 13 : -5), limit.label, { size: SMALL, anchor: 'end' }),
    )
  }
  shown.forEach(({ points }, i) => {
    const path = points.map(([px, py]) => `${coordinate(x(px))},${coordinate(y(py))}`).join(' ')
    body.push(html`<polyline points="${path}" class="line l${i}"/>`)
  })
  if (marked) {
    const half = textWidth(marked.label, SMALL) / 2
    const at = Math.min(Math.max(x(marked.x), half), WIDTH - half)
    body.push(
      line(x(marked.x), top - 4, x(marked.x), bottom, 'marked'),
      text(at, top - 8, marked.label, { size: SMALL, anchor: 'middle', kind: 'strong' }),
    )
    for (const [i, { points }] of shown.entries()) {
      const point = points.find(([px]) => px === marked.x)
      if (point)
        body.push(
          html`<circle cx="${coordinate(x(point[0]))}" cy="${coordinate(y(point[1]))}" r="4.5" class="dot l${i}"/>`,
        )
    }
  }
  const every = levelTicks(across.ticks, x)
  for (const value of every) {
    body.push(tickLabel(x(value), bottom + 15, tickText(value)))
  }
  body.push(text(WIDTH, bottom + 32, xAxis, { size: SMALL, anchor: 'end', kind: 'quiet' }))
  return svg(chart, bottom + 38, body)
}

/** Every second tick where their numbers would touch. */
function levelTicks(ticks: readonly number[], x: (value: number) => number): readonly number[] {
  const wide = Math.max(...ticks.map((value) => textWidth(tickText(value), SMALL)))
  const apart = ticks.length > 1 ? x(ticks[1]) - x(ticks[0]) : WIDTH
  return apart > wide + 6 ? ticks : ticks.filter((_, i) => i % 2 === 0)
}
