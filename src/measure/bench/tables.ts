/** A report as tables of text, the same for the terminal and for Markdown. */
import type { BenchReport, Share } from './types'

export interface Table {
  title: string
  /** The first column is of names, the others are of numbers. */
  head: string[]
  rows: string[][]
  notes: string[]
}

const NONE = '-'

export function benchTables(report: BenchReport): Table[] {
  return [
    summaryTable(report),
    shareTable(report),
    ...(report.domains.length > 1 ? [domainTable(report)] : []),
    lengthTable(report),
    ...(report.model ? [costTable(report)] : []),
    ...(report.parallel ? [parityTable(report)] : []),
  ]
}

/** Which text, in a line each. */
export function corpusLines({ domains, text }: BenchReport): string[] {
  const of = (name: string, { lines, syllables, words, bytes }: BenchReport['text'], more = '') =>
    `${name}: ${count(lines)} lines, ${count(syllables)} Hangul syllables, ${count(words)} eojeols, ${count(bytes)} bytes${more}`
  const each = domains.map((domain) => of(domain.name, domain.text, domain.korean ? '' : ' (not Korean)'))
  return domains.length > 1 ? [...each, of('all', text)] : each
}

function summaryTable(report: BenchReport): Table {
  const several = report.domains.length > 1
  const korean = report.domains.every((domain) => domain.korean)
  return {
    title: 'Tokens',
    head: [
      'tokenizer',
      'ids',
      ...['tokens', 'tok/syllable'],
      ...(several ? ['mean', 'worst domain'] : []),
      ...['tok/eojeol', 'char/tok', 'byte/tok'],
    ],
    rows: report.tokenizers.map(({ name, size, all, korean }) => [
      ...[name, count(size), count(all.tokens)],
      fixed(korean?.tokensPerSyllable ?? all.tokensPerSyllable),
      ...(several
        ? [
            fixed(korean?.meanOfDomains ?? null),
            korean?.worst ? `${fixed(korean.worst.tokensPerSyllable)} ${korean.worst.domain}` : NONE,
          ]
        : []),
      ...[fixed(all.fertility), fixed(all.charactersPerToken), fixed(all.bytesPerToken)],
    ]),
    notes:
      several && !korean
        ? ['tok/syllable, mean and worst are of the Korean domains, the other figures of all text']
        : [],
  }
}

function shareTable({ tokenizers, morphemes }: BenchReport): Table {
  const added = tokenizers.some(({ all }) => all.addedUtilisation)
  const boundaries = morphemes.analyser !== null
  const unaligned = tokenizers.filter(({ all }) => all.unalignedLines > 0)
  return {
    title: 'Shares',
    head: [
      ...['tokenizer', 'split', 'bytes', 'unknown', 'lost lines', 'Rényi', 'ids used'],
      ...(added ? ['new used'] : []),
      ...(boundaries ? ['josa/eomi'] : []),
    ],
    rows: tokenizers.map(({ name, all }) => [
      ...[
        name,
        percent(all.splitWords),
        percent(all.byteTokens),
        percent(all.unknownTokens),
        count(all.roundTrip.lost),
      ],
      ...[fixed(all.renyi.efficiency), percent(all.utilisation)],
      ...(added ? [percent(all.addedUtilisation)] : []),
      ...(boundaries ? [percent(all.morphemes)] : []),
    ]),
    notes: [
      boundaries ? `josa/eomi: boundaries by ${morphemes.analyser}` : `no josa/eomi boundaries: ${morphemes.reason}`,
      ...unaligned.map(
        ({ name, all }) =>
          `${name}: ${count(all.unalignedLines)} lines are left out of split, their tokens are not their text`,
      ),
    ],
  }
}

function domainTable({ domains, tokenizers }: BenchReport): Table {
  return {
    title: 'Tokens a Hangul syllable, by domain',
    head: ['domain', ...tokenizers.map(({ name }) => name)],
    rows: domains.map((domain, at) => [
      domain.name,
      ...tokenizers.map(({ domains }) => (domain.korean ? fixed(domains[at].tokensPerSyllable) : NONE)),
    ]),
    notes: domains.some(({ korean }) => !korean)
      ? ['- stands where less than a third of the characters are syllables']
      : [],
  }
}

/** Columns 0 to 8, and 9 and more. */
const LENGTH_COLUMNS = 9

function lengthTable({ tokenizers }: BenchReport): Table {
  return {
    title: 'Characters a token, share of all tokens',
    head: [
      'tokenizer',
      ...Array.from({ length: LENGTH_COLUMNS }, (_, i) => `${i}`),
      `${LENGTH_COLUMNS}+`,
      'median',
      'p99',
    ],
    rows: tokenizers.map(({ name, all }) => {
      const { histogram, median, p99 } = all.lengths
      const tokens = histogram.reduce((sum, n) => sum + n, 0)
      const share = (n: number) => (tokens > 0 ? `${((100 * n) / tokens).toFixed(1)}` : NONE)
      const rest = histogram.slice(LENGTH_COLUMNS).reduce((sum, n) => sum + n, 0)
      return [name, ...histogram.slice(0, LENGTH_COLUMNS).map(share), share(rest), fixed(median, 0), fixed(p99, 0)]
    }),
    notes: ['in percent; a character counts for the token that it begins in'],
  }
}

function costTable({ tokenizers, model }: BenchReport): Table {
  const first = tokenizers[0].costs
  return {
    title: `Costs of Korean text, ${model!.source}`,
    head: [
      'tokenizer',
      'syllables in 4k',
      'in 8k',
      'KV MB/1,000',
      'embedding M',
      'head M',
      'added M',
      'PFLOP/MB',
      'of first',
    ],
    rows: tokenizers.map(({ name, costs }) => {
      const flops = costs?.trainingFlopsPerMegabyte ?? null
      const before = first?.trainingFlopsPerMegabyte ?? null
      return [
        name,
        ...[costs?.syllablesIn4k, costs?.syllablesIn8k].map((value) => (value ? count(Math.round(value)) : NONE)),
        scaled(costs?.kvBytesPer1000Syllables, 1e6),
        ...[costs?.embeddingParameters, costs?.headParameters, costs?.addedParameters].map((value) =>
          scaled(value, 1e6),
        ),
        scaled(flops, 1e15, 2),
        flops !== null && before ? `${((100 * flops) / before).toFixed(1)} %` : NONE,
      ]
    }),
    notes: [
      'KV: keys and values of 1,000 syllables; M: 10^6 parameters; PFLOP/MB: 10^15 operations to train on 10^6 bytes',
    ],
  }
}

function parityTable({ tokenizers, parallel }: BenchReport): Table {
  const { first, second, lines } = parallel!
  return {
    title: `Parity on ${count(lines)} parallel lines`,
    head: ['tokenizer', first, second, 'ratio'],
    rows: tokenizers.map(({ name, parity }) => [
      ...[name, count(parity!.tokens.first), count(parity!.tokens.second)],
      fixed(parity!.ratio),
    ]),
    notes: [],
  }
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function fixed(value: number | null, digits = 3): string {
  return value === null ? NONE : value.toFixed(digits)
}

function scaled(value: number | null | undefined, unit: number, digits = 1): string {
  return value === null || value === undefined ? NONE : (value / unit).toFixed(digits)
}

/** Two decimals below one percent, so that few are not none. */
function percent(share: Share | null): string {
  if (share?.share === null || share?.share === undefined) return NONE
  const value = 100 * share.share
  return value > 0 && value < 1 ? `${value.toPrecision(2)} %` : `${value.toFixed(1)} %`
}
