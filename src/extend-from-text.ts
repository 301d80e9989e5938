/** From a base and text to an extended tokenizer in its folder, in one call. Node only. */
import { readdir, stat } from 'node:fs/promises'
import { asIoError, writeFileAtomic } from './corpus/atomic'
import { type CorpusFile, expandInputs } from './corpus/files'
import { readLines } from './corpus/lines'
import { describeInputs, describeTokenizer, formatRunRecord, type InputRecord, runRecord } from './corpus/run-record'
import { KoVocabError, throwIfAborted } from './errors'
import { auditExtension, everywhereReferees } from './extend/audit/audit'
import { sentencePieceReferee } from './extend/audit/referees/sentencepiece'
import type { AuditReport, UnchangedText } from './extend/audit/types'
import { extendTokenizer } from './extend/extend'
import { extensionRecord } from './extend/extension-record'
import { type BaseOptions, openBase } from './extend/open-base'
import { padTokenizer } from './extend/pad'
import { buildInitMap, type InitMap } from './init/init-map'
import { writeInitMap } from './init/init-map-file'
import { formatInitMap } from './init/init-map-json'
import type { InitMethod } from './init/methods'
import { segmentPiece } from './init/segment'
import { sampleLines } from './measure/sample'
import { measureTokens, type TokenMeasure } from './measure/tokens'
import { type LearnOptions, learnMerges } from './merges/learn'
import { formatMerges } from './merges/merges-file'
import type { LearnedMerges } from './merges/types'
import { type Scope, scopeNamed } from './text/scope'
import { createEncoder } from './tokenizer/encoder'
import { tokenizerFiles } from './tokenizer/files/formats'
import { readablePiece } from './tokenizer/readable-piece'
import { saveTokenizer } from './tokenizer/save'
import type { Form, Tokenizer } from './tokenizer/types'

/** In order. `audit` has stages of its own, told as `audit: every character`. */
export type Stage = 'count' | 'train' | 'extend' | `audit${string}` | 'init map' | 'write'

export interface ExtendFromTextOptions
  extends BaseOptions,
    Omit<LearnOptions, 'form' | 'pattern' | 'scope' | 'onProgress' | 'add'> {
  /** Pieces to add. Either this or `vocabSize`; with `merges` both may be left out. */
  add?: number
  /** Ids of the extended tokenizer in all, user-defined symbols counted, padding not. */
  vocabSize?: number
  /** Default 1: none. */
  padToMultiple?: number
  /** Default `hangul`; `all` from nothing. */
  scope?: string
  /** Default `mean`. */
  inputMethod?: InitMethod
  /** Default `mean`. */
  outputMethod?: InitMethod
  /** Files in which no id may change: other languages, code. */
  unchanged?: readonly string[]
  /** Default `full`. */
  audit?: 'full' | 'quick' | 'none'
  /** Of the audit's fuzz strings; training draws nothing. Default 1. */
  seed?: number
  /** Folder to write; nothing is written without it. */
  out?: string
  /** Replace `out` when it is there and not empty. */
  force?: boolean
  onProgress?: (stage: Stage, done: number, total: number) => void
}

export interface ExtensionSummary {
  form: Form
  baseSize: number
  extendedSize: number
  newIds: { first: number; last: number; count: number }
  userDefinedSymbols: number
  /** New pieces that are single characters, and those made by merges. */
  characters: number
  merges: number
  paddingIds: number[]
  /** The same lines before and after: the beginning of the corpus files, which was trained on; null without a corpus. */
  sample: { before: TokenMeasure; after: TokenMeasure } | null
  notes: string[]
}

export interface ExtendedFromText {
  base: Tokenizer
  extended: Tokenizer
  learned: LearnedMerges
  /** null with `audit: 'none'`. */
  audit: AuditReport | null
  /** null from nothing: there are no base rows that new ones could be made of. */
  initMap: InitMap | null
  /** Every file of the folder, name → content. */
  files: Map<string, string | Uint8Array>
  summary: ExtensionSummary
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
export async function extendFromText(options: ExtendFromTextOptions): Promise<ExtendedFromText> {
  const { out, force = false, signal, seed = 1, padToMultiple = 1, userDefinedSymbols = [] } = options
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
  progress('extend', 0, 1)
  const plain = extendTokenizer(base, learned, { userDefinedSymbols })
  const { tokenizer: extended, paddingIds } = padTokenizer(plain, padToMultiple)
  const { files, notes } = tokenizerFiles(extended)
  const ofTokenizer = new Set(files.keys())
  const sample = await sampleLines(corpus, { signal })
  progress('extend', 1, 1)

  const audit =
    options.audit === 'none'
      ? null
      : await auditExtension({
          base,
          extended,
          scope,
          files,
          unchanged: unchangedTexts(unchanged, signal),
          samples: sample,
          referees: [...everywhereReferees, sentencePieceReferee],
          level: options.audit ?? 'full',
          seed,
          paddingIds,
          onProgress: (stage, done, total) => progress(`audit: ${stage}`, done, total),
          signal,
        })
  if (audit && !audit.passed) await refuse(audit, out)
  throwIfAborted(signal)

  progress('init map', 0, 1)
  const initMap = fromNothing ? null : initMapOf(base, extended, paddingIds, options, seed)
  progress('init map', 1, 1)

  files.set('merges.txt', formatMerges(learned))
  if (audit) files.set('audit.json', `${JSON.stringify(audit, null, 2)}\n`)
  if (initMap) {
    files.set('init-map.safetensors', writeInitMap(initMap))
    files.set('init-map.json', [...formatInitMap(initMap, readablePiece(extended))].join(''))
  }
  const record = extensionRecord({ base, extended, learned, userDefinedSymbols, paddingIds, scope: scope.name })
  files.set('extension.json', `${JSON.stringify(record, null, 2)}\n`)
  files.set('run.json', formatRunRecord(await recordOf(options, seed, corpus, unchanged)))
  const symbols = userDefinedSymbols.length
  const summary: ExtensionSummary = {
    form: base.form,
    baseSize: base.pieces.length,
    extendedSize: extended.pieces.length,
    newIds: { ...record.new_ids },
    userDefinedSymbols: symbols,
    characters: learned.pieces.filter(({ left }) => left === null).length,
    merges: learned.pieces.filter(({ left }) => left !== null).length,
    paddingIds,
    sample: sample.length > 0 ? measured(base, extended, sample) : null,
    notes,
  }
  if (out !== undefined) {
    throwIfAborted(signal)
    progress('write', 0, 1)
    const extraFiles = Object.fromEntries([...files].filter(([name]) => !ofTokenizer.has(name)))
    await saveTokenizer(extended, out, { force, extraFiles })
    progress('write', 1, 1)
  }
  return { base, extended, learned, audit, initMap, files, summary }
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
  return {
    base,
    scope,
    add: piecesToAdd(options, base.pieces.length + userDefinedSymbols.length),
    corpus: corpus ? await expandInputs(corpus) : [],
    unchanged: options.unchanged?.length ? await expandInputs(options.unchanged) : [],
  }
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

/** A folder that is occupied is named before hours of work, not after. */
async function requireRoom(out: string, force: boolean): Promise<void> {
  const info = await stat(out).catch(() => null)
  if (!info) return
  if (!info.isDirectory()) throw new KoVocabError('io', `${out}: is a file, a folder is expected`)
  if (force || (await readdir(out)).length === 0) return
  throw new KoVocabError('io', `${out}: exists and is not an empty folder`, 'choose another folder, or force')
}

/** Texts for the audit, read when it comes to them. */
export function unchangedTexts(files: readonly CorpusFile[], signal?: AbortSignal): UnchangedText[] {
  return files.map((file) => ({ name: file.path, lines: readLines(file, { signal }) }))
}

async function refuse(audit: AuditReport, out: string | undefined): Promise<never> {
  const failed = audit.checks.filter((check) => !check.passed).map((check) => check.id)
  const place = out === undefined ? undefined : `${out.replace(/[\\/]+$/, '')}.audit-failed.json`
  if (place !== undefined) await writeFileAtomic(place, `${JSON.stringify(audit, null, 2)}\n`)
  throw new KoVocabError(
    'audit-failed',
    `the audit failed, nothing was written: ${failed.join(', ')}`,
    place === undefined ? undefined : `what was found is in ${place}`,
    { cause: audit },
  )
}

function initMapOf(
  base: Tokenizer,
  extended: Tokenizer,
  paddingIds: readonly number[],
  { inputMethod = 'mean', outputMethod = 'mean' }: ExtendFromTextOptions,
  seed: number,
): InitMap {
  const encoder = createEncoder(base)
  const segment = (id: number) => Array.from(segmentPiece(encoder, extended.pieces[id]))
  return buildInitMap({ base, extended, paddingIds, inputMethod, outputMethod, segment, seed })
}

function measured(base: Tokenizer, extended: Tokenizer, lines: readonly string[]): ExtensionSummary['sample'] {
  return { before: measureTokens(createEncoder(base), lines), after: measureTokens(createEncoder(extended), lines) }
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
