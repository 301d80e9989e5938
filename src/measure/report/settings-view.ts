import type { InputRecord, RunRecord } from '../../corpus/run-types'
import type { BenchReport, DomainText, ModelShape, TokenizerBench } from '../bench/types'
import { same } from '../language'
import { type Html, html } from './html'
import { both } from './page'
import { gridHtml } from './table'
import { SENTENCES, WORDS } from './words'

/** Longer lists of files open on demand. */
const OPEN_MAX = 12

/** How the numbers came about: the run, the tokenizers and how each of them was made, the model. */
export function benchSettings({ run, tokenizers, model, domains }: BenchReport): Html {
  return html`<h3>${both(WORDS.thisRun)}</h3>
${run ? runView('run', run) : html`<p>${both(WORDS.noRun)}</p>`}
${model ? modelView(model) : null}
${textView(domains)}
${tokenizersView(tokenizers)}
${tokenizers.map(({ name, provenance }, i) => {
  const notes = (provenance?.notes ?? []).map(
    (note) => html`<p class="soft"><bdi>${name}</bdi>: ${both(SENTENCES.notOurs(note))}</p>`,
  )
  const made = provenance?.run
  if (!made) return notes
  return html`<h3>${both(SENTENCES.madeBy(name, made.command, made.ko_vocab))}</h3>${runView(`made-${i}`, made)}${notes}`
})}`
}

/** Options and inputs of one run. @param id unique in the page */
export function runView(id: string, run: RunRecord): Html {
  const options = Object.entries(run.options).filter(([, value]) => value !== undefined && value !== null)
  return html`<p class="soft">${both(SENTENCES.run(run.command, run.ko_vocab, run.seed))}</p>
<dl class="options">${options.map(([name, value]) => html`<dt class="mono">--${name}</dt><dd class="mono"><bdi>${optionText(value)}</bdi></dd>`)}</dl>
${inputsView(`${id}-inputs`, run.inputs)}`
}

export function modelView({ source, layers, hidden, kvHeads, headDim, bodyParameters }: ModelShape): Html {
  const body = bodyParameters.toLocaleString('en')
  return html`<h3>${both(WORDS.model)}</h3><p>${both(SENTENCES.shape({ source, layers, hidden, kvHeads, headDim, body }))}</p>`
}

function inputsView(id: string, inputs: readonly InputRecord[]): Html {
  if (inputs.length === 0) return html``
  const grid = gridHtml({
    id,
    title: WORDS.inputs,
    columns: [{ head: WORDS.path }, { head: WORDS.size }, { head: same('SHA-256'), words: true }],
    rows: inputs.map(({ path, size, sha256 }) => [
      { shown: html`<bdi class="mono">${path}</bdi>`, number: null },
      { shown: html`${size === null ? '-' : size.toLocaleString('en')}`, number: size },
      { shown: sha256 === null ? both(WORDS.stream) : html`<span class="mono">${sha256}</span>`, number: null },
    ]),
  })
  if (inputs.length <= OPEN_MAX) return grid
  return html`<details><summary>${both(WORDS.inputs)}: ${inputs.length}</summary>${grid}</details>`
}

function textView(domains: readonly DomainText[]): Html {
  const count = (value: number) => same(value.toLocaleString('en'))
  return gridHtml({
    id: 'text',
    title: WORDS.corpus,
    columns: [
      ...[WORDS.domain, WORDS.lines, WORDS.syllables, WORDS.eojeols, WORDS.characters, WORDS.size],
      WORDS.isKorean,
    ].map((head) => ({ head })),
    rows: domains.map(({ name, text, korean }) => [
      same(name),
      ...[text.lines, text.syllables, text.words, text.characters, text.bytes].map(count),
      korean ? WORDS.yes : WORDS.no,
    ]),
  })
}

function tokenizersView(tokenizers: readonly TokenizerBench[]): Html {
  return gridHtml({
    id: 'measured',
    title: WORDS.tokenizers,
    columns: [
      ...[WORDS.tokenizer, WORDS.ids].map((head) => ({ head })),
      ...[WORDS.source, WORDS.kind, WORDS.engine, WORDS.fingerprint].map((head) => ({ head, words: true })),
    ],
    rows: tokenizers.map(({ name, source, engine, kind, size, sha256, added }) => [
      same(name),
      same(size.toLocaleString('en')),
      { shown: html`<bdi class="mono">${source}</bdi>`, number: null },
      {
        shown: html`${kind}${
          added
            ? html`<br>${both(SENTENCES.added(added.count.toLocaleString('en'), added.first.toLocaleString('en')))}`
            : null
        }`,
        number: null,
      },
      same(engine),
      { shown: html`<span class="mono">${sha256 ?? '-'}</span>`, number: null },
    ]),
  })
}

/** Words as they were typed; lists with spaces between. */
function optionText(value: unknown): string {
  if (Array.isArray(value)) return value.map(optionText).join(' ') || '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
