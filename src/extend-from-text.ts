/** From a base and text to an extended tokenizer in its folder, in one call. Node only. */
import { stat } from 'node:fs/promises'
import { asIoError } from './corpus/atomic'
import { type CorpusFile, expandInputs } from './corpus/files'
import { describeInputs, describeTokenizer, runRecord } from './corpus/run-record'
import type { InputRecord } from './corpus/run-types'
import { KoVocabError, throwIfAborted } from './errors'
import { type BaseOptions, openBase } from './extend/open-base'
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
import { type LearnOptions, learnMerges } from './merges/learn'
import { type Scope, scopeNamed } from './text/scope'
import type { Tokenizer } from './tokenizer/types'

/** In order. `audit` has stages of its own, told as `audit: every character`. */
export type Stage = 'count' | 'train' | FinishStage

export interface ExtendFromTextOptions
  extends BaseOptions,
    FolderSettings,
    Omit<LearnOptions, 'form' | 'pattern' | 'scope' | 'onProgress' | 'add'> {
  /** Pieces to add. Either this or `vocabSize`; with `merges` both may be left out. */
  add?: number
  /** Ids of the extended tokenizer in all, user-defined symbols counted, padding not. */
  vocabSize?: number
  /** Default `hangul`; `all` from nothing. */
  scope?: string
  onProgress?: (stage: Stage, done: number, total: number) => void
}

/**
 * Counts words, continues the base's BPE, extends, audits, builds the init map and, with `out`, writes one folder:
 * the tokenizer's files, merges.txt, audit.json, init-map.safetensors, init-map.json, extension.json and run.json.
 * The folder is written whole or not at all, and only when the audit has passed.
 *
 * Memory: the distinct words, and the tokenizer.
 *
 * @throws KoVocabError `audit-failed` when an invariant does not hold, the report being in `<out>.audit-failed.json`;
 * `bad-option`, `io`, `bad-file`, `unsupported`, `mismatch`, `aborted` as the steps do
 */
export async function extendFromText(options: ExtendFromTextOptions): Promise<FinishedExtension> {
  const { signal, seed = 1 } = options
  const progress = options.onProgress ?? (() => {})
  const fromNothing = options.base === undefined
  const { base, scope, corpus, unchanged, add } = await prepareExtension(options)

  const learned = await learnMerges(base, corpus, {
    ...options,
    form: fromNothing ? base.form : undefined,
    add,
    scope,
    onProgress: progress,
  })
  throwIfAborted(signal)
  const samples = await sampleLines(corpus, { signal })
  throwIfAborted(signal)
  return finishExtension({
    base,
    learned,
    scope,
    unchanged,
    samples,
    userDefinedSymbols: options.userDefinedSymbols,
    padToMultiple: options.padToMultiple,
    audit: options.audit,
    inputMethod: fromNothing ? null : options.inputMethod,
    outputMethod: fromNothing ? null : options.outputMethod,
    countForInit: async (extended) =>
      fromNothing ? undefined : countForInit(methodsOf(options), corpus, { base, extended }, signal),
    seed,
    out: options.out,
    force: options.force,
    record: () => recordOf(options, seed, corpus, unchanged),
    onProgress: progress,
    signal,
  })
}

export interface PreparedExtension {
  base: Tokenizer
  scope: Scope
  corpus: CorpusFile[]
  unchanged: CorpusFile[]
  /** undefined: all that the merges hold. */
  add: number | undefined
}

/**
 * What {@link extendFromText} checks before the work begins: the base is read, the corpus files are found and looked
 * into, the options fit together, and the output folder is free.
 */
export async function prepareExtension(options: ExtendFromTextOptions): Promise<PreparedExtension> {
  const { out, force = false, userDefinedSymbols = [], corpus, counts, merges } = options
  const sources = Object.entries({ corpus, counts, merges }).filter(([, value]) => value !== undefined)
  if (sources.length !== 1) {
    const names = sources.map(([name]) => name).join(' and ')
    const what = sources.length === 0 ? 'there is nothing to learn from' : `${names} are given`
    throw new KoVocabError('bad-option', what, 'give one of corpus, counts and merges')
  }
  if (out !== undefined) await requireRoom(out, force)
  const scope = scopeNamed(options.scope ?? (options.base === undefined ? 'all' : 'hangul'))
  const base = await openBase(options)
  const files = corpus ? await expandInputs(corpus) : []
  requireCorpusForInit(methodsOf(options), files)
  return {
    base,
    scope,
    add: piecesToAdd(options, base.pieces.length + userDefinedSymbols.length),
    corpus: files,
    unchanged: options.unchanged?.length ? await expandInputs(options.unchanged) : [],
  }
}

function methodsOf({ inputMethod = 'mean', outputMethod = 'mean' }: ExtendFromTextOptions): InitMethod[] {
  return [inputMethod, outputMethod]
}

function piecesToAdd({ add, vocabSize, merges }: ExtendFromTextOptions, there: number): number | undefined {
  if (add !== undefined && vocabSize !== undefined) {
    throw new KoVocabError('bad-option', 'add and vocab-size say the same twice', 'give one of them')
  }
  if (vocabSize !== undefined && vocabSize <= there) {
    throw new KoVocabError(
      'bad-option',
      `vocab-size is ${vocabSize}, and the base with its user-defined symbols has ${there} ids already`,
      `give a number above ${there}, or the pieces to add with add`,
    )
  }
  const pieces = add ?? (vocabSize === undefined ? undefined : vocabSize - there)
  if (pieces === undefined && merges === undefined) {
    throw new KoVocabError('bad-option', 'how many pieces to add is not said', 'give add or vocab-size')
  }
  return pieces
}

/** What run.json says: no path of the output, no number of threads, for they change no byte. */
async function recordOf(
  options: ExtendFromTextOptions,
  seed: number,
  corpus: readonly CorpusFile[],
  unchanged: readonly CorpusFile[],
) {
  const { signal, base, counts, merges } = options
  const inputs: InputRecord[] = []
  if (typeof base === 'string') inputs.push(...(await describeTokenizer(base)))
  for (const path of [counts, merges]) {
    if (typeof path !== 'string') continue
    const size = (await stat(path).catch((error) => Promise.reject(asIoError(error, path, 'read')))).size
    inputs.push(...(await describeInputs([{ path, size, compression: 'none' }], signal)))
  }
  inputs.push(...(await describeInputs([...corpus, ...unchanged], signal)))
  return runRecord('extend', optionsRecord(options), seed, inputs)
}

function optionsRecord(options: ExtendFromTextOptions): Record<string, unknown> {
  const { base, corpus, counts, merges, unchanged } = options
  const named = (value: unknown) => (typeof value === 'string' ? value : value === undefined ? undefined : 'given')
  return {
    base: base === undefined ? 'none' : named(base),
    form: options.form,
    pattern: options.pattern,
    corpus,
    counts: named(counts),
    merges: named(merges),
    add: options.add,
    'vocab-size': options.vocabSize,
    'min-frequency': options.minFrequency ?? 2,
    'max-piece-length': options.maxPieceLength ?? 16,
    syllables: options.syllables ?? 'none',
    'pad-to-multiple': options.padToMultiple ?? 1,
    'user-defined-symbols': options.userDefinedSymbols ?? [],
    scope: options.scope ?? (base === undefined ? 'all' : 'hangul'),
    normalize: options.normalize ?? 'keep',
    input: options.inputMethod ?? 'mean',
    output: options.outputMethod ?? 'mean',
    unchanged: unchanged ?? [],
    audit: options.audit ?? 'full',
  }
}
