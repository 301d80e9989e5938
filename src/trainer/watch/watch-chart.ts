/** One chart of a run: lines with their bands, borders of stages, the best checkpoint, bounds. */
import type { Both } from '../../measure/language'
import { type Html, html } from '../../measure/report/html'
import { both } from '../../measure/report/page'
import { coordinate, fit, line, SMALL, text, textWidth, tickLabel, WIDTH } from '../../measure/report/svg'
import { createAxis } from './axis'
import { along, type Curve, type Place, type XAxis } from './curve'
import { WATCH } from './watch-words'

export interface WatchChart {
  /** Unique beside the axis. */
  name: string
  title: Both
  note?: Both
  curve: Curve
  /** Names of the curve's values, and how they are called. */
  lines: readonly { value: string; label: string }[]
  scale: 'linear' | 'log'
  /** Named lines across, in the colour of a line. */
  bounds?: readonly { y: number; line: number }[]
  /** Draw the band between least and greatest. */
  band?: boolean
}

export interface WatchMarks {
  stages: readonly { name: string; place: Place }[]
  best: Place | null
  /** Where the axis ends: curves of the same run share it. */
  end: Place
}

const HEIGHT = 150
const RIGHT = 10
const ROW = 16
const UNITS = [
  { from: 2 * 3600, size: 3600, name: WATCH.hours },
  { from: 120, size: 60, name: WATCH.minutes },
  { from: 0, size: 1, name: WATCH.seconds },
]

/** A figure; null where there is nothing to draw. */
export function watchChart(chart: WatchChart, marks: WatchMarks, axis: XAxis): Html | null {
  const log = chart.scale === 'log'
  const end = along(marks.end, axis)
  const unit = axis === 'time' ? UNITS.find(({ from }) => end >= from)! : { size: 1, name: WATCH[axis] }
  const place = (at: Place) => along(at, axis) / unit.size
  const lines = chart.lines.flatMap(({ value, label }, look) => {
    const points = chart.curve.buckets.flatMap((bucket) => {
      const range = bucket.values.get(value)
      if (!range || (log && range.min <= 0)) return []
      return [{ x: place(bucket.place), ...range, mean: range.sum / range.count }]
    })
    return points.length > 0 ? [{ label, look, points }] : []
  })
  if (lines.length === 0) return null

  const bounds = (chart.bounds ?? []).filter(({ y }) => !log || y > 0)
  const all = lines.flatMap(({ points }) => points.flatMap(({ min, max, mean }) => (chart.band ? [min, max] : [mean])))
  const ys = [...all, ...bounds.map(({ y }) => y)]
  const up = createAxis({ min: Math.min(...ys), max: Math.max(...ys), scale: chart.scale, count: 4 })
  const across = createAxis({ min: 0, max: end > 0 ? end / unit.size : 1, tight: true, count: 4 })
  const rows = lines.length > 1 ? lines.length : 0
  const left = 8 + Math.max(...up.ticks.map(({ label }) => textWidth(label, SMALL)))
  const right = WIDTH - RIGHT
  const top = rows * ROW + 26
  const bottom = top + HEIGHT
  const x = (value: number) => left + across.at(value) * (right - left)
  const y = (value: number) => bottom - up.at(value) * HEIGHT

  const body: Html[] = []
  if (rows > 0) {
    lines.forEach(({ label, look }, i) => {
      const middle = i * ROW + 8
      body.push(line(2, middle, 30, middle, `line l${look % 6}`))
      body.push(text(38, middle + 4, fit(label, WIDTH - 40, SMALL), { size: SMALL }))
    })
  }
  for (const { value, label } of up.ticks) {
    body.push(line(left, y(value), right, y(value), 'grid'))
    body.push(text(left - 5, y(value) + 4, label, { size: SMALL, anchor: 'end', kind: 'quiet' }))
  }
  body.push(line(left, top, left, bottom, 'axis'), line(left, bottom, right, bottom, 'axis'))
  body.push(...stagesOf(marks, place, x, top, bottom, right))
  for (const { y: value, line: look } of bounds) {
    body.push(line(left, y(value), right, y(value), `bound l${look % 6}`))
    body.push(...bilingual(right - 4, y(value) - 4, WATCH.bound, 'end'))
  }
  for (const { points, look } of lines) {
    if (chart.band && points.length > 1) body.push(bandOf(points, look, x, y))
    const path = points.map((point) => `${fine(x(point.x))},${fine(y(point.mean))}`).join(' ')
    body.push(html`<polyline points="${path}" class="line l${look % 6}"/>`)
    const last = points.at(-1)!
    if (points.length < 40 || !chart.band) {
      body.push(
        html`<circle cx="${coordinate(x(last.x))}" cy="${coordinate(y(last.mean))}" r="3" class="dot l${look % 6}"/>`,
      )
    }
  }
  if (marks.best && chart.curve.buckets.length > 0 && chart.band !== true) {
    const at = x(place(marks.best))
    body.push(line(at, top - 4, at, bottom, 'marked'))
    const anchor = at > (left + right) / 2 ? 'end' : 'start'
    body.push(...bilingual(at + (anchor === 'end' ? -4 : 4), bottom - 6, WATCH.best, anchor, 'strong'))
  }
  for (const { value, label } of spaced(across.ticks, x)) body.push(tickLabel(x(value), bottom + 15, label))
  body.push(...bilingual(WIDTH, bottom + 31, unit.name, 'end', 'quiet'))
  body.push(html`<line x1="0" y1="${top}" x2="0" y2="${bottom}" class="cursor" visibility="hidden"/>`)

  const id = `${chart.name}-${axis}`
  const frame = {
    ...{ left: fine(left), right, top, bottom, x: [across.min, across.max], y: [up.min, up.max], log },
    names: lines.map(({ label }) => label),
  }
  const last = lines.map(({ label, points }) => `${label} ${Number(points.at(-1)!.last.toPrecision(4))}`).join('; ')
  const more = chart.note ? html` <span class="soft">${both(chart.note)}</span>` : null
  return html`<figure class="card" id="${id}"><figcaption id="${id}-t">${both(chart.title)}${more}</figcaption>
<svg class="chart" viewBox="0 0 ${WIDTH} ${coordinate(bottom + 37)}" role="img" tabindex="0" aria-labelledby="${id}-t" aria-describedby="${id}-r" data-frame="${JSON.stringify(frame)}">${body}</svg>
<p class="soft readout" id="${id}-r">${last}</p></figure>
`
}

/** Lines are read by the script too: to a hundredth of a unit, some 4 digits of what the axis spans. */
function fine(value: number): number {
  return Math.round(value * 100) / 100
}

interface Point {
  x: number
  min: number
  max: number
}

function bandOf(points: readonly Point[], look: number, x: (value: number) => number, y: (value: number) => number) {
  const upper = points.map((point) => `${coordinate(x(point.x))},${coordinate(y(point.max))}`)
  const lower = points.map((point) => `${coordinate(x(point.x))},${coordinate(y(point.min))}`)
  return html`<polygon points="${[...upper, ...lower.reverse()].join(' ')}" class="band s${look % 6}"/>`
}

/** The first stage begins at the axis; of names that would touch, the later ones are left out. */
function stagesOf(
  { stages }: WatchMarks,
  place: (at: Place) => number,
  x: (value: number) => number,
  top: number,
  bottom: number,
  right: number,
): Html[] {
  if (stages.length < 2) return []
  return stages.flatMap(({ name, place: at }, i) => {
    const from = x(place(at))
    const until = i + 1 < stages.length ? x(place(stages[i + 1].place)) : right
    const border = i > 0 ? [line(from, top - 14, from, bottom, 'stage')] : []
    const room = until - from - 5
    // A few letters of a name say nothing.
    if (room < Math.min(40, textWidth(name, SMALL))) return border
    return [...border, text(from + 3, top - 6, fit(name, room, SMALL), { size: SMALL, kind: 'quiet' })]
  })
}

/** The same text twice: the page shows the one of its language. */
function bilingual(x: number, y: number, words: Both, anchor: 'start' | 'end', kind = ''): Html[] {
  return (['ko', 'en'] as const).map(
    (language) =>
      html`<g class="${language}" lang="${language}">${text(x, y, words[language], { size: SMALL, anchor, kind })}</g>`,
  )
}

/** Without the ticks whose numbers would touch those before them. */
function spaced(ticks: readonly { value: number; label: string }[], x: (value: number) => number) {
  let free = Number.NEGATIVE_INFINITY
  return ticks.filter(({ value, label }) => {
    const half = textWidth(label, SMALL) / 2
    if (x(value) - half < free) return false
    free = Math.max(x(value), half) + half + 5
    return true
  })
}
