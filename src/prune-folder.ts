/** From the folder of an extension to that of a smaller one. Node only. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type CorpusFile, expandInputs } from './corpus/files'
import { type ReadingOptions, readingBeside, recordedReading } from './corpus/format'
import { readLines } from './corpus/lines'
import { describeInputs, describeTokenizer, runRecord } from './corpus/run-record'
import { KoVocabError } from './errors'
import { openBase } from './extend/open-base'
import { type PrunedExtension, pruneExtension } from './extend/prune'
import { type PruneOptions, requireOneGoal } from './extend/prune-goal'
import { folderOf, readExtensionRecord } from './extend/read-extension'
import { createUseCounter } from './extend/used-words'
import {
  type FinishedExtension,
  type FinishStage,
  type FolderSettings,
  finishExtension,
  requireRoom,
} from './extension-folder'
import { countForInit, requireCorpusForInit } from './init-from-corpus'
import { sampleLines } from './measure/sample'
import { readMerges } from './merges/learn'
import type { LearnedMerges } from './merges/types'
import { defaultScopeName, type Scope, scopeNamed } from './text/scope'
import { readablePiece } from './tokenizer/readable-piece'
import type { Tokenizer } from './tokenizer/types'

/** In order; `uses` counts lines. */
export type PruneStage = 'uses' | 'prune' | FinishStage

export interface PruneFolderOptions
  extends Pick<PruneOptions, 'remove' | 'keep' | 'belowUses' | 'pieces' | 'withDependents' | 'required' | 'signal'>,
    FolderSettings {
  /** File or folder of the base that was extended. */
  base: string
  /** Folder of the extension, as `extend` writes it; extension.json and merges.txt are used where they are. */
  extended: string
  /** How the files are read: format, field, what becomes of damaged ones. */
  reading?: ReadingOptions
  /** Text to count uses on. Needed unless `pieces` says what goes. */
  corpus?: readonly string[]
  /** Default: that of extension.json, else `hangul`. */
  scope?: string
  onProgress?: (stage: PruneStage, done: number, total: number) => void
}

export interface PrunedFolder extends FinishedExtension {
  pruned: PrunedExtension
}

export interface PreparedPruning {
  base: Tokenizer
  extended: Tokenizer
  scope: Scope
  paddingIds: number[] | undefined
  learned: LearnedMerges | undefined
  corpus: CorpusFile[]
  unchanged: CorpusFile[]
}

/**
 * Counts uses on the corpus, takes pieces away ({@link pruneExtension}), and writes the folder that `extend` would have
 * written, with two more files: removed.tsv (piece, old id, uses when it went; in the order in which they went) and
 * kept.tsv (piece, id, old id, uses), by which the rows of a checkpoint that was trained with the old ids can be moved.
 *
 * @throws KoVocabError `bad-option`, `mismatch`, `unsupported`: see {@link pruneExtension}; `audit-failed`, `io`,
 * `bad-file`, `aborted` as the steps do
 */
export async function pruneFolder(options: PruneFolderOptions): Promise<PrunedFolder> {
  const { signal, seed = 1, inputMethod = 'mean', outputMethod = 'mean' } = options
  const progress = options.onProgress ?? (() => {})
  const prepared = await preparePruning(options)
  const { base, extended, corpus } = prepared

  const counter = createUseCounter(base, extended)
  for await (const line of readLines(corpus, { signal })) {
    counter.add(line)
    if ((counter.used.lines & 0xfff) === 0) progress('uses', counter.used.lines, 0)
  }
  const pruned = pruneExtension(base, extended, {
    remove: options.remove,
    keep: options.keep,
    belowUses: options.belowUses,
    pieces: options.pieces,
    withDependents: options.withDependents,
    required: options.required,
    words: counter.used,
    paddingIds: prepared.paddingIds,
    learned: prepared.learned,
    onProgress: (done, total) => progress('prune', done, total),
    signal,
  })
  const finished = await finishExtension({
    base,
    learned: pruned.learned,
    scope: prepared.scope,
    unchanged: prepared.unchanged,
    samples: await sampleLines(corpus, { signal }),
    userDefinedSymbols: pruned.userDefinedSymbols,
    padToMultiple: options.padToMultiple,
    audit: options.audit,
    inputMethod,
    outputMethod,
    countForInit: (smaller) => countForInit([inputMethod, outputMethod], corpus, { base, extended: smaller }, signal),
    seed,
    out: options.out,
    force: options.force,
    extraFiles: new Map([
      ['removed.tsv', removedTable(extended, pruned)],
      ['kept.tsv', keptTable(base, pruned)],
    ]),
    record: async () =>
      runRecord('prune', optionsRecord(options, prepared), seed, [
        ...(await describeTokenizer(options.base)),
        ...(await describeTokenizer(options.extended)),
        ...(await describeInputs([...corpus, ...prepared.unchanged], signal)),
      ]),
    onProgress: progress,
    signal,
  })
  return { ...finished, pruned }
}

/** What {@link pruneFolder} checks before the work begins: tokenizers, files, options, and that the folder is free. */
export async function preparePruning(options: PruneFolderOptions): Promise<PreparedPruning> {
  const { out, force = false, inputMethod = 'mean', outputMethod = 'mean' } = options
  requireOneGoal(options, true)
  if (options.pieces === undefined && options.corpus === undefined) {
    throw new KoVocabError('bad-option', 'there is no corpus to count uses on', 'give text of the kind that matters')
  }
  if (out !== undefined) await requireRoom(out, force)
  const base = await openBase({ base: options.base })
  const extended = await openBase({ base: options.extended })
  const record = await readExtensionRecord(options.extended)
  const corpus = options.corpus ? await expandInputs(options.corpus, options.reading) : []
  requireCorpusForInit([inputMethod, outputMethod], corpus)
  const merges = join(await folderOf(options.extended), 'merges.txt')
  const hasMerges = await stat(merges).then(
    (info) => info.isFile(),
    () => false,
  )
  return {
    base,
    extended,
    scope: scopeNamed(options.scope ?? record?.scope ?? defaultScopeName(base.form)),
    paddingIds: record?.padding.map(({ id }) => id),
    learned: hasMerges && record ? await readMerges(merges) : undefined,
    corpus,
    unchanged: options.unchanged?.length ? await expandInputs(options.unchanged, readingBeside(options.reading)) : [],
  }
}

function removedTable(extended: Tokenizer, { removed }: PrunedExtension): string {
  const readable = readablePiece(extended)
  return tsv(
    ['piece', 'id', 'uses'],
    removed.map(({ id, uses }) => [readable(id), id, uses]),
  )
}

function keptTable(base: Tokenizer, { tokenizer, newIds, uses }: PrunedExtension): string {
  const readable = readablePiece(tokenizer)
  const rows: (string | number)[][] = []
  for (let old = base.pieces.length; old < newIds.length; old++) {
    const id = newIds[old]
    if (id >= 0) rows.push([readable(id), id, old, uses[id]])
  }
  return tsv(['piece', 'id', 'old_id', 'uses'], rows)
}

/** Pieces hold no tab and no line end; a user-defined symbol that does is written as JSON writes it. */
function tsv(head: string[], rows: (string | number)[][]): string {
  const cell = (value: string | number) =>
    typeof value === 'string' ? value.replace(/[\t\r\n]/g, (char) => JSON.stringify(char).slice(1, -1)) : value
  return [head, ...rows].map((row) => `${row.map(cell).join('\t')}\n`).join('')
}

function optionsRecord(options: PruneFolderOptions, { scope }: PreparedPruning): Record<string, unknown> {
  return {
    base: options.base,
    extended: options.extended,
    corpus: options.corpus,
    reading: recordedReading(options.reading),
    remove: options.remove,
    keep: options.keep,
    'below-uses': options.belowUses,
    pieces: options.pieces,
    'with-dependents': options.withDependents ?? false,
    required: options.required ?? [],
    'pad-to-multiple': options.padToMultiple ?? 1,
    scope: scope.name,
    input: options.inputMethod ?? 'mean',
    output: options.outputMethod ?? 'mean',
    unchanged: options.unchanged ?? [],
    audit: options.audit ?? 'full',
  }
}
