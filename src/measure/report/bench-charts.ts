/** The charts of a bench. One whose figures are not there is not drawn. */
import type { BenchReport, TokenizerBench } from '../bench/types'
import type { Both } from '../language'
import { barChart } from './bar-chart'
import { dotChart } from './dot-chart'
import { histogram } from './histogram'
import type { Html } from './html'
import { figure } from './page'
import { SENTENCES, WORDS } from './words'

/** The last bar of {@link lengthChart} stands for all longer tokens. */
const BINS = 10

export function benchCharts(report: BenchReport): Html[] {
  return [
    syllableChart(report),
    domainChart(report),
    bytesChart(report),
    lengthChart(report),
    ...costCharts(report),
    parityChart(report),
  ].filter((chart) => chart !== null)
}

function syllableChart({ tokenizers, domains }: BenchReport): Html | null {
  const shown = tokenizers.flatMap((tokenizer, at) => {
    const value = tokenizer.korean?.tokensPerSyllable ?? null
    return value === null ? [] : [{ tokenizer, at, value }]
  })
  if (shown.length === 0) return null
  const several = domains.filter(({ korean }) => korean).length > 1
  return figure(WORDS.perSyllableTitle, WORDS.fewer, (language) =>
    barChart({
      id: `syllables-${language}`,
      title: WORDS.perSyllableTitle[language],
      summary: listed(shown.map(({ tokenizer, value }) => [tokenizer.name, value.toFixed(3)])),
      bars: shown.map(({ tokenizer: { name, korean }, at, value }) => {
        const { worst, meanOfDomains } = korean!
        const spread = several && worst && meanOfDomains !== null ? { worst, mean: meanOfDomains } : null
        const note =
          spread &&
          SENTENCES.barNote(spread.mean.toFixed(3), spread.worst.tokensPerSyllable.toFixed(3), spread.worst.domain)
        return {
          label: name,
          value,
          shown: value.toFixed(3),
          series: at,
          mark: spread?.worst.tokensPerSyllable,
          note: note?.[language],
        }
      }),
      axis: WORDS.perSyllable[language],
    }),
  )
}

function domainChart({ tokenizers, domains }: BenchReport): Html | null {
  const korean = domains.flatMap((domain, at) => (domain.korean ? [{ domain, at }] : []))
  if (korean.length < 2) return null
  const [first] = tokenizers
  const order = [...korean].sort((a, b) => figureAt(first, b.at) - figureAt(first, a.at))
  const means = tokenizers.map(({ korean }) => korean?.meanOfDomains ?? null)
  const ringed = tokenizers.map(
    ({ korean }) => 1 + order.findIndex(({ domain }) => domain.name === korean?.worst?.domain),
  )
  return figure(WORDS.domainsTitle, WORDS.ringed, (language) =>
    dotChart({
      id: `domains-${language}`,
      title: WORDS.domainsTitle[language],
      summary: listed(
        order.map(({ domain, at }) => [
          domain.name,
          tokenizers.map(({ name, domains }) => `${name} ${domains[at].tokensPerSyllable?.toFixed(3)}`).join(', '),
        ]),
      ),
      rows: [
        { label: WORDS.meanOfDomains[language], values: means, strong: true },
        ...order.map(({ domain, at }) => ({
          label: domain.name,
          values: tokenizers.map(({ domains }) => domains[at].tokensPerSyllable),
        })),
      ],
      names: tokenizers.map(({ name }) => name),
      ringed: ringed.map((row) => (row > 0 ? row : null)),
      axis: WORDS.perSyllable[language],
    }),
  )
}

/** Where no text is Korean there still is something to compare. */
function bytesChart({ tokenizers }: BenchReport): Html | null {
  if (tokenizers.some(({ korean }) => korean)) return null
  return barsOf(tokenizers, 'bytes', WORDS.bytesTitle, WORDS.bytesAxis, WORDS.more, ({ all }) => all.bytesPerToken, 3)
}

function lengthChart({ tokenizers }: BenchReport): Html | null {
  const shown = tokenizers.flatMap((tokenizer, at) => {
    const { histogram, mean } = tokenizer.all.lengths
    const tokens = histogram.reduce((sum, n) => sum + n, 0)
    if (tokens === 0 || mean === null) return []
    const share = (i: number) => (100 * (histogram[i] ?? 0)) / tokens
    const rest = histogram.slice(BINS - 1).reduce((sum, n) => sum + n, 0)
    const shares = [...Array.from({ length: BINS - 1 }, (_, i) => share(i)), (100 * rest) / tokens]
    return [{ name: tokenizer.name, at, mean, shares }]
  })
  if (shown.length === 0) return null
  const bins = Array.from({ length: BINS }, (_, i) => (i < BINS - 1 ? `${i}` : `${i}+`))
  return figure(WORDS.lengthTitle, null, (language) =>
    histogram({
      id: `lengths-${language}`,
      title: WORDS.lengthTitle[language],
      summary: listed(
        shown.map(({ name, shares }) => [
          name,
          shares.map((share, i) => `${bins[i]}: ${share.toFixed(1)} %`).join(', '),
        ]),
      ),
      panels: shown.map(({ name, at, mean, shares }) => ({
        label: name,
        shown: SENTENCES.averageLength(mean.toFixed(2))[language],
        series: at,
        shares,
      })),
      bins,
      axis: WORDS.lengthAxis[language],
    }),
  )
}

function costCharts({ tokenizers, model }: BenchReport): (Html | null)[] {
  if (!model) return []
  const scaled = (of: (costs: NonNullable<TokenizerBench['costs']>) => number | null, unit: number) => {
    return ({ costs }: TokenizerBench) => {
      const value = costs && of(costs)
      return value === null ? null : value / unit
    }
  }
  return [
    barsOf(
      ...([tokenizers, 'context', WORDS.contextTitle, WORDS.contextAxis, WORDS.more] as const),
      scaled(({ syllablesIn8k }) => syllablesIn8k, 1),
      0,
      ({ costs }) =>
        costs?.syllablesIn4k ? SENTENCES.contextNote(Math.round(costs.syllablesIn4k).toLocaleString('en')) : null,
    ),
    barsOf(
      ...([tokenizers, 'cache', WORDS.kvTitle, WORDS.kvAxis, WORDS.fewer] as const),
      scaled(({ kvBytesPer1000Syllables }) => kvBytesPer1000Syllables, 1e6),
      1,
    ),
    barsOf(
      ...([tokenizers, 'training', WORDS.flopsTitle, WORDS.flopsAxis, WORDS.fewer] as const),
      scaled(({ trainingFlopsPerMegabyte }) => trainingFlopsPerMegabyte, 1e15),
      2,
    ),
  ]
}

function parityChart({ tokenizers, parallel }: BenchReport): Html | null {
  if (!parallel) return null
  const axis = SENTENCES.parityAxis(parallel.first, parallel.second)
  const reference = { value: 1, label: WORDS.equal }
  return barsOf(
    tokenizers,
    'parity',
    WORDS.parityTitle,
    axis,
    WORDS.fewer,
    ({ parity }) => parity?.ratio ?? null,
    3,
    undefined,
    reference,
  )
}

function barsOf(
  tokenizers: readonly TokenizerBench[],
  id: string,
  title: Both,
  axis: Both,
  note: Both,
  of: (tokenizer: TokenizerBench) => number | null,
  digits: number,
  below: (tokenizer: TokenizerBench) => Both | null = () => null,
  reference?: { value: number; label: Both },
): Html | null {
  const shown = tokenizers.flatMap((tokenizer, at) => {
    const value = of(tokenizer)
    if (value === null) return []
    const written = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    return [{ name: tokenizer.name, at, value, written, below: below(tokenizer) }]
  })
  if (shown.length === 0) return null
  return figure(title, note, (language) =>
    barChart({
      id: `${id}-${language}`,
      title: title[language],
      summary: listed(shown.map(({ name, written }) => [name, written])),
      bars: shown.map(({ name, at, value, written, below }) => ({
        label: name,
        value,
        shown: written,
        series: at,
        note: below?.[language],
      })),
      axis: axis[language],
      reference: reference && { value: reference.value, label: reference.label[language] },
    }),
  )
}

function figureAt({ domains }: TokenizerBench, at: number): number {
  return domains[at].tokensPerSyllable ?? 0
}

function listed(pairs: readonly (readonly [name: string, value: string])[]): string {
  return `${pairs.map(([name, value]) => `${name}: ${value}`).join('; ')}.`
}
