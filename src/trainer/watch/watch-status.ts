/** What the page of a run says in words and numbers, beside its charts. */
import { type Both, same } from '../../measure/language'
import { type Html, html, markup } from '../../measure/report/html'
import { both } from '../../measure/report/page'
import type { GateState } from '../run/metrics'
import { numberText } from './axis'
import { clock, percentOf, plain, share } from './numbers'
import type { RunView } from './run-view'
import { GATE, SAY, WATCH } from './watch-words'

export function statusLine({ step, evaluation, time, broken }: RunView): Html {
  if (!time) return html`<p class="soft">${both(WATCH.nothing)}</p>`
  const at = plain((step ?? evaluation)?.step ?? 0)
  const shown = SAY.asOf(at, step ? plain(step.steps) : '?', time.slice(0, 19).replace('T', ' '))
  const warning = broken > 0 ? html`<p class="warning">${both(SAY.broken(plain(broken)))}</p>` : null
  return html`<p class="soft">${both(shown)}</p>${warning}`
}

export function tilesOf({ step, evaluation, best }: RunView): Html {
  const tiles: Html[] = []
  if (step) {
    const part = `${((100 * step.step) / step.steps).toFixed(1)} %`
    tiles.push(
      tile(WATCH.step, plain(step.step), SAY.ofSteps(plain(step.steps), part)),
      tile(WATCH.stage, step.stage),
      tile(WATCH.loss, Number.isFinite(step.loss) ? step.loss.toFixed(3) : String(step.loss)),
      tile(WATCH.tokens, rough(step.tokens), same(`${rough(step.flops)} FLOPs`)),
      tile(WATCH.speed, plain(Math.round(step.tokensPerSecond))),
      tile(WATCH.left, step.secondsLeft === null ? '-' : clock(step.secondsLeft)),
    )
  }
  if (evaluation) {
    const bits = (name: string): Both => ({ en: `${name}, ${WATCH.bits.en}`, ko: `${name}, ${WATCH.bits.ko}` })
    for (const { name, role, bitsPerByte } of evaluation.sets) {
      if (role) tiles.push(tile(bits(name), bitsPerByte.toFixed(4)))
    }
    for (const { name, loss, accuracy } of evaluation.preferences ?? [])
      tiles.push(tile(SAY.pairs(name), loss.toFixed(4), SAY.right(`${Math.round(100 * accuracy)} %`)))
    tiles.push(gateTile(evaluation.gate))
  }
  if (best) {
    const joint = best.jointScore === null ? '-' : best.jointScore.toFixed(4)
    tiles.push(tile(WATCH.bestStep, plain(best.step), SAY.joint(joint)))
  }
  return tiles.length > 0 ? html`<ul class="tiles">${tiles}</ul>` : html`<p>${both(WATCH.nothing)}</p>`
}

function tile(name: Both, value: string, more: Both | null = null): Html {
  const below = more ? html`<p class="soft">${both(more)}</p>` : null
  return html`<li class="card tile"><p>${both(name)}</p><b class="value"><bdi>${value}</bdi></b>${below}</li>
`
}

/** The state is a word: colour only repeats it. */
function gateTile({ state, worsened, bound }: GateState): Html {
  const shown = worsened !== null && bound !== null ? SAY.gateOf(percentOf(worsened), share(bound)) : null
  const kind = markup(state === 'ok' ? 'good' : 'bad')
  const below = shown ? html`<p class="soft">${both(shown)}</p>` : null
  return html`<li class="card tile"><p>${both(WATCH.gate)}</p><b class="value ${kind}" id="gate">${both(GATE[state])}</b>${below}</li>
`
}

export function evaluationTable({ evaluation, sets }: RunView): Html {
  if (!evaluation || evaluation.sets.length === 0) return html`<p>${both(WATCH.nothing)}</p>`
  const role = { target: WATCH.target, guarded: WATCH.guarded }
  const rows = evaluation.sets.map((set) => {
    const { first, bound } = sets.get(set.name)!
    const cells = [
      set.bitsPerByte.toFixed(4),
      first.toFixed(4),
      percentOf(set.bitsPerByte / first - 1),
      bound === null ? '-' : bound.toFixed(4),
      set.perplexity.toPrecision(4),
      plain(set.tokens),
      plain(set.bytes),
    ]
    return html`<tr><th scope="row"><bdi>${set.name}</bdi></th><td>${both(set.role ? role[set.role] : WATCH.watched)}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`
  })
  const heads = [
    ...[WATCH.set, WATCH.role, WATCH.bits, WATCH.first, WATCH.change, WATCH.bound, WATCH.perplexity],
    ...[WATCH.tokens, WATCH.bytes],
  ]
  const head = heads.map((name) => html`<th scope="col">${both(name)}</th>`)
  return html`<p class="soft">${both(WATCH.step)} ${plain(evaluation.step)}</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="evaluations"><table class="first" aria-labelledby="evaluations">
<thead><tr>${head}</tr></thead><tbody>
${rows}</tbody></table></div>`
}

export function notesList({ notes, olderNotes }: RunView): Html {
  if (notes.length === 0) return html`<p>${both(WATCH.nothing)}</p>`
  const items = notes.toReversed().map(
    ({ step, time, text }) =>
      html`<li><span class="soft">${time.slice(11, 19)} · ${both(WATCH.step)} ${plain(step)}</span> <bdi>${text}</bdi></li>
`,
  )
  const older = olderNotes > 0 ? html`<p class="soft">${both(SAY.older(plain(olderNotes)))}</p>` : null
  return html`<ul class="plain">${items}</ul>${older}`
}

/** Three digits: `131B`. */
function rough(value: number): string {
  return numberText(Number(value.toPrecision(3)))
}
