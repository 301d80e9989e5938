/** What all charts share: size, colours, shapes, the frame with its name for screen readers. */
import { type Html, html } from './html'

/** Units are those of a phone's page: at 360 px wide they are pixels, and text of 12 is read there without zooming. */
export const WIDTH = 320
export const FONT = 12
export const SMALL = 10.5
/** Of names that stand at the upright axis. */
export const INSET = 4

export interface ChartName {
  /** Unique in the page. */
  id: string
  title: string
  /** What the chart shows, in a sentence or as its numbers: read by those who do not see it. */
  summary: string
}

export function svg({ id, title, summary }: ChartName, height: number, body: Html[]): Html {
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${coordinate(height)}" role="img" aria-labelledby="${id}-t" aria-describedby="${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${summary}</desc>${body}</svg>`
}

export interface TextOptions {
  size?: number
  anchor?: 'start' | 'middle' | 'end'
  /** `strong` or `quiet`. */
  kind?: string
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): Html {
  const { size = FONT, anchor = 'start', kind = '' } = options
  return html`<text x="${coordinate(x)}" y="${coordinate(y)}" font-size="${size}" text-anchor="${anchor}" class="${kind}">${content}</text>`
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): Html {
  return html`<line x1="${coordinate(x1)}" y1="${coordinate(y1)}" x2="${coordinate(x2)}" y2="${coordinate(y2)}" class="${kind}"/>`
}

export function rect(x: number, y: number, width: number, height: number, kind: string): Html {
  return html`<rect x="${coordinate(x)}" y="${coordinate(y)}" width="${coordinate(Math.max(0, width))}" height="${coordinate(height)}" class="${kind}"/>`
}

const COLOURS = 6

/** A class for the colour of the n-th tokenizer: the same in every chart. */
export function series(index: number): string {
  return `s${(index + Math.floor(index / SHAPES.length)) % COLOURS}`
}

/** Around 0, 0, about 10 across. */
const SHAPES = [
  'M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z',
  'M-4.2,-4.2h8.4v8.4h-8.4z',
  'M0,-5.2L5,4.2H-5z',
  'M0,-5.8L5.4,0L0,5.8L-5.4,0z',
  'M-5,-4.2H5L0,5.2z',
  'M-1.6,-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z',
]

/** Colour is never the only sign: each of six tokenizers has its shape, and the next six take other colours. */
export function shape(index: number, x: number, y: number): Html {
  return html`<path d="${SHAPES[index % SHAPES.length]}" transform="translate(${coordinate(x)} ${coordinate(y)})" class="mark ${series(index)}"/>`
}

/** Names with their shapes, in as many lines as they need. */
export function legend(names: readonly string[], y: number): { height: number; body: Html[] } {
  const body: Html[] = []
  let x = 0
  let row = 0
  names.forEach((name, i) => {
    const shown = fit(name, WIDTH - 20, FONT)
    const width = 16 + textWidth(shown, FONT)
    if (x > 0 && x + width > WIDTH) {
      x = 0
      row++
    }
    body.push(shape(i, x + 6, y + row * 18 + 8), text(x + 16, y + row * 18 + 12, shown))
    x += width + 14
  })
  return { height: names.length > 0 ? (row + 1) * 18 : 0, body }
}

/** A generous guess: charts are drawn where no font can be asked. */
export function textWidth(content: string, size: number): number {
  let width = 0
  for (const char of content) {
    if (/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uff60]|[^\0-\uffff]/u.test(char)) width += 1
    else if (/[\p{Lu}mwMW%@—→]/u.test(char)) width += 0.82
    else if (/[ilj.,:;'|!\s]/.test(char)) width += 0.36
    else width += 0.62
  }
  return width * size
}

/** Cut in the middle: names that are paths differ at their ends. */
export function fit(content: string, width: number, size: number): string {
  if (textWidth(content, size) <= width) return content
  const chars = Array.from(content)
  for (let keep = chars.length - 1; keep > 2; keep--) {
    const cut = `${chars.slice(0, Math.floor(keep / 2)).join('')}…${chars.slice(chars.length - Math.ceil(keep / 2)).join('')}`
    if (textWidth(cut, size) <= width) return cut
  }
  return '…'
}

/** The number of a tick below a level axis, kept inside the chart. */
export function tickLabel(x: number, y: number, content: string): Html {
  const half = textWidth(content, SMALL) / 2
  const kind = 'quiet'
  if (x < half) return text(0, y, content, { size: SMALL, kind })
  if (x > WIDTH - half) return text(WIDTH, y, content, { size: SMALL, kind, anchor: 'end' })
  return text(x, y, content, { size: SMALL, kind, anchor: 'middle' })
}

/** One decimal is a tenth of a pixel. */
export function coordinate(value: number): number {
  return Math.round(value * 10) / 10
}
