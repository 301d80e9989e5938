/** Several runs in one picture, for pages such as a README: one SVG file without anything around it. */
import { KoVocabError } from '../../errors'
import { type Html, html, markup, writeHtml } from '../../measure/report/html'
import { coordinate, fit, textWidth } from '../../measure/report/svg'
import { type Axis, createAxis, numberText } from './axis'
import { PLOT_SHAPES, PLOT_STYLE } from './plot-style'
import { spread } from './spread'

export interface RunCurve {
  name: string
  points: readonly { x: number; y: number }[]
  /** Which colour, dash and shape, from 0: the same run looks the same in every figure. Default: its place in the list. */
  look?: number
}

export interface RunsPlot {
  title: string
  /** What the picture shows, for those who do not see it. Default: each run's last value. */
  summary?: string
  /** With units, as `training tokens` and `bits per byte, Korean`. */
  xLabel: string
  yLabel: string
  /** Default linear. On a logarithmic axis values of 0 and less are left out. */
  xScale?: 'linear' | 'log'
  yScale?: 'linear' | 'log'
  runs: readonly RunCurve[]
  /** Lines across that are named: the model before training, a bound. */
  references?: readonly { y: number; label: string }[]
  /** Names at the ends of the lines, in the order of the last values. Default true. */
  direct?: boolean
  /** Names above the picture. Default true. */
  legend?: boolean
  /** Digits behind the point of the last values. Default: as many as tell a hundredth of a step of the axis. */
  decimals?: number
  /** In pixels. Default 880 by 460. */
  width?: number
  height?: number
}

const FONT = 13
const TITLE = 16
const ROW = 19
const MARGIN = 16
/** Runs with more points show their line only. */
const MARKED = 24

/**
 * The same runs give the same bytes. Colours follow the reader's light or dark scheme, and the picture brings its own
 * ground, so it reads where the page around it does not follow. Lines differ in dashes and shapes too.
 *
 * @throws KoVocabError `bad-option` when no run has a point that can be drawn.
 */
export function plotRuns(plot: RunsPlot): string {
  const { title, xLabel, yLabel, references = [], direct = true, width = 880, height = 460 } = plot
  const runs = drawable(plot)
  const xs = runs.flatMap(({ points }) => points.map(({ x }) => x))
  const lines = references.filter(({ y }) => plot.yScale !== 'log' || y > 0)
  const ys = [...runs.flatMap(({ points }) => points.map(({ y }) => y)), ...lines.map(({ y }) => y)]
  const up = createAxis({ ...extent(ys), scale: plot.yScale, count: 6 })
  const across = createAxis({ ...extent(xs), scale: plot.xScale, count: 7, tight: true })

  const ends = direct
    ? runs.map((run) => ({ ...run, text: fit(endLabel(run, up, plot.decimals), width / 3, FONT) }))
    : []
  const names = plot.legend === false ? { rows: 0, body: [] } : legendOf(runs, MARGIN, MARGIN + 44, width - 2 * MARGIN)
  const left = MARGIN + 8 + Math.max(...up.ticks.map(({ label }) => textWidth(label, FONT)))
  const right = width - MARGIN - (direct ? 30 + Math.max(...ends.map(({ text }) => textWidth(text, FONT))) : 8)
  const top = MARGIN + 36 + names.rows * ROW + 24
  const bottom = height - MARGIN - 44
  const x = (value: number) => left + across.at(value) * (right - left)
  const y = (value: number) => bottom - up.at(value) * (bottom - top)

  const body = [
    html`<text x="${MARGIN}" y="${MARGIN + 16}" font-size="${TITLE}" class="kv-title">${title}</text>`,
    names.body,
    html`<text x="${MARGIN}" y="${top - 14}" font-size="${FONT}" class="kv-soft">${yLabel}</text>`,
    html`<text x="${right}" y="${height - MARGIN - 4}" font-size="${FONT}" text-anchor="end" class="kv-soft">${xLabel}</text>`,
    gridOf(up, across, x, y, { left, right, top, bottom }),
    referencesOf(lines, y, left, right),
    runs.map((run) => curveOf(run, x, y)),
    endsOf(ends, x, y, right, top, bottom),
  ]
  const summary = plot.summary ?? `${runs.map((run) => endLabel(run, up, plot.decimals)).join('; ')}.`
  return `${writeHtml(html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}" class="kv-plot"><title>${title}</title><desc>${summary}</desc><style>${markup(PLOT_STYLE)}</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" class="kv-ground"/>
${body}</svg>`)}
`
}

interface Drawable extends RunCurve {
  look: number
}

function drawable({ runs, xScale, yScale, title }: RunsPlot): Drawable[] {
  const shown = runs.map((run, i) => {
    const points = run.points.filter(
      ({ x, y }) =>
        Number.isFinite(x) && Number.isFinite(y) && (xScale !== 'log' || x > 0) && (yScale !== 'log' || y > 0),
    )
    return { ...run, look: run.look ?? i, points: points.toSorted((a, b) => a.x - b.x) }
  })
  const filled = shown.filter(({ points }) => points.length > 0)
  if (filled.length > 0) return filled
  const what = `none of ${runs.length} runs has a point with finite numbers`
  const above = xScale === 'log' || yScale === 'log' ? ', above 0 on a logarithmic axis' : ''
  throw new KoVocabError('bad-option', `plot '${title}': ${what}${above}`, 'give runs with points')
}

function extent(values: readonly number[]): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function endLabel({ name, points }: RunCurve, up: Axis, digits: number | undefined): string {
  const step = digits === undefined ? between(up) / 100 : 10 ** -digits
  return `${name} ${numberText(points.at(-1)!.y, step)}`
}

function between({ ticks }: Axis): number {
  return ticks.length < 2 ? 1 : Math.min(...ticks.slice(1).map(({ value }, i) => value - ticks[i].value))
}

function shapeAt(look: number, x: number, y: number): Html {
  const path = PLOT_SHAPES[look % PLOT_SHAPES.length]
  return html`<path d="${path}" transform="translate(${coordinate(x)} ${coordinate(y)})" class="kv-shape kv-f${look % 8}"/>`
}

function lineClass(look: number): string {
  return `kv-line kv-c${look % 8} kv-d${Math.floor(look / 2) % 4}`
}

function legendOf(runs: readonly Drawable[], left: number, top: number, width: number) {
  const body: Html[] = []
  let [x, row] = [0, 0]
  for (const { name, look } of runs) {
    const shown = fit(name, width - 50, FONT)
    const size = 46 + textWidth(shown, FONT)
    if (x > 0 && x + size > width) [x, row] = [0, row + 1]
    const y = top + row * ROW - 5
    body.push(
      html`<path d="M${coordinate(left + x)},${y}h30" class="${lineClass(look)}"/>`,
      shapeAt(look, left + x + 15, y),
      html`<text x="${coordinate(left + x + 36)}" y="${y + 4.5}" font-size="${FONT}">${shown}</text>`,
    )
    x += size + 12
  }
  return { rows: row + 1, body }
}

type Place = (value: number) => number

function gridOf(up: Axis, across: Axis, x: Place, y: Place, box: Record<'left' | 'right' | 'top' | 'bottom', number>) {
  const { left, right, top, bottom } = box
  const level = up.ticks.map(
    ({ value, label }) =>
      html`<path d="M${coordinate(left)},${coordinate(y(value))}H${coordinate(right)}" class="kv-grid"/><text x="${coordinate(left - 7)}" y="${coordinate(y(value) + 4.5)}" font-size="${FONT}" text-anchor="end" class="kv-soft">${label}</text>`,
  )
  let free = Number.NEGATIVE_INFINITY
  const upright = across.ticks.map(({ value, label }) => {
    const half = textWidth(label, FONT) / 2
    const clear = x(value) - half > free
    if (clear) free = x(value) + half + 10
    const text = html`<text x="${coordinate(x(value))}" y="${coordinate(bottom + 19)}" font-size="${FONT}" text-anchor="middle" class="kv-soft">${label}</text>`
    return html`<path d="M${coordinate(x(value))},${coordinate(top)}V${coordinate(bottom)}" class="kv-grid"/>${clear ? text : null}`
  })
  return [
    level,
    upright,
    html`<path d="M${coordinate(left)},${coordinate(top)}V${coordinate(bottom)}H${coordinate(right)}" class="kv-axis"/>`,
  ]
}

function referencesOf(lines: readonly { y: number; label: string }[], y: Place, left: number, right: number): Html[] {
  return lines.map(
    ({ y: value, label }) =>
      html`<path d="M${coordinate(left)},${coordinate(y(value))}H${coordinate(right)}" class="kv-reference"/><text x="${coordinate(right - 6)}" y="${coordinate(y(value) - 6)}" font-size="${FONT}" text-anchor="end">${label}</text>`,
  )
}

function curveOf({ points, look }: Drawable, x: Place, y: Place): Html {
  const path = points.map((point) => `${coordinate(x(point.x))},${coordinate(y(point.y))}`).join('L')
  const marks = points.length > MARKED ? [] : points.map((point) => shapeAt(look, x(point.x), y(point.y)))
  return html`<path d="M${path}" class="${lineClass(look)}"/>${marks}
`
}

/** Names beside the lines' ends, moved apart where they would touch, with a thread to the end that they name. */
function endsOf(
  ends: readonly (Drawable & { text: string })[],
  x: Place,
  y: Place,
  right: number,
  top: number,
  bottom: number,
) {
  const wanted = ends.map(({ points }) => y(points.at(-1)!.y))
  const placed = spread(wanted, ROW - 3, top, bottom)
  return ends.map(({ points, text, look }, i) => {
    const from = x(points.at(-1)!.x)
    const thread = `M${coordinate(from + 6)},${coordinate(wanted[i])}L${coordinate(Math.max(from + 6, right + 4))},${coordinate(wanted[i])}L${coordinate(right + 16)},${coordinate(placed[i])}`
    return html`<path d="${thread}" class="kv-thread kv-c${look % 8}"/>${shapeAt(look, right + 22, placed[i])}<text x="${coordinate(right + 30)}" y="${coordinate(placed[i] + 4.5)}" font-size="${FONT}">${text}</text>
`
  })
}
