/** From learned pieces to the folder of an extended tokenizer: what every command that makes one ends with. Node only. */
import { readdir, stat } from 'node:fs/promises'
import { writeFileAtomic } from './corpus/atomic'
import type { CorpusFile } from './corpus/files'
import { readLines } from './corpus/lines'
import { formatRunRecord } from './corpus/run-record'
import type { RunRecord } from './corpus/run-types'
import { KoVocabError, throwIfAborted } from './errors'
import { auditExtension, everywhereReferees } from './extend/audit/audit'
import { sentencePieceReferee } from './extend/audit/referees/sentencepiece'
import type { AuditReport, UnchangedText } from './extend/audit/types'
import { extendTokenizer } from './extend/extend'
import { extensionRecord } from './extend/extension-record'
import { padTokenizer } from './extend/pad'
import type { CorpusStatistics } from './init/corpus-statistics'
import { buildInitMap, type InitMap } from './init/init-map'
import { writeInitMap } from './init/init-map-file'
import { formatInitMap } from './init/init-map-json'
import type { InitMethod } from './init/methods'
import { segmentPiece } from './init/segment'
import { measureTokens, type TokenMeasure } from './measure/tokens'
import { formatMerges } from './merges/merges-file'
import type { LearnedMerges } from './merges/types'
import type { Scope } from './text/scope'
import { createEncoder } from './tokenizer/encoder'
import { tokenizerFiles } from './tokenizer/files/formats'
import { readablePiece } from './tokenizer/readable-piece'
import { saveTokenizer } from './tokenizer/save'
import type { Form, Tokenizer } from './tokenizer/types'

/** In order. `audit` has stages of its own, told as `audit: every character`. */
export type FinishStage = 'extend' | `audit${string}` | 'init map' | 'write'

/** Settings that everything which writes an extension takes. */
export interface FolderSettings {
  /** Default 1: none. */
  padToMultiple?: number
  /** Default `mean`. */
  inputMethod?: InitMethod
  /** Default `mean`. */
  outputMethod?: InitMethod
  /** Files in which no id may change: other languages, code. */
  unchanged?: readonly string[]
  /** Default `full`. */
  audit?: 'full' | 'quick' | 'none'
  /** Of the audit's fuzz strings and of random embedding rows; training draws nothing. Default 1. */
  seed?: number
  /** Folder to write; nothing is written without it. */
  out?: string
  /** Replace `out` when it is there and not empty. */
  force?: boolean
}

export interface FinishOptions {
  base: Tokenizer
  /** The new pieces, in the order in which they get their ids. */
  learned: LearnedMerges
  userDefinedSymbols?: readonly string[]
  /** Default 1: none. */
  padToMultiple?: number
  scope: Scope
  /** Files in which no id may change: other languages, code. */
  unchanged?: readonly CorpusFile[]
  /** Lines that the audit encodes and that the summary's token counts are of. */
  samples?: readonly string[]
  /** Default `full`. */
  audit?: 'full' | 'quick' | 'none'
  /** Default `mean`; null for both: no init map, for there are no base rows that new ones could be made of. */
  inputMethod?: InitMethod | null
  outputMethod?: InitMethod | null
  /** Gives the init methods what they count in a corpus; asked once the audit has passed. */
  countForInit?: (extended: Tokenizer) => Promise<CorpusStatistics | undefined>
  /** Of the audit's fuzz strings and of random embedding rows. Default 1. */
  seed?: number
  /** Folder to write; nothing is written without it. */
  out?: string
  /** Replace `out` when it is there and not empty. */
  force?: boolean
  /** More files for the folder, name → content. */
  extraFiles?: ReadonlyMap<string, string | Uint8Array>
  /** What run.json says; asked for once the audit has passed. */
  record: () => Promise<RunRecord>
  onProgress?: (stage: FinishStage, done: number, total: number) => void
  signal?: AbortSignal
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
  /** The same lines before and after, those of `samples`; null without any. */
  sample: { before: TokenMeasure; after: TokenMeasure } | null
  notes: string[]
}

export interface FinishedExtension {
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
 * Extends, pads, audits, builds the init map and, with `out`, writes one folder: the tokenizer's files, merges.txt,
 * audit.json, init-map.safetensors, init-map.json, extension.json, run.json and what `extraFiles` holds. The folder is
 * written whole or not at all, and only when the audit has passed.
 *
 * @throws KoVocabError `audit-failed` when an invariant does not hold, the report being in `<out>.audit-failed.json`;
 * `bad-option`, `io`, `unsupported`, `mismatch`, `aborted` as the steps do
 */
export async function finishExtension(options: FinishOptions): Promise<FinishedExtension> {
  const { base, learned, scope, out, signal, seed = 1, userDefinedSymbols = [], samples = [] } = options
  const progress = options.onProgress ?? (() => {})
  progress('extend', 0, 1)
  const plain = extendTokenizer(base, learned, { userDefinedSymbols })
  const { tokenizer: extended, paddingIds } = padTokenizer(plain, options.padToMultiple ?? 1)
  const { files, notes } = tokenizerFiles(extended)
  const ofTokenizer = new Set(files.keys())
  progress('extend', 1, 1)

  const audit =
    options.audit === 'none'
      ? null
      : await auditExtension({
          base,
          extended,
          scope,
          files,
          unchanged: unchangedTexts(options.unchanged ?? [], signal),
          samples,
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
  const initMap = initMapOf(base, extended, paddingIds, options, seed, await options.countForInit?.(extended))
  progress('init map', 1, 1)

  files.set('merges.txt', formatMerges(learned))
  if (audit) files.set('audit.json', `${JSON.stringify(audit, null, 2)}\n`)
  if (initMap) {
    files.set('init-map.safetensors', writeInitMap(initMap))
    files.set('init-map.json', [...formatInitMap(initMap, readablePiece(extended))].join(''))
  }
  const record = extensionRecord({ base, extended, learned, userDefinedSymbols, paddingIds, scope: scope.name })
  files.set('extension.json', `${JSON.stringify(record, null, 2)}\n`)
  files.set('run.json', formatRunRecord(await options.record()))
  for (const [name, content] of options.extraFiles ?? []) files.set(name, content)
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
    sample: samples.length > 0 ? measured(base, extended, samples) : null,
    notes,
  }
  if (out !== undefined) {
    throwIfAborted(signal)
    progress('write', 0, 1)
    const extraFiles = Object.fromEntries([...files].filter(([name]) => !ofTokenizer.has(name)))
    await saveTokenizer(extended, out, { force: options.force, extraFiles })
    progress('write', 1, 1)
  }
  return { base, extended, learned, audit, initMap, files, summary }
}

/** A folder that is occupied is named before hours of work, not after. */
export async function requireRoom(out: string, force: boolean): Promise<void> {
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
  { inputMethod = 'mean', outputMethod = 'mean' }: FinishOptions,
  seed: number,
  corpus: CorpusStatistics | undefined,
): InitMap | null {
  if (inputMethod === null || outputMethod === null) return null
  const encoder = createEncoder(base)
  const segment = (id: number) => Array.from(segmentPiece(encoder, extended.pieces[id]))
  return buildInitMap({ base, extended, paddingIds, inputMethod, outputMethod, segment, corpus, seed })
}

function measured(base: Tokenizer, extended: Tokenizer, lines: readonly string[]): ExtensionSummary['sample'] {
  return { before: measureTokens(createEncoder(base), lines), after: measureTokens(createEncoder(extended), lines) }
}
