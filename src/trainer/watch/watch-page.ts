/** A run as one HTML page, live or from disk: the same parts, drawn from the same view. */
import type { Both } from '../../measure/language'
import { dataScript, type Html, html, markup, writeHtml } from '../../measure/report/html'
import { both, languageSwitch, scriptHash } from '../../measure/report/page'
import { SCRIPT } from '../../measure/report/script'
import { STYLE } from '../../measure/report/style'
import { version } from '../../version'
import type { XAxis } from './curve'
import type { RunView } from './run-view'
import { watchCharts } from './watch-charts'
import { WATCH_SCRIPT, WATCH_STYLE } from './watch-script'
import { evaluationTable, notesList, statusLine, tilesOf } from './watch-status'
import { WATCH } from './watch-words'

export const X_AXES: readonly XAxis[] = ['tokens', 'steps', 'flops', 'time']

export interface WatchPageOptions {
  /** The run's name. */
  name: string
  /** The page asks its server for what is new. Off: it asks nobody. */
  live?: boolean
}

/** Korean and English, light and dark; without scripts everything is there but live changes and values of points. */
export function watchPage(view: RunView, { name, live = false }: WatchPageOptions): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${scriptHash(SCRIPT)} ${scriptHash(WATCH_SCRIPT)}; img-src data:; connect-src ${live ? "'self'" : "'none'"}; base-uri 'none'; form-action 'none'`
  const title: Both = { en: `${WATCH.title.en}: ${name}`, ko: `${WATCH.title.ko}: ${name}` }
  const words = { title, ascending: WATCH.title, descending: WATCH.title }
  const watch = { live, states: { live: WATCH.live, lost: WATCH.lost, ended: WATCH.ended } }
  const parts = watchParts(view, X_AXES)
  const part = (id: string) => html`<div id="${id}">${markup(parts[id])}</div>`
  const section = (id: string, title: Both, body: Html) =>
    html`<section aria-labelledby="${id}"><h2 id="${id}">${both(title)}</h2>
${body}
</section>
`
  const charts = X_AXES.map((axis) => html`<div class="x x-${axis}">${part(`charts-${axis}`)}</div>`)
  const state = live ? html`<p id="state" class="soft" role="status">${both(WATCH.connecting)}</p>` : null
  return writeHtml(html`${markup('<!doctype html>')}
<html lang="ko">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="ko-vocab ${version}">
<link rel="icon" href="data:,">
<title>${title.ko} · ${title.en}</title>
<style>${markup(STYLE)}${markup(WATCH_STYLE)}</style>
</head>
<body>
<header>
<div class="top"><h1>${both(title)}</h1>${languageSwitch()}</div>
${part('status')}${state}
</header>
<main>
${section('now', WATCH.now, part('tiles'))}
${section('curves', WATCH.curves, html`${axisSwitch()}<p class="soft">${both(WATCH.hint)}</p>${charts}`)}
${section('evaluations', WATCH.evaluations, part('evaluation'))}
${section('notes', WATCH.notes, part('log'))}
</main>
<footer><p>ko-vocab ${version}</p></footer>
<p id="sorted" class="sr" role="status"></p><p id="reading" class="sr" role="status"></p>
${dataScript('words', words)}
${dataScript('watch', watch)}
<script>${markup(SCRIPT)}</script>
<script>${markup(WATCH_SCRIPT)}</script>
</body>
</html>
`)
}

/** Markup by the id of the part that it fills; charts only over the axes that are asked for. */
export function watchParts(view: RunView, axes: readonly XAxis[]): Record<string, string> {
  const charts = axes.map((axis) => {
    const drawn = watchCharts(view, axis)
    const body = drawn.length > 0 ? html`<div class="charts">${drawn}</div>` : html`<p>${both(WATCH.nothing)}</p>`
    return [`charts-${axis}`, writeHtml(body)]
  })
  return {
    status: writeHtml(statusLine(view)),
    tiles: writeHtml(tilesOf(view)),
    ...Object.fromEntries(charts),
    evaluation: writeHtml(evaluationTable(view)),
    log: writeHtml(notesList(view)),
  }
}

/** Radio buttons as those of the language: the style sheet alone shows the charts of the one that is chosen. */
function axisSwitch(): Html {
  const buttons = X_AXES.map(
    (axis) =>
      html`<label><input type="radio" name="axis" id="x-${axis}" value="${axis}"${
        axis === 'tokens' ? markup(' checked') : null
      }><span class="name">${both(WATCH[axis])}</span></label>`,
  )
  return html`<fieldset class="switch"><legend>${both(WATCH.axis)}</legend>${buttons}</fieldset>`
}
