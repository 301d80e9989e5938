/** A report as tables of text, the same for the terminal, for Markdown and for HTML. */
import type { Both, Language } from '../language'
import { TABLE_SENTENCES as S, TABLE_WORDS as W } from './table-words'
import type { BenchReport, Share } from './types'

export interface Table {
  title: string
  /** The first column is of names, the others are of numbers. */
  head: string[]
  rows: string[][]
  notes: string[]
}

const NONE = '-'

type Say = (text: Both) => string

/** Rows hold the same in every language; the texts around them differ. */
export function benchTables(report: BenchReport, language: Language = 'en'): Table[] {
  const say = (text: Both) => text[language]
  return [
    summaryTable(report, say),
    shareTable(report, say),
    ...(report.domains.length > 1 ? [domainTable(report, say)] : []),
    lengthTable(report, say),
    ...(report.model ? [costTable(report, say)] : []),
    ...(report.parallel ? [parityTable(report, say)] : []),
  ]
}

/** Which text, in a line each. */
export function corpusLines({ domains, text }: BenchReport, language: Language = 'en'): string[] {
  const of = (name: string, { lines, syllables, words, bytes }: BenchReport['text']) =>
    S.corpus(name, count(lines), count(syllables), count(words), count(bytes))[language]
  const each = domains.map((domain) => of(domain.name, domain.text) + (domain.korean ? '' : S.notKorean[language]))
  return domains.length > 1 ? [...each, of(S.all[language], text)] : each
}

function summaryTable(report: BenchReport, say: Say): Table {
  const several = report.domains.length > 1
  const korean = report.domains.every((domain) => domain.korean)
  return {
    title: say(W.tokensTitle),
    head: [
      ...[W.tokenizer, W.ids, W.tokens, W.perSyllable],
      ...(several ? [W.mean, W.worst] : []),
      ...[W.perEojeol, W.charsPerToken, W.bytesPerToken],
    ].map(say),
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
    notes: several && !korean ? [say(W.koreanOnly)] : [],
  }
}

function shareTable({ tokenizers, morphemes }: BenchReport, say: Say): Table {
  const added = tokenizers.some(({ all }) => all.addedUtilisation)
  const boundaries = morphemes.analyser !== null
  const unaligned = tokenizers.filter(({ all }) => all.unalignedLines > 0)
  return {
    title: say(W.sharesTitle),
    head: [
      ...[W.tokenizer, W.split, W.bytes, W.unknown, W.lostLines, W.renyi, W.idsUsed],
      ...(added ? [W.newUsed] : []),
      ...(boundaries ? [W.morphemes] : []),
    ].map(say),
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
      say(boundaries ? S.boundaries(morphemes.analyser!) : S.noBoundaries(morphemes.reason!)),
      ...unaligned.map(({ name, all }) => say(S.unaligned(name, count(all.unalignedLines)))),
    ],
  }
}

function domainTable({ domains, tokenizers }: BenchReport, say: Say): Table {
  return {
    title: say(W.domainTitle),
    head: [say(W.domain), ...tokenizers.map(({ name }) => name)],
    rows: domains.map((domain, at) => [
      domain.name,
      ...tokenizers.map(({ domains }) => (domain.korean ? fixed(domains[at].tokensPerSyllable) : NONE)),
    ]),
    notes: domains.some(({ korean }) => !korean) ? [say(W.domainNote)] : [],
  }
}

/** Columns 0 to 8, and 9 and more. */
const LENGTH_COLUMNS = 9

function lengthTable({ tokenizers }: BenchReport, say: Say): Table {
  return {
    title: say(W.lengthTitle),
    head: [
      say(W.tokenizer),
      ...Array.from({ length: LENGTH_COLUMNS }, (_, i) => `${i}`),
      `${LENGTH_COLUMNS}+`,
      say(W.median),
      'p99',
    ],
    rows: tokenizers.map(({ name, all }) => {
      const { histogram, median, p99 } = all.lengths
      const tokens = histogram.reduce((sum, n) => sum + n, 0)
      const share = (n: number) => (tokens > 0 ? `${((100 * n) / tokens).toFixed(1)}` : NONE)
      const rest = histogram.slice(LENGTH_COLUMNS).reduce((sum, n) => sum + n, 0)
      return [name, ...histogram.slice(0, LENGTH_COLUMNS).map(share), share(rest), fixed(median, 0), fixed(p99, 0)]
    }),
    notes: [say(W.lengthNote)],
  }
}

function costTable({ tokenizers, model }: BenchReport, say: Say): Table {
  const first = tokenizers[0].costs
  return {
    title: say(S.costTitle(model!.source)),
    head: [W.tokenizer, W.in4k, W.in8k, W.kv, W.embedding, W.head, W.added, W.flops, W.ofFirst].map(say),
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
    notes: [say(W.costNote)],
  }
}

function parityTable({ tokenizers, parallel }: BenchReport, say: Say): Table {
  const { first, second, lines } = parallel!
  return {
    title: say(S.parityTitle(count(lines))),
    head: [say(W.tokenizer), first, second, say(W.ratio)],
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
