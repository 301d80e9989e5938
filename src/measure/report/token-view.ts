import type { BenchReport, SampleLine } from '../bench/types'
import { type Html, html, markup } from './html'
import { both } from './page'
import { SENTENCES, WORDS } from './words'

const TINTS = 4
const BYTES = /^(?:<0x[0-9A-F]{2}>)+$/

/** Each sentence, and below it how every tokenizer cuts it, the first one on top. */
export function sampleViews(report: BenchReport): Html {
  if (report.samples.length === 0) return html`<p>${both(WORDS.noSamples)}</p>`
  const added = report.tokenizers.some((tokenizer) => tokenizer.added)
  const legend = html`<ul class="legend"><li><i class="t0">가</i><i class="t1">나</i> ${both(WORDS.plainToken)}</li>
<li><i class="byte">0xEA</i> ${both(WORDS.byteToken)}</li>${
    added ? html`<li><i class="t2 new">다</i> ${both(WORDS.newToken)}</li>` : null
  }<li><i class="t3">▁</i> ${both(WORDS.spaceToken)}</li></ul>`
  return html`${legend}<div class="samples">${report.samples.map((sample) => sampleView(report, sample))}</div>`
}

function sampleView({ domains, tokenizers }: BenchReport, sample: SampleLine): Html {
  const korean = domains.find(({ name }) => name === sample.domain)?.korean
  const language = korean ? markup(' lang="ko"') : null
  const syllables = (sample.text.match(/[\uac00-\ud7a3]/g) ?? []).length
  const cuts = tokenizers.map(({ name, added }, i) => {
    const tokens = sample.tokens[i]
    const each = syllables > 0 ? (tokens.length / syllables).toFixed(2) : null
    const from = added?.first ?? Number.POSITIVE_INFINITY
    const items = tokens.map((token, at) => tokenHtml(token, at, sample.ids[i][at] >= from))
    return html`<div class="cut"><p class="who"><b><bdi>${name}</bdi></b> <span class="soft">${both(SENTENCES.count(tokens.length, each))}</span></p>
<ol class="tokens"${language}>${items}</ol></div>
`
  })
  return html`<article class="card"><h3><bdi>${sample.domain}</bdi></h3><p class="sentence"${language}><bdi>${sample.text}</bdi></p>
${cuts}</article>
`
}

function tokenHtml(token: string, at: number, isNew: boolean): Html {
  const added = isNew ? ' new' : ''
  if (!BYTES.test(token)) return html`<li class="t${at % TINTS}${added}">${token}</li>`
  return html`<li class="byte${added}">0x${token.replace(/<0x|>/g, '')}</li>`
}
