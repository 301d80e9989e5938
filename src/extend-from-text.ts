/** From a base and text to an extended tokenizer in its folder, in one call. Node only. */
import { stat } from 'node:fs/promises'
import { asIoError } from './corpus/atomic'
import { type CorpusDomain, expandDomains } from './corpus/domains'
import { type CorpusFile, expandInputs } from './corpus/files'
import { type ReadingOptions, readingBeside, recordedReading } from './corpus/format'
import { describeInputs, describeTokenizer, recordedInput, runRecord } from './corpus/run-record'
import type { InputRecord } from './corpus/run-types'
import { KoVocabError, throwIfAborted } from './errors'
import { type LearnPiecesOptions, learnPieces, requireSuperwords } from './extend/learn-pieces'
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
import type { Balance } from './merges/learn'
import { defaultScopeName, type Scope, scopeNamed, superwordScope } from './text/scope'
import type { Form, Tokenizer } from './tokenizer/types'

/** In order. `audit` has stages of its own, told as `audit: every character`. */
export type Stage = 'count' | 'train' | FinishStage

export interface ExtendFromTextOptions
  extends BaseOptions,
    FolderSettings,
    Omit<LearnPiecesOptions, 'form' | 'pattern' | 'scope' | 'onProgress' | 'add'> {
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  /** Pieces to add. Either this or `vocabSize`; with `merges` both may be left out. */
  add?: number
  /** Ids of the extended tokenizer in all, user-defined symbols counted, padding not. */
  vocabSize?: number
  /** Default: as {@link defaultScopeName} says by the base's form; `all` from nothing. `superwords` adds to it. */
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
  const { base, scope, domains, corpus, balance, unchanged, add } = await prepareExtension(options)

  const learned = await learnPieces(base, domains, {
    ...options,
    balance,
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
    record: () => recordOf(options, scope, seed, corpus, unchanged),
    onProgress: progress,
    signal,
  })
}

export interface PreparedExtension {
  base: Tokenizer
  scope: Scope
  domains: CorpusDomain[]
  balance: Balance
  /** Of all domains. */
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
  const base = await openBase(options)
  const scope = scopeNamed(scopeOf(options, base.form))
  const domains = corpus ? await expandDomains(corpus, options.reading) : []
  const files = domains.flatMap((domain) => domain.files)
  requireSuperwords(base, domains, { ...options, scope })
  requireCorpusForInit(methodsOf(options), files)
  return {
    base,
    scope,
    add: piecesToAdd(options, base.pieces.length + userDefinedSymbols.length),
    domains,
    balance: balanceOf(options),
    corpus: files,
    unchanged: options.unchanged?.length ? await expandInputs(options.unchanged, readingBeside(options.reading)) : [],
  }
}

/** From nothing the words weigh what they do in `spm_train` and `BpeTrainer`. */
function balanceOf({ balance, base }: ExtendFromTextOptions): Balance {
  return balance ?? (base === undefined ? 'none' : 'domains')
}

function scopeOf({ scope, base, superwords }: ExtendFromTextOptions, form: Form): string {
  const name = scope ?? (base === undefined ? 'all' : defaultScopeName(form))
  return superwords === undefined ? name : superwordScope(scopeNamed(name)).name
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
  scope: Scope,
  seed: number,
  corpus: readonly CorpusFile[],
  unchanged: readonly CorpusFile[],
) {
  const { signal, base, counts, merges } = options
  const inputs: InputRecord[] = []
  if (typeof base === 'string') inputs.push(...(await describeTokenizer(base)))
  for (const path of [counts, merges].flat()) {
    if (typeof path !== 'string') continue
    const size = (await stat(path).catch((error) => Promise.reject(asIoError(error, path, 'read')))).size
    inputs.push(...(await describeInputs([{ path, size, compression: 'none' }], signal)))
  }
  inputs.push(...(await describeInputs([...corpus, ...unchanged], signal)))
  return runRecord('extend', optionsRecord(options, scope), seed, inputs)
}

function optionsRecord(options: ExtendFromTextOptions, scope: Scope): Record<string, unknown> {
  const { base, corpus, counts, merges, unchanged } = options
  return {
    base: base === undefined ? 'none' : recordedInput(base),
    form: options.form,
    pattern: options.pattern,
    corpus,
    reading: recordedReading(options.reading),
    counts: recordedInput(counts),
    merges: recordedInput(merges),
    add: options.add,
    'vocab-size': options.vocabSize,
    'min-frequency': options.minFrequency ?? 2,
    'max-piece-length': options.maxPieceLength ?? 16,
    syllables: options.syllables ?? 'none',
    'pad-to-multiple': options.padToMultiple ?? 1,
    'user-defined-symbols': options.userDefinedSymbols ?? [],
    balance: balanceOf(options),
    superwords: scope.spaces ? (options.superwords ?? 0.5) : undefined,
    scope: scope.name,
    normalize: options.normalize ?? 'keep',
    input: options.inputMethod ?? 'mean',
    output: options.outputMethod ?? 'mean',
    unchanged: unchanged ?? [],
    audit: options.audit ?? 'full',
  }
}
