/**
 * What `ko-vocab bench` measures, as plain data: every output (terminal, Markdown, CSV, JSON, HTML) is made of it alone.
 * It is JSON as it stands: a figure that has nothing to be divided by is null.
 */
import type { RunRecord } from '../../corpus/run-types'
import type { AuditReport } from '../../extend/audit/types'

/** What text holds, whatever the tokenizer. All are sums, so that domains add up. */
export interface TextCounts {
  lines: number
  /** Precomposed Hangul syllables, U+AC00 to U+D7A3. */
  syllables: number
  /** Eojeols: runs without white space. */
  words: number
  /** Code points. Line ends are not counted, here and in `bytes`. */
  characters: number
  /** Of those, all but white space. */
  inked: number
  /** UTF-8. */
  bytes: number
}

export interface Share {
  /** How many are so. */
  count: number
  /** Out of how many. */
  of: number
  /** count / of, 0 to 1; null when there are none. */
  share: number | null
}

export interface Figures {
  tokens: number
  tokensPerSyllable: number | null
  charactersPerToken: number | null
  bytesPerToken: number | null
  /** Tokens an eojeol. */
  fertility: number | null
  /** Eojeols with a token boundary inside them. */
  splitWords: Share
  /** Lines whose tokens cannot be laid on the text; {@link splitWords} and {@link morphemes} leave them out. */
  unalignedLines: number
  /** Tokens that stand for a byte, or for bytes that are no whole characters. */
  byteTokens: Share
  unknownTokens: Share
  roundTrip: RoundTrip
  renyi: Renyi
  /** Ids that the text uses. */
  utilisation: Share
  /** Of the ids that an extension added; null where there are none. */
  addedUtilisation: Share | null
  lengths: TokenLengths
  /** Boundaries before josa and eomi that are token boundaries; null without an analyser. */
  morphemes: Share | null
}

export interface RoundTrip {
  lines: number
  /** Lines that decode to another text. */
  changed: number
  /** Of those, the lines that are also something else than the tokenizer's own normalization makes of them. */
  lost: number
}

export interface Renyi {
  /** Order of the entropy. */
  alpha: number
  /** Bits. */
  entropy: number | null
  /** entropy / log2 of all ids. */
  efficiency: number | null
  /** entropy / log2 of the ids in use. */
  efficiencyOfUsed: number | null
}

export interface TokenLengths {
  /** Tokens by the number of characters that begin in them: index 0, 1, …; the last index stands for all longer ones too. */
  histogram: number[]
  mean: number | null
  median: number | null
  p90: number | null
  p99: number | null
  longest: number | null
}

/** What Korean text costs a model of a given shape. Formulas: costs.ts. */
export interface Costs {
  /** Hangul syllables that fit into a context of so many tokens. */
  syllablesIn4k: number | null
  syllablesIn8k: number | null
  /** Bytes of keys and values of 1,000 Hangul syllables. */
  kvBytesPer1000Syllables: number | null
  embeddingParameters: number
  headParameters: number
  /** Against the first tokenizer, both matrices. */
  addedParameters: number
  /** To train on 10^6 bytes of the Korean text. */
  trainingFlopsPerMegabyte: number | null
}

export interface ModelShape {
  /** As asked for, and whose shape that is. */
  name: string
  source: string
  layers: number
  hidden: number
  intermediate: number
  heads: number
  kvHeads: number
  headDim: number
  /** One matrix is both embedding and output. */
  tied: boolean
  /** All parameters but the embedding and output matrices. */
  bodyParameters: number
  /** Of a key or value in the cache: 2 for bfloat16. */
  cacheBytes: number
}

/** Figures over the domains that are Korean: a third or more of their characters (white space apart) are syllables. */
export interface KoreanSummary {
  domains: number
  tokens: number
  tokensPerSyllable: number | null
  /** Every domain counts the same. */
  meanOfDomains: number | null
  worst: { domain: string; tokensPerSyllable: number } | null
  bytesPerToken: number | null
}

export interface Parity {
  lines: number
  tokens: { first: number; second: number }
  /** first / second. */
  ratio: number | null
}

/** What the folder of a tokenizer says about how it was made. */
export interface Provenance {
  /** audit.json; it is of this tokenizer only where `extended.sha256` is {@link TokenizerBench.sha256}. */
  audit: AuditReport | null
  /** run.json: the command that made it, with its options and the hashes of what it read. */
  run: RunRecord | null
  /** Files of those names that are none of ours, with the reason. */
  notes: string[]
}

export interface TokenizerBench {
  name: string
  /** Path or package, as given. */
  source: string
  /** What encodes: `ko-vocab`, `sentencepiece-js`, `@huggingface/tokenizers`, a package. */
  engine: string
  /** `BPE, sentencepiece`, `Unigram`, … */
  kind: string
  /** Ids, those without a piece counted. */
  size: number
  /** Fingerprint of the tokenizer; null where ko-vocab does not read it. */
  sha256: string | null
  /** Ids beyond those of the first tokenizer, when it keeps all of those. */
  added: { first: number; count: number } | null
  all: Figures
  /** In the order of {@link BenchReport.domains}. */
  domains: Figures[]
  /** null when no domain is Korean. */
  korean: KoreanSummary | null
  parity: Parity | null
  /** null without a model shape. */
  costs: Costs | null
  /** The first lines that did not come back, at most three. */
  lostLines: { domain: string; line: number; text: string; decoded: string }[]
  /** null where nothing lies beside the tokenizer. */
  provenance: Provenance | null
}

export interface DomainText {
  name: string
  files: string[]
  text: TextCounts
  korean: boolean
}

/** A sentence as every tokenizer cuts it. */
export interface SampleLine {
  domain: string
  text: string
  /** By tokenizer: tokens as people read them, a space as `▁`. */
  tokens: string[][]
  /** The same as ids. */
  ids: number[][]
}

export interface BenchReport {
  format: 'ko-vocab-bench'
  formatVersion: '1'
  /** Of ko-vocab. */
  version: string
  domains: DomainText[]
  text: TextCounts
  model: ModelShape | null
  parallel: { first: string; second: string; lines: number } | null
  /** Which analyser the morpheme boundaries are from; null with the reason why there is none. */
  morphemes: { analyser: string | null; reason: string | null }
  /** The first is the one that the others are measured against. */
  tokenizers: TokenizerBench[]
  samples: SampleLine[]
  /** Options and inputs of the bench itself, as run.json has them; null when a program called it and gave none. */
  run: RunRecord | null
}
