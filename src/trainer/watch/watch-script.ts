/** What the page of a run has beside the style and script of all reports. */

export const WATCH_STYLE = `
.switch{display:flex;flex-wrap:wrap;gap:4px;margin:0 0 .6rem;padding:3px;border:0}
.switch legend{float:left;padding:6px 10px 6px 0;font-weight:600}
.switch label{position:relative;display:block}
.switch input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.switch .name{display:block;padding:5px 14px;border-radius:999px;min-width:44px;text-align:center;border:1px solid var(--line);background:var(--card)}
.switch input:checked+.name{background:var(--ink);color:var(--card);font-weight:600}
.switch input:focus-visible+.name{outline:3px solid var(--link);outline-offset:2px}
html:has(#x-tokens:checked) .x:not(.x-tokens),html:has(#x-steps:checked) .x:not(.x-steps),html:has(#x-flops:checked) .x:not(.x-flops),html:has(#x-time:checked) .x:not(.x-time){display:none}
.tile .value{font-size:1.3rem}
.chart .band{opacity:.22;stroke:none}.chart .stage{stroke:var(--soft);stroke-dasharray:1 3}
.chart .bound{stroke-width:1.5;stroke-dasharray:4 4}.chart .cursor{stroke:var(--ink);stroke-width:1}
.l3{stroke:var(--s3);stroke-dasharray:9 3 2 3}.l4{stroke:var(--s4);stroke-dasharray:12 4}.l5{stroke:var(--s5);stroke-dasharray:5 2}
.readout{min-height:1.4em;margin:.2rem 0 0;font-variant-numeric:tabular-nums}
@media (forced-colors:active){.switch input:checked+.name{outline:2px solid Highlight}}
`

/**
 * Values of points under the pointer or by arrow keys; and, where the page is live, new parts as the server sends them.
 * Charts are changed in place: what has the focus keeps it.
 */
export const WATCH_SCRIPT = `'use strict'
{
const watch = JSON.parse(document.getElementById('watch').textContent)
const reading = document.getElementById('reading')
let held = null
// Lines are drawn to hundredths of a unit: nothing is read more finely.
const number = (value, step) => {
  const size = Math.abs(value)
  if (size < step) return '0'
  if (size !== 0 && (size >= 1e15 || size < 1e-3)) return value.toExponential(2)
  return value.toLocaleString('en', { maximumSignificantDigits: size >= 1e4 ? 6 : 4 })
}
const show = (chart, x, aloud) => {
  const frame = JSON.parse(chart.dataset.frame)
  const lines = Array.from(chart.querySelectorAll('polyline'), (line) => Array.from(line.points))
  const all = lines.flat().map((point) => point.x)
  if (all.length === 0) return
  const at = all.reduce((best, value) => (Math.abs(value - x) < Math.abs(best - x) ? value : best))
  const share = (at - frame.left) / (frame.right - frame.left)
  const [low, high] = frame.y
  const wide = frame.x[1] - frame.x[0]
  const valueAt = (y) => {
    const part = (frame.bottom - y) / (frame.bottom - frame.top)
    return frame.log ? low * (high / low) ** part : low + part * (high - low)
  }
  const texts = lines.map((points, i) => {
    const near = points.reduce((best, point) => (Math.abs(point.x - at) < Math.abs(best.x - at) ? point : best))
    return frame.names[i] + ' ' + number(valueAt(near.y), (high - low) / 1e4)
  })
  const shown = number(frame.x[0] + share * wide, wide / 1e4) + ': ' + texts.join('; ')
  const cursor = chart.querySelector('.cursor')
  cursor.setAttribute('x1', at)
  cursor.setAttribute('x2', at)
  cursor.setAttribute('visibility', 'visible')
  chart.parentElement.querySelector('.readout').textContent = shown
  if (aloud) reading.textContent = shown
  held = { chart, x: at }
}
const hide = () => {
  if (held) held.chart.querySelector('.cursor').setAttribute('visibility', 'hidden')
  held = null
}
document.addEventListener('pointermove', (event) => {
  const chart = event.target.closest && event.target.closest('.chart[data-frame]')
  if (!chart) return
  if (held && held.chart !== chart) hide()
  const box = chart.getBoundingClientRect()
  show(chart, ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width, false)
})
document.addEventListener('focusin', (event) => {
  if (!event.target.matches('.chart[data-frame]')) return
  hide()
  show(event.target, 1e9, true)
})
document.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key]
  if (step === undefined || !event.target.matches('.chart[data-frame]')) return
  event.preventDefault()
  const chart = event.target
  const places = Array.from(new Set(Array.from(chart.querySelectorAll('polyline'), (line) => Array.from(line.points)).flat().map((point) => point.x))).sort((a, b) => a - b)
  const from = held && held.chart === chart ? places.findIndex((x) => x >= held.x - 0.01) : places.length - 1
  show(chart, places[Math.min(places.length - 1, Math.max(0, (from < 0 ? places.length - 1 : from) + step))], true)
})
const replaceFigure = (old, next) => {
  const [chart, drawn] = [old.querySelector('.chart'), next.querySelector('.chart')]
  chart.setAttribute('viewBox', drawn.getAttribute('viewBox'))
  chart.dataset.frame = drawn.dataset.frame
  chart.replaceChildren(...drawn.childNodes)
  if (held && held.chart === chart) show(chart, held.x, false)
  else old.querySelector('.readout').replaceChildren(...next.querySelector('.readout').childNodes)
}
const fill = (id, markup) => {
  const part = document.getElementById(id)
  const template = document.createElement('template')
  template.innerHTML = markup
  const [now, next] = [part, template.content].map((root) => Array.from(root.querySelectorAll('figure')))
  const alike = now.length > 0 && now.length === next.length && now.every((figure, i) => figure.id === next[i].id)
  if (alike) now.forEach((figure, i) => replaceFigure(figure, next[i]))
  else if (part.innerHTML !== template.innerHTML) part.replaceChildren(template.content)
}
const state = document.getElementById('state')
let said = ''
const say = (name) => {
  if (said === name) return
  said = name
  state.replaceChildren(...['ko', 'en'].map((language) => {
    const span = document.createElement('span')
    span.className = span.lang = language
    span.textContent = watch.states[name][language]
    return span
  }))
}
let source = null
const listen = () => {
  if (source) source.close()
  const axis = document.querySelector('input[name=axis]:checked').value
  source = new EventSource('events?x=' + axis)
  const take = (event) => {
    for (const [id, markup] of Object.entries(JSON.parse(event.data))) fill(id, markup)
  }
  source.addEventListener('parts', (event) => { take(event); say('live') })
  source.addEventListener('end', (event) => { take(event); say('ended'); source.close(); source = null })
  source.addEventListener('error', () => say('lost'))
}
if (watch.live) {
  listen()
  for (const input of document.querySelectorAll('input[name=axis]')) {
    input.addEventListener('change', () => { if (said !== 'ended') listen() })
  }
}
}
`
