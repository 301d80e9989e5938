/** How many pieces are worth adding: learned once, measured at every size. Node only. */
import { join } from 'node:path'
import { requireFreeFolder, withTemporaryFolder, writeFileAtomic } from './corpus/atomic'
import { type CorpusDomain, expandDomains } from './corpus/domains'
import { type CorpusFile, expandInputs } from './corpus/files'
import { type ReadingOptions, readingBeside, recordedReading } from './corpus/format'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from './corpus/run-record'
import { joinCounts } from './counts/balance'
import { KoVocabError, throwIfAborted } from './errors'
import { extendTokenizer } from './extend/extend'
import { openBase } from './extend/open-base'
import { openModelShape } from './measure/bench/open-model'
import type { ModelShape } from './measure/bench/types'
import { readLineBytes } from './measure/plan/line-bytes'
import { usesInWords } from './measure/plan/piece-uses'
import { planFiles } from './measure/plan/plan-files'
import { planRows } from './measure/plan/plan-rows'
import { propose } from './measure/plan/propose'
import { takeBackSteps } from './measure/plan/take-back'
import { measureText, tokenCurve } from './measure/plan/token-curve'
import type { ExtensionPlan } from './measure/plan/types'
import { domainCounts, type LearnOptions, learnMerges } from './merges/learn'
import type { LearnedMerges } from './merges/types'
import { defaultScopeName, type Scope, scopeNamed, wordScope } from './text/scope'
import type { Tokenizer } from './tokenizer/types'
import { version } from './version'

/** In order. */
export type PlanStage = 'count' | 'train' | 'encode' | 'sizes'

export interface PlanExtensionOptions
  extends Pick<
    LearnOptions,
    'minFrequency' | 'maxPieceLength' | 'syllables' | 'normalize' | 'balance' | 'threads' | 'signal'
  > {
  /** File or folder of the base, or one that was read. */
  base: string | Tokenizer
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  /** Text to learn from: files, folders, globs. */
  corpus: readonly string[]
  /** Text to measure on. Without it lines of the corpus, which are then not learned from. */
  test?: readonly string[]
  /** Without `test`: one line in so many, by what it holds, is left out to measure on. Default 10. */
  heldOut?: number
  /** A name (`7b`), a folder with config.json, or a shape. Default `7b`. */
  model?: string | ModelShape
  /** The largest size. Default 64,000. */
  max?: number
  /** How much the model will be trained on, counted in tokens of the extension. Default 10^9. */
  trainingTokens?: number
  /** A piece expected less often in training is rare. Default 100 (Gowda & May 2020, arXiv 2004.02334). */
  enough?: number
  /** Of proposed sizes: all ids are a multiple of it. Default 128. */
  multipleOf?: number
  /** Default `hangul`. */
  scope?: string
  /** Folder to write; nothing is written without it. */
  out?: string
  /** Replace `out` when it is there and not empty. */
  force?: boolean
  onProgress?: (stage: PlanStage, done: number, total: number) => void
}

export interface PreparedPlan {
  base: Tokenizer
  scope: Scope
  model: ModelShape
  domains: CorpusDomain[]
  /** Of all domains. */
  corpus: CorpusFile[]
  test: CorpusFile[]
}

export interface PlannedExtension {
  plan: ExtensionPlan
  /** All pieces, for {@link extendFromText} with `merges` and `add`. */
  learned: LearnedMerges
  /** Every file of the folder, name → content. */
  files: Map<string, string>
}

/** A share of rare pieces up to this is let pass (Gowda & May 2020: 95 % of the classes with 100 examples or more). */
const RARE_SHARE = 0.05

const DEFAULTS = { heldOut: 10, model: '7b', max: 64_000, trainingTokens: 1e9, enough: 100, multipleOf: 128 }

/**
 * Learns the pieces once, encodes the measured text with the base and with all of them, and reads every size off that:
 * tokens a syllable, what a model pays for the rows, and how often the rarest pieces will be trained. Proposes a size,
 * with the reasons. With `out` writes plan.json, plan.csv, plan.md, report.html, merges.txt (of all pieces; a size is
 * its first so many) and run.json, whole or not at all.
 *
 * Memory: the distinct words, and the tokenizer with all pieces.
 *
 * @throws KoVocabError `bad-option` for numbers out of range, and for streams, which cannot be read twice; `bad-file`
 * when there is nothing to learn or to measure; `io`, `unsupported`, `aborted` as the steps do
 */
export async function planExtension(options: PlanExtensionOptions): Promise<PlannedExtension> {
  const { signal } = options
  const progress = options.onProgress ?? (() => {})
  const numbers = numbersOf(options)
  const prepared = await preparePlan(options)
  const { base, scope, model, domains, corpus, test } = prepared
  const leftOut = test.length > 0 ? null : numbers.heldOut

  const counted = await domainCounts(base, domains, {
    scope,
    balance: options.balance,
    normalize: options.normalize,
    leaveOut: leftOut ?? undefined,
    threads: options.threads,
    onProgress: progress,
    signal,
  })
  const learned = await learnMerges(base, [], {
    counts: counted,
    balance: options.balance,
    add: numbers.max,
    minFrequency: options.minFrequency,
    maxPieceLength: options.maxPieceLength,
    syllables: options.syllables,
    scope,
    onProgress: progress,
    signal,
  })
  throwIfAborted(signal)
  progress('sizes', 0, 2)
  const extended = extendTokenizer(base, learned)
  const steps = takeBackSteps(base, extended, learned)
  // What the pieces will be trained by is text as it is, and not what each domain weighs.
  const words = joinCounts(counted)
  const { uses, syllables } = usesInWords(extended, words)
  progress('sizes', 2, 2)

  const measuredFiles = test.length > 0 ? test : corpus
  const total = measuredFiles.reduce((sum, { size }) => sum + size, 0)
  let read = 0
  const lines = readLineBytes(measuredFiles, {
    heldOut: leftOut ?? undefined,
    onBytes: (bytes) => {
      read += bytes
      progress('encode', Math.min(read, total), total)
    },
    signal,
  })
  const measured = await measureText(base, extended, lines, { signal })
  requireSyllables(measured.syllables, leftOut)

  const rows = planRows({
    baseIds: base.pieces.length,
    model,
    steps,
    curve: tokenCurve(measured, steps),
    measured,
    uses,
    learnedSyllables: syllables,
    trainingTokens: numbers.trainingTokens,
    enough: numbers.enough,
    multipleOf: numbers.multipleOf,
  })
  const found = {
    learned: {
      pieces: learned.pieces.length,
      most: numbers.max,
      scope: scope.name,
      words: words.counts.length,
      syllables,
      leftOut,
    },
    measured: { lines: measured.lines, bytes: measured.bytes, syllables: measured.syllables },
    trainingTokens: numbers.trainingTokens,
    enough: numbers.enough,
    rareShare: RARE_SHARE,
    multipleOf: numbers.multipleOf,
    rows,
  }
  const plan: ExtensionPlan = {
    format: 'ko-vocab-plan',
    formatVersion: '1',
    version,
    base: { sha256: base.sha256!, form: base.form, ids: base.pieces.length },
    model,
    ...found,
    ...propose({ ...found, model }),
    run: await recordOf(options, prepared),
  }
  const files = planFiles(plan, learned)
  if (options.out !== undefined) {
    files.set('run.json', formatRunRecord(plan.run))
    throwIfAborted(signal)
    await withTemporaryFolder(
      options.out,
      async (folder) => {
        for (const [name, text] of files) await writeFileAtomic(join(folder, name), text)
      },
      { replace: options.force },
    )
  }
  return { plan, learned, files }
}

/** What {@link planExtension} checks before the work begins. */
export async function preparePlan(options: PlanExtensionOptions): Promise<PreparedPlan> {
  const { out, force, model = DEFAULTS.model } = options
  numbersOf(options)
  if (out !== undefined) await requireFreeFolder(out, force)
  const base = await openBase({ base: options.base })
  const scope = scopeNamed(options.scope ?? defaultScopeName(base.form))
  if (scope.spaces) {
    const hint = `plan within words (--scope ${wordScope(scope).name}); superwords save more, at every size`
    throw new KoVocabError('unsupported', `plan learns within words only, and the scope is ${scope.name}`, hint)
  }
  const shape = typeof model === 'string' ? await openModelShape(model) : model
  const domains = await expandDomains(options.corpus, options.reading)
  const corpus = domains.flatMap(({ files }) => files)
  const test = options.test?.length ? await expandInputs(options.test, readingBeside(options.reading)) : []
  if (test.length === 0 && corpus.some(({ stream }) => stream)) {
    throw new KoVocabError(
      'bad-option',
      'the corpus is read twice, to learn and to measure, and a stream can be read once only',
      'give files, or text to measure on with test',
    )
  }
  return { base, scope, model: shape, domains, corpus, test }
}

function numbersOf(options: PlanExtensionOptions): Omit<typeof DEFAULTS, 'model'> {
  const { model: _, ...numbers } = DEFAULTS
  const least = { heldOut: 2, max: 1, trainingTokens: 1, enough: 1, multipleOf: 1 }
  for (const key of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = options[key] ?? numbers[key]
    if (!Number.isSafeInteger(value) || value < least[key]) {
      throw new KoVocabError('bad-option', `${key} is ${value}`, `give a whole number from ${least[key]}`)
    }
    numbers[key] = value
  }
  return numbers
}

function requireSyllables(syllables: number, leftOut: number | null): void {
  if (syllables > 0) return
  throw new KoVocabError(
    'bad-file',
    leftOut === null ? 'the test text holds no Hangul syllable' : `no line in ${leftOut} holds a Hangul syllable`,
    leftOut === null ? 'give Korean text to measure on' : 'give a larger corpus, or text to measure on with test',
  )
}

async function recordOf(options: PlanExtensionOptions, { scope, corpus, test }: PreparedPlan) {
  const { base, model, signal } = options
  const { heldOut, max, trainingTokens, enough, multipleOf } = numbersOf(options)
  const recorded = {
    base: typeof base === 'string' ? base : 'given',
    corpus: options.corpus,
    reading: recordedReading(options.reading),
    test: options.test ?? [],
    'held-out': test.length > 0 ? undefined : heldOut,
    model: typeof model === 'object' ? model.name : (model ?? DEFAULTS.model),
    max,
    'training-tokens': trainingTokens,
    enough,
    'multiple-of': multipleOf,
    'min-frequency': options.minFrequency ?? 2,
    'max-piece-length': options.maxPieceLength ?? 16,
    syllables: options.syllables ?? 'none',
    scope: scope.name,
    balance: options.balance ?? 'domains',
    normalize: options.normalize ?? 'keep',
  }
  const inputs = typeof base === 'string' ? await describeTokenizer(base) : []
  inputs.push(...(await describeInputs([...corpus, ...test], signal)))
  return runRecord('plan', recorded, 0, inputs)
}
