/** From a base and vocabularies that somebody already has to an extended tokenizer in its folder. Node only. */
import { stat } from 'node:fs/promises'
import { asIoError } from './corpus/atomic'
import { type CorpusFile, expandInputs } from './corpus/files'
import { type ReadingOptions, readingBeside, recordedReading } from './corpus/format'
import { describeInputs, describeTokenizer, recordedInput, runRecord } from './corpus/run-record'
import type { InputRecord } from './corpus/run-types'
import { loadDonor } from './donors/load'
import type { Donor, ReadDonorOptions } from './donors/types'
import { KoVocabError, throwIfAborted } from './errors'
import { extendTokenizer } from './extend/extend'
import { openBase } from './extend/open-base'
import { readExtensionRecord } from './extend/read-extension'
import {
  type FinishedExtension,
  type FinishStage,
  type FolderSettings,
  finishExtension,
  requireRoom,
} from './extension-folder'
import type { InitMethod } from './init/methods'
import { countForInit, requireCorpusForInit } from './init-from-corpus'
import { sampleLines } from './measure/sample'
import { measureTokens } from './measure/tokens'
import { type MergeMeasure, type MergeReport, mergeReport, mergeTable } from './merge-report'
import { learnFromDonors } from './merges/from-donors/learn-from-donors'
import type { DonorMerges, PieceFate } from './merges/from-donors/types'
import { type LearnOptions, wordsOf } from './merges/learn'
import { trainMerges } from './merges/train-merges'
import { defaultScopeName, type Scope, scopeNamed } from './text/scope'
import { createEncoder } from './tokenizer/encoder'
import type { Tokenizer } from './tokenizer/types'

export interface MergeDonorsOptions
  extends Pick<LearnOptions, 'corpus' | 'counts' | 'normalize' | 'threads' | 'maxPieceLength' | 'signal'>,
    ReadDonorOptions,
    FolderSettings {
  /** A tokenizer's file or folder, or one that was read. */
  base: string | Tokenizer
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  /** Files or folders, or donors that were read: tokenizers, text lists, extensions of the same base. */
  donors: readonly (string | Donor)[]
  /** A number for each donor; lower goes first, equal ones are merged as one. Default: as they stand, first to last. */
  priorities?: readonly number[]
  /** New pieces in all, intermediates counted. Default: as many as it takes. */
  add?: number
  /** For pieces that no two tokens spell: make the pieces that they need, or drop them. Default `complete`. */
  unreachable?: 'complete' | 'drop'
  /** With a corpus, for pieces that it never gives: put them last, or drop them. Default `keep`. */
  unseen?: 'keep' | 'drop'
  /** With a corpus: from how many times on a piece counts as seen. Default 2. */
  minFrequency?: number
  /** Text to measure on; without it the beginning of the corpus files. */
  test?: readonly string[]
  /** With a corpus: learn as many pieces from it as `extend` would, and measure both. Default true. */
  compare?: boolean
  userDefinedSymbols?: readonly string[]
  /** Default `hangul`. */
  scope?: string
  onProgress?: (stage: MergeStage, done: number, total: number) => void
}

/** In order. */
export type MergeStage = 'count' | 'merge' | 'compare' | FinishStage

/** What is known before anything is written. */
export interface PlannedMerge {
  base: Tokenizer
  scope: Scope
  donors: Donor[]
  merges: DonorMerges
  /** Those asked for, and those of donors that are extensions of the same base. */
  userDefinedSymbols: string[]
  report: MergeReport
  /** Lines for the audit. */
  samples: string[]
  files: { corpus: CorpusFile[]; test: CorpusFile[]; unchanged: CorpusFile[] }
}

export interface MergedDonors extends FinishedExtension {
  report: MergeReport
  /** One for each piece of each donor. */
  fates: PieceFate[]
}

/**
 * Reads donors, chooses which of their pieces the base can take and in which order (see learnFromDonors), and measures
 * before and after, beside as many pieces learned from the corpus alone.
 *
 * @throws KoVocabError `bad-option`, `io`, `bad-file`, `unsupported`, `mismatch`, `aborted` as the steps do
 */
export async function planMerge(options: MergeDonorsOptions): Promise<PlannedMerge> {
  const { out, force = false, signal, corpus, counts } = options
  const progress = options.onProgress ?? (() => {})
  if (options.donors.length === 0) throw new KoVocabError('bad-option', 'no donor is given', 'give at least one')
  if (corpus !== undefined && counts !== undefined) {
    throw new KoVocabError('bad-option', 'corpus and counts are given', 'give one of them')
  }
  const priorities = prioritiesOf(options)
  if (out !== undefined) await requireRoom(out, force)
  const base = await openBase({ base: options.base })
  const scope = scopeNamed(options.scope ?? defaultScopeName(base.form))
  const files = {
    corpus: corpus ? await expandInputs(corpus, options.reading) : [],
    test: options.test?.length ? await expandInputs(options.test, readingBeside(options.reading)) : [],
    unchanged: options.unchanged?.length ? await expandInputs(options.unchanged, readingBeside(options.reading)) : [],
  }
  requireCorpusForInit(methodsOf(options), files.corpus)
  const donors: Donor[] = []
  const symbols = new Set(options.userDefinedSymbols)
  for (const given of options.donors) {
    const donor = typeof given === 'string' ? await loadDonor(given, options) : given
    donors.push(donor)
    if (typeof given === 'string') for (const symbol of await symbolsOf(given, donor, base)) symbols.add(symbol)
  }
  const userDefinedSymbols = [...symbols].filter(
    (symbol) => !base.addedTokens.some(({ content }) => content === symbol),
  )

  // How often a donor's piece is seen is asked of the text as it is.
  const learnOptions = {
    counts,
    scope,
    balance: 'none' as const,
    normalize: options.normalize,
    threads: options.threads,
    signal,
  }
  const words =
    corpus === undefined && counts === undefined
      ? undefined
      : await wordsOf(base, [{ name: 'corpus', files: files.corpus }], {
          ...learnOptions,
          onProgress: (_, done, total) => progress('count', done, total),
        })
  throwIfAborted(signal)
  progress('merge', 0, 1)
  const merges = learnFromDonors(base, donors, {
    add: options.add,
    words,
    priorities,
    unreachable: options.unreachable,
    unseen: options.unseen,
    minFrequency: options.minFrequency,
    maxPieceLength: options.maxPieceLength,
    scope,
    userDefinedSymbols,
    onProgress: (done, total) => progress('merge', done, total),
    signal,
  })
  throwIfAborted(signal)

  const measured = files.test.length > 0 ? files.test : files.corpus
  const samples = await sampleLines(measured, { signal })
  let measure: MergeMeasure | null = null
  if (samples.length > 0) {
    progress('compare', 0, 1)
    const add = merges.learned.pieces.length
    const learned = words && (options.compare ?? true) ? trainMerges(base, words, { add, scope, signal }) : null
    const ours = extendTokenizer(base, merges.learned, { userDefinedSymbols })
    measure = {
      text: files.test.length > 0 ? 'test' : 'corpus',
      before: measureTokens(createEncoder(base), samples),
      after: measureTokens(createEncoder(ours), samples),
      extend: learned && measureTokens(createEncoder(extendTokenizer(base, learned)), samples),
      extendPieces: learned?.pieces.length ?? null,
    }
    progress('compare', 1, 1)
  }
  const report = mergeReport({ base, donors, priorities, merges, symbols: userDefinedSymbols.length, measure })
  return {
    base,
    scope,
    donors,
    merges,
    userDefinedSymbols,
    report,
    samples: samples.length > 0 ? samples : textOfPieces(merges),
    files,
  }
}

/**
 * Does what {@link planMerge} plans and writes the folder of an extension (see finishExtension), with
 * merge-report.json and donor-pieces.tsv in it.
 *
 * @throws KoVocabError also `audit-failed`
 */
export async function mergeDonors(options: MergeDonorsOptions): Promise<MergedDonors> {
  const { seed = 1, signal } = options
  const plan = await planMerge(options)
  const { base, scope, donors, merges, userDefinedSymbols, report } = plan
  const finished = await finishExtension({
    base,
    learned: merges.learned,
    scope,
    unchanged: plan.files.unchanged,
    samples: plan.samples,
    userDefinedSymbols,
    padToMultiple: options.padToMultiple,
    audit: options.audit,
    inputMethod: options.inputMethod,
    outputMethod: options.outputMethod,
    countForInit: (extended) => countForInit(methodsOf(options), plan.files.corpus, { base, extended }, signal),
    seed,
    out: options.out,
    force: options.force,
    extraFiles: new Map([
      ['merge-report.json', `${JSON.stringify(report, null, 2)}\n`],
      ['donor-pieces.tsv', mergeTable({ base, donors, merges, symbols: userDefinedSymbols.length })],
    ]),
    record: () => recordOf(options, seed, plan),
    onProgress: options.onProgress,
    signal,
  })
  return { ...finished, report, fates: merges.fates }
}

function prioritiesOf({ donors, priorities }: MergeDonorsOptions): number[] {
  if (priorities === undefined) return donors.map((_, i) => i + 1)
  if (priorities.length !== donors.length) {
    const what = `${priorities.length} priorities are given for ${donors.length} donors`
    throw new KoVocabError('bad-option', what, 'give a number for each donor, in their order')
  }
  return [...priorities]
}

function methodsOf({ inputMethod = 'mean', outputMethod = 'mean' }: MergeDonorsOptions): InitMethod[] {
  return [inputMethod, outputMethod]
}

/** User-defined symbols of a donor that extends the same base. */
async function symbolsOf(path: string, donor: Donor, base: Tokenizer): Promise<string[]> {
  const record = await readExtensionRecord(path)
  if (record === null) return []
  if (record.base_sha256 === base.sha256) {
    donor.notes.push('It is an extension of this base.')
    return record.user_defined_symbols.map(({ piece }) => piece)
  }
  donor.notes.push('It is an extension of another base, and taken as any other vocabulary.')
  return []
}

/** Where there is no text, the audit gets lines made of the new pieces. */
function textOfPieces({ learned, fates }: DonorMerges): string[] {
  const lines: string[] = []
  const texts = fates.filter(({ fate, rank }) => fate === 'added' && rank !== null).map(({ spelled }) => spelled)
  for (let i = 0; i < texts.length && lines.length < 500; i += 8) {
    lines.push(
      texts
        .slice(i, i + 8)
        .join('')
        .replaceAll('▁', ' '),
    )
  }
  return learned.pieces.length > 0 ? lines : []
}

async function recordOf(options: MergeDonorsOptions, seed: number, { scope, files, report }: PlannedMerge) {
  const { signal, base, donors, counts } = options
  const inputs: InputRecord[] = []
  for (const path of [base, ...donors])
    if (typeof path === 'string') inputs.push(...(await describeInput(path, signal)))
  for (const path of [counts].flat()) if (typeof path === 'string') inputs.push(...(await describeInput(path, signal)))
  inputs.push(...(await describeInputs([...files.corpus, ...files.test, ...files.unchanged], signal)))
  const recorded = {
    base: recordedInput(base),
    donor: donors.map(recordedInput),
    priorities: report.donors.map(({ priority }) => priority),
    corpus: options.corpus,
    reading: recordedReading(options.reading),
    counts: recordedInput(counts),
    test: options.test,
    add: options.add,
    unreachable: options.unreachable ?? 'complete',
    unseen: options.unseen ?? 'keep',
    spelling: options.spelling ?? 'auto',
    normalized: options.normalized ?? 'undo',
    'min-frequency': options.minFrequency ?? 2,
    'max-piece-length': options.maxPieceLength ?? 16,
    'pad-to-multiple': options.padToMultiple ?? 1,
    'user-defined-symbols': options.userDefinedSymbols ?? [],
    scope: scope.name,
    normalize: options.normalize ?? 'keep',
    input: options.inputMethod ?? 'mean',
    output: options.outputMethod ?? 'mean',
    unchanged: options.unchanged ?? [],
    audit: options.audit ?? 'full',
  }
  return runRecord('merge', recorded, seed, inputs)
}

/** A file, or the tokenizer of a folder. */
async function describeInput(path: string, signal?: AbortSignal): Promise<InputRecord[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  if (info.isDirectory()) return describeTokenizer(path)
  return describeInputs([{ path, size: info.size, compression: 'none' }], signal)
}
