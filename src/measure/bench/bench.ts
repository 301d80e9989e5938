/** Measures any tokenizers on any texts: one pass over the text, line by line, with all of them. */
import type { RunRecord } from '../../corpus/run-types'
import { KoVocabError, throwIfAborted } from '../../errors'
import { version } from '../../version'
import { addText, isKorean, noText, sumText } from '../text-counts'
import { readableBytes } from '../tokenizers/donor-facts'
import type { MeasuredTokenizer } from '../tokenizers/types'
import { costsOf } from './costs'
import { bytesPerToken, figuresOf, ratio, tokensPerSyllable } from './figures'
import type { MorphemeAnalyser } from './morphemes'
import { addLine, noTally, prepareLine, sumTallies, type Tally } from './tally'
import type {
  BenchReport,
  DomainText,
  KoreanSummary,
  ModelShape,
  Parity,
  SampleLine,
  TextCounts,
  TokenizerBench,
} from './types'

export interface Domain {
  name: string
  /** For the report. */
  files?: string[]
  /** Read once. */
  lines: () => Iterable<string> | AsyncIterable<string>
}

export interface BenchOptions {
  /** Costs are reckoned for it. */
  model?: ModelShape | null
  /** Line-aligned text in two languages, Korean first. */
  parallel?: { first: Domain; second: Domain } | null
  analyser?: MorphemeAnalyser | null
  /** Why there is no analyser, for the report. */
  noAnalyser?: string
  /** Options and inputs of the run, for the report. */
  run?: RunRecord | null
  onProgress?: (stage: 'lines' | 'parallel', done: number, total: number) => void
  signal?: AbortSignal
}

/** Lines that did not come back, of each tokenizer. */
const LOST_MAX = 3
const SAMPLES_PER_DOMAIN = 2
/** Sentences of so many characters are shown as every tokenizer cuts them. */
const SAMPLE_CHARS = [12, 90]

/**
 * Every line is a text of its own; nothing is added to it (`<s>`), empty lines have no tokens.
 *
 * @param tokenizers the first is the one that the others are compared with
 * @throws KoVocabError `bad-option` without a tokenizer or a domain, `mismatch` when parallel texts differ in their lines
 */
export async function bench(
  tokenizers: readonly MeasuredTokenizer[],
  domains: readonly Domain[],
  options: BenchOptions = {},
): Promise<BenchReport> {
  if (tokenizers.length === 0) throw new KoVocabError('bad-option', 'no tokenizers to measure', 'give one or more')
  if (domains.length === 0) throw new KoVocabError('bad-option', 'no text to measure on', 'give one domain or more')
  const { model = null, analyser = null, noAnalyser = 'none was given', parallel = null, signal } = options
  const measured: { domain: DomainText; tallies: Tally[] }[] = []
  const samples: SampleLine[] = []
  const lostLines: TokenizerBench['lostLines'][] = tokenizers.map(() => [])
  let done = 0
  for (const { name, files = [], lines } of domains) {
    const text = noText()
    const tallies = tokenizers.map(({ size }) => noTally(size))
    let shown = 0
    for await (const line of lines()) {
      addText(text, line)
      const prepared = prepareLine(line, analyser ? analyser.boundaries(line) : null)
      tokenizers.forEach((tokenizer, i) => {
        const decoded = addLine(tallies[i], tokenizer, prepared)
        if (decoded === null || lostLines[i].length >= LOST_MAX) return
        lostLines[i].push({ domain: name, line: text.lines, text: line, decoded })
      })
      if (shown < SAMPLES_PER_DOMAIN && isSample(line)) {
        shown++
        samples.push(sampleOf(name, line, tokenizers))
      }
      if ((++done & 0xff) === 0) {
        throwIfAborted(signal)
        options.onProgress?.('lines', done, 0)
      }
    }
    measured.push({ domain: { name, files, text, korean: isKorean(text) }, tallies })
  }
  const parities = parallel ? await measureParity(tokenizers, parallel, options) : null
  const text = sumText(measured.map(({ domain }) => domain.text))
  const [first] = tokenizers
  return {
    format: 'ko-vocab-bench',
    formatVersion: '1',
    version,
    domains: measured.map(({ domain }) => domain),
    text,
    model,
    parallel: parallel && {
      first: parallel.first.name,
      second: parallel.second.name,
      lines: parities![0].lines,
    },
    morphemes: { analyser: analyser?.name ?? null, reason: analyser ? null : noAnalyser },
    tokenizers: tokenizers.map((tokenizer, i): TokenizerBench => {
      const added = addedIds(tokenizer, first)
      const figureOptions = { addedFrom: added?.first ?? null, morphemes: analyser !== null }
      const tallies = measured.map((domain) => domain.tallies[i])
      const korean = koreanSummary(measured.map(({ domain }, at) => ({ domain, tokens: tallies[at].tokens })))
      const { name, source, engine, kind, size, sha256 } = tokenizer
      return {
        ...{ name, source, engine, kind, size, sha256, added },
        all: figuresOf(sumTallies(size, tallies), text, tokenizer, figureOptions),
        domains: measured.map(({ domain }, at) => figuresOf(tallies[at], domain.text, tokenizer, figureOptions)),
        korean,
        parity: parities?.[i] ?? null,
        costs: model && costsOf(model, size, first.size, korean ?? { tokensPerSyllable: null, bytesPerToken: null }),
        lostLines: lostLines[i],
        provenance: tokenizer.provenance ?? null,
      }
    }),
    samples,
    run: options.run ?? null,
  }
}

/** Ids behind those of the first tokenizer, when it keeps all of those. */
function addedIds(tokenizer: MeasuredTokenizer, first: MeasuredTokenizer): TokenizerBench['added'] {
  if (tokenizer.size <= first.size) return null
  for (let id = 0; id < first.size; id++) if (tokenizer.readable(id) !== first.readable(id)) return null
  return { first: first.size, count: tokenizer.size - first.size }
}

export function koreanSummary(domains: readonly { domain: DomainText; tokens: number }[]): KoreanSummary | null {
  const korean = domains.filter(({ domain }) => domain.korean)
  if (korean.length === 0) return null
  const text: TextCounts = sumText(korean.map(({ domain }) => domain.text))
  const tokens = korean.reduce((sum, domain) => sum + domain.tokens, 0)
  const each = korean.map(({ domain, tokens }) => ({
    domain: domain.name,
    tokensPerSyllable: tokensPerSyllable(tokens, domain.text)!,
  }))
  return {
    domains: korean.length,
    tokens,
    tokensPerSyllable: tokensPerSyllable(tokens, text),
    meanOfDomains: each.reduce((sum, { tokensPerSyllable }) => sum + tokensPerSyllable, 0) / each.length,
    worst: each.reduce((a, b) => (b.tokensPerSyllable > a.tokensPerSyllable ? b : a)),
    bytesPerToken: bytesPerToken(tokens, text),
  }
}

/**
 * Tokens of one language by tokens of the other for the same content, over all lines: the premium of Petrov et al.,
 * NeurIPS 2023 (arXiv 2305.15425).
 */
async function measureParity(
  tokenizers: readonly MeasuredTokenizer[],
  { first, second }: { first: Domain; second: Domain },
  { onProgress, signal }: BenchOptions,
): Promise<Parity[]> {
  const sides = []
  for (const { lines } of [first, second]) {
    const tokens = tokenizers.map(() => 0)
    let count = 0
    for await (const line of lines()) {
      tokenizers.forEach((tokenizer, i) => {
        tokens[i] += tokenizer.encode(line).length
      })
      if ((++count & 0xff) === 0) {
        throwIfAborted(signal)
        onProgress?.('parallel', count, 0)
      }
    }
    sides.push({ count, tokens })
  }
  const [a, b] = sides
  if (a.count !== b.count) {
    throw new KoVocabError(
      'mismatch',
      `parallel text: ${first.name} has ${a.count} lines, ${second.name} has ${b.count}`,
      'line n of both must say the same',
    )
  }
  return tokenizers.map((_, i) => ({
    lines: a.count,
    tokens: { first: a.tokens[i], second: b.tokens[i] },
    ratio: ratio(a.tokens[i], b.tokens[i]),
  }))
}

function isSample(line: string): boolean {
  return line.length >= SAMPLE_CHARS[0] && line.length <= SAMPLE_CHARS[1] && /\S\s+\S/.test(line)
}

function sampleOf(domain: string, text: string, tokenizers: readonly MeasuredTokenizer[]): SampleLine {
  const ids = tokenizers.map((tokenizer) => Array.from(tokenizer.encode(text)))
  const tokens = tokenizers.map(({ bytes, readable }, i) =>
    ids[i].map((id) => (bytes[id] ? readableBytes(bytes[id]) : readable(id))),
  )
  return { domain, text, tokens, ids }
}
