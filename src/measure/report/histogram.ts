import type { Html } from './html'
import { linearScale, tickText } from './scale'
import { type ChartName, FONT, fit, line, rect, SMALL, series, svg, text, textWidth, WIDTH } from './svg'

export interface Panel {
  label: string
  /** At the end of the label's line. */
  shown: string
  series: number
  /** In percent, a bar each. */
  shares: readonly number[]
}

export interface Histogram extends ChartName {
  panels: readonly Panel[]
  /** Names of the bars. */
  bins: readonly string[]
  axis: string
}

/** For `100 %`. */
const LEFT = 42
const HEIGHT = 64

/** A panel for each tokenizer above the next, with one scale: shapes compare at one look, also without colours. */
export function histogram({ panels, bins, axis, ...name }: Histogram): Html {
  const scale = linearScale(Math.max(...panels.flatMap(({ shares }) => shares)))
  const step = (WIDTH - LEFT) / bins.length
  const body: Html[] = []
  let y = 0
  for (const { label, shown, series: index, shares } of panels) {
    const base = y + 36 + HEIGHT
    const top = (value: number) => base - scale.at(value) * HEIGHT
    const end = scale.ticks[scale.ticks.length - 1]
    for (const tick of [end / 2, end]) body.push(line(LEFT, top(tick), WIDTH, top(tick), 'grid'))
    body.push(
      text(0, y + 13, fit(label, WIDTH - textWidth(shown, FONT) - 12, FONT)),
      text(WIDTH, y + 13, shown, { anchor: 'end', kind: 'strong' }),
      text(LEFT - 5, top(end) + 4, `${tickText(end)} %`, { size: SMALL, anchor: 'end', kind: 'quiet' }),
      text(LEFT - 5, base + 1, '0', { size: SMALL, anchor: 'end', kind: 'quiet' }),
    )
    shares.forEach((share, i) => {
      const x = LEFT + i * step
      body.push(rect(x + 2, top(share), step - 4, base - top(share), `bar ${series(index)}`))
      // A bar that is hardly to be seen says nothing more with a number on it.
      if (share < 1) return
      body.push(text(x + step / 2, top(share) - 3, share.toFixed(0), { size: SMALL, anchor: 'middle' }))
    })
    body.push(line(LEFT, base, WIDTH, base, 'axis'))
    bins.forEach((bin, i) => {
      body.push(text(LEFT + (i + 0.5) * step, base + 13, bin, { size: SMALL, anchor: 'middle', kind: 'quiet' }))
    })
    y = base + 26
  }
  body.push(text(WIDTH, y + 6, axis, { size: SMALL, anchor: 'end', kind: 'quiet' }))
  return svg(name, y + 12, body)
}
