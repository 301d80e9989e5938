/** Continued pretraining from files to a folder: `ko-vocab pretrain` as a function. Node only. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { applyInitMapToCheckpoint } from '../../checkpoint/apply'
import { isRowDtype, type RowDtype } from '../../checkpoint/row-values'
import { asIoError, writeFileAtomic } from '../../corpus/atomic'
import { recordedReading } from '../../corpus/format'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../../corpus/run-record'
import type { InputRecord } from '../../corpus/run-types'
import { KoVocabError } from '../../errors'
import { version } from '../../version'
import type { Session } from '../backends/types'
import { specialId } from '../data/document-encoder'
import type { EvaluationSet } from '../evaluate/sets'
import { expandedOrigins } from '../forms/block-expansion'
import { expandConfigText } from '../forms/expand-config-text'
import { beginLora } from '../forms/lora'
import { saveAdapter } from '../forms/save-adapter'
import { loadParameters, type ModelFolder, openModel } from '../load'
import { saveModel } from '../save'
import { checkpointFiles, lastCheckpoint } from './checkpoint-files'
import { type RunIdentity, requireSameRun } from './identity'
import type { Metrics } from './metrics'
import { mixedData } from './mixed-data'
import { extendedPlace, type PlannedPretrain, type PretrainOptions, planPretrain } from './plan-pretrain'
import { encodeConversations, encodeTexts, measuredTexts } from './texts'
import { train } from './train'
import type { TrainResult } from './types'

export interface RunPretrainOptions extends PretrainOptions {
  /** What weights are rounded to at the end; the model's own by default. */
  dtype?: RowDtype
  /** Go on with the run that `out` holds. */
  resume?: boolean
  /** Begin anew where `out` holds another run. */
  force?: boolean
  onMetrics?: (metrics: Metrics) => void
  /**
   * Called once, before the first metric: the step that the run goes on after (0 where it had no checkpoint yet), null
   * for a new one.
   */
  onBegin?: (begun: { after: number | null; planned: PlannedPretrain }) => Promise<void>
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

export interface PretrainResult extends TrainResult {
  out: string
  /** Folder of the best model by joint score; null where none was better than the model at the beginning. */
  best: string | null
  files: string[]
}

/**
 * Trains a model on texts and leaves a folder that transformers loads, with `best` (the best by joint score),
 * `checkpoints`, `tokens` (the encoded texts) and run.json beside the weights.
 *
 * The folder is of one run. A run that was ended, by whatever, goes on with `resume`: from its last checkpoint, or from
 * the beginning where it had none yet.
 *
 * @throws KoVocabError as {@link planPretrain} and {@link train}; `io` where `out` holds something else; `mismatch` where
 * the run that goes on is another one
 */
export async function pretrain(options: RunPretrainOptions): Promise<PretrainResult> {
  const { out, signal, onProgress = () => {}, onMetrics = () => {} } = options
  const { last, goesOn } = await openOut(options)
  let planned = await planPretrain(options)
  const notes: string[] = []
  if (options.initMap !== undefined) planned = { ...planned, model: await extendedModel(options) }
  const { model, tokenizer, recipe, texts, length, batch, accumulate, config } = planned
  const inputs = await inputsOf(planned, options)
  const ends = options.documents ?? 'blank-line'
  const eos = options.eos ?? (specialId(tokenizer, 'eos') === null ? 'auto' : 'always')
  const heldOut = options.heldOut ?? 100
  const sideOf = (measured: readonly unknown[], side: 'held' | 'others') =>
    measured.length > 0 ? undefined : { every: heldOut, side }
  const onNote = (note: string) => notes.push(note)
  const maxBytes = options.evaluateBytes ?? 500_000
  const measuring = { tokenizer, ends, maxBytes, onNote, signal }
  const isInstruction = recipe.objective.kind === 'instruction'
  // Conversations are no text that a tokenizer without their template could be measured on.
  const heldData = isInstruction ? undefined : sideOf(texts.evaluate, 'held')
  const heldReplay = sideOf(texts.guard, 'held')
  const sets: EvaluationSet[] = distinct([
    ...(await measuredTexts(heldData ? texts.data : texts.evaluate, {
      ...measuring,
      role: 'target',
      heldOut: heldData,
    })),
    ...(await measuredTexts(heldReplay ? texts.replay : texts.guard, {
      ...measuring,
      role: 'guarded',
      heldOut: heldReplay,
    })),
    ...(await measuredTexts(texts.watch, { ...measuring, role: null })),
  ])
  const encoding = {
    ...{ tokenizer, cache: join(out, 'tokens'), ends, eos, signal },
    onProgress: (name: string, done: number, total: number) => onProgress(`encode ${name}`, done, total),
  }
  const batches = mixedData({
    data: isInstruction
      ? await encodeConversations(texts.data, { tokenizer, chatTemplate: options.chatTemplate, length, onNote, signal })
      : await encodeTexts(texts.data, { ...encoding, heldOut: sideOf(texts.evaluate, 'others') }),
    replay: await encodeTexts(texts.replay, { ...encoding, heldOut: sideOf(texts.guard, 'others') }),
    ...{ replayShare: planned.replayShare, length, seed: options.seed ?? 1 },
    ...{ vocabulary: config.vocabSize, packing: isInstruction ? 'whole' : options.packing },
  })
  const gate = options.gate ?? { bound: 0.01, onForget: 'warn' as const }
  const identity: RunIdentity = {
    version,
    backend: options.backend.name,
    model: inputs.model.map(({ sha256 }) => sha256!),
    ...{ baseRows: planned.baseRows, recipe, tokens: options.tokens, batch, length, accumulate },
    checkpointing: options.checkpointing ?? false,
    data: batches({ replayShare: recipe.stages[0].replayShare, read: [] }).description,
    evaluation: {
      every: planned.evaluateEvery,
      stride: null,
      sets: sets.map(({ name, role, documents }) => ({ name, role, sha256: sha256Of(documents) })),
    },
    gate,
  }
  if (last) notes.push(...requireSameRun(last.identity, identity))
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw asIoError(error, out, 'written')
  })
  await writeFileAtomic(join(out, 'run.json'), await recordOf(options, planned, [...inputs.model, ...inputs.texts]))
  await options.onBegin?.({ after: last?.state.step ?? (goesOn ? 0 : null), planned })
  for (const text of notes) onMetrics({ kind: 'note', step: last?.state.step ?? 0, text })
  const origins =
    recipe.form?.kind === 'block-expansion' ? expandedOrigins(model.config, recipe.form.blocks) : undefined
  const exporting = exportingTo(options, planned)
  const result = await train({
    ...{
      backend: options.backend,
      config,
      recipe,
      baseRows: planned.baseRows,
      batches,
      batch,
      length,
      accumulate,
      gate,
    },
    ...{ tokens: options.tokens, maxSteps: options.maxSteps, onMetrics, signal },
    plan: { checkpointing: options.checkpointing },
    evaluation: { sets, every: planned.evaluateEvery },
    initial: async (session) => {
      const onLoaded = (done: number, total: number) => onProgress('load', done, total)
      await loadParameters(model, session, { origins, signal, onProgress: onLoaded })
      if (session.plan.lora) beginLora(session, options.seed ?? 1)
    },
    checkpoints: {
      every: planned.saveEvery,
      store: checkpointFiles(join(out, 'checkpoints'), identity, options.keep ?? 2),
    },
    resume: last?.state,
    keep: exporting,
  })
  const names = await readdir(out)
  const files = names.filter((name) => !name.startsWith('.')).sort()
  const best = result.state.best !== null && result.state.best.step > 0 ? join(out, 'best') : null
  return { ...result, out, best, files }
}

/** Temporary names of corpus/atomic.ts, and the model that was about to be put in its place. */
const LEFT_BY_KILLED = /^\.(.+\.[0-9a-f]{12}\.(tmp|old)|model)$/

/**
 * Whether there is a run that goes on, and its last checkpoint.
 *
 * @throws KoVocabError `io`, `bad-option`
 */
async function openOut({ out, resume = false, force = false }: RunPretrainOptions) {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw asIoError(error, out, 'read')
  })
  if (resume && force)
    throw new KoVocabError('bad-option', '--resume and --force exclude each other', 'give one of them')
  const halves = names.filter((name) => LEFT_BY_KILLED.test(name))
  const rest = names.filter((name) => !halves.includes(name))
  const isRun = ['run.json', 'tokens', 'checkpoints', 'extended'].some((name) => rest.includes(name))
  // The folder is of one run: what a kill has left of its outputs is written again.
  const isFree = rest.length === 0 || (isRun && (resume || force))
  if (isFree) for (const name of halves) await rm(join(out, name), { recursive: true, force: true })
  if (resume && isRun) return { last: await lastCheckpoint(join(out, 'checkpoints')), goesOn: true }
  if (rest.length === 0) return { last: null, goesOn: false }
  if (force && isRun) {
    for (const name of rest) await rm(join(out, name), { recursive: true, force: true })
    return { last: null, goesOn: false }
  }
  const hint = isRun ? '--resume goes on with the run that it holds, --force begins anew' : 'choose another folder'
  throw new KoVocabError('io', `${out}: exists and is not empty`, hint)
}

/** The model of an init map: made once, whole or not at all. */
async function extendedModel({
  model,
  initMap,
  tokenizer,
  out,
  signal,
  onProgress,
}: RunPretrainOptions): Promise<ModelFolder> {
  const place = extendedPlace(out)
  const isThere = await stat(join(place, 'config.json')).catch(() => null)
  if (!isThere) {
    const report = (_: string, done: number, total: number) => onProgress?.('extend', done, total)
    await applyInitMapToCheckpoint({
      ...{ checkpoint: model, initMap: initMap!, tokenizer: tokenizer!, out: place, signal, onProgress: report },
    })
  }
  return openModel(place)
}

/** Two texts may be called alike if one is learned and the other guarded: measured sets are told apart by name. */
function distinct(sets: EvaluationSet[]): EvaluationSet[] {
  const names = sets.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return sets
  throw new KoVocabError('bad-option', `two texts to measure on are called ${twice}`, 'give names: --guard en=news.txt')
}

function sha256Of(documents: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const document of documents) hash.update(`${document.length}\n`).update(document)
  return hash.digest('hex')
}

async function inputsOf({ model, texts }: PlannedPretrain, { signal }: RunPretrainOptions) {
  const paths = [join(model.folder, 'config.json'), ...model.checkpoint.shards.map(({ path }) => path)]
  const files = await Promise.all(
    paths.map(async (path) => ({ path, size: (await stat(path)).size, compression: 'none' as const })),
  )
  const named = Object.values(texts).flat()
  return {
    model: await describeInputs(files, signal),
    texts: await describeInputs(
      named.flatMap(({ files }) => files),
      signal,
    ),
  }
}

async function recordOf(options: RunPretrainOptions, planned: PlannedPretrain, inputs: InputRecord[]): Promise<string> {
  const { batch, length, accumulate, replayShare, baseRows, evaluateEvery, saveEvery, recipe } = planned
  const given = {
    ...{ model: options.model, 'init-map': options.initMap, tokenizer: options.tokenizer },
    ...{ data: options.data, reading: recordedReading(options.reading), replay: options.replay, 'replay-share': replayShare, recipe },
    ...{ 'learning-rate': options.learningRate, backend: options.backend.name, tokens: options.tokens },
    ...{ length, batch, accumulate, 'base-rows': baseRows, documents: options.documents, eos: options.eos },
    ...{
      packing: options.packing,
      'chat-template': options.chatTemplate,
      eval: options.evaluate,
      guard: options.guard,
      watch: options.watch,
    },
    ...{ 'held-out': options.heldOut, 'eval-bytes': options.evaluateBytes, 'eval-every': evaluateEvery },
    ...{ gate: options.gate, 'save-every': saveEvery, keep: options.keep, dtype: options.dtype },
    ...{ checkpointing: options.checkpointing },
  }
  const tokenizer = await describeTokenizer(options.tokenizer ?? options.model)
  return formatRunRecord(runRecord('pretrain', given, options.seed ?? 1, [...inputs, ...tokenizer]))
}

/** Writes the model: the best one into a folder of its own, the last one beside the run's files. */
function exportingTo(options: RunPretrainOptions, { model, recipe, stages }: PlannedPretrain) {
  const { out } = options
  const dtype = options.dtype ?? (isRowDtype(model.dtype) ? model.dtype : 'F32')
  const { form } = recipe
  const plain = model.checkpoint.config.text
  const path = join(model.folder, 'config.json')
  const config = form?.kind === 'block-expansion' ? expandConfigText(plain, path, form.blocks) : plain
  const settings = { config, tokenizer: model.folder, dtype, replace: true }
  return async (what: 'best' | 'last', session: Session): Promise<void> => {
    if (what === 'best') return saveModel(session, join(out, 'best'), settings)
    const whole = join(out, '.model')
    await saveModel(session, whole, settings)
    // Without config.json a folder is no model: it goes first, and comes last.
    const names = (await readdir(whole)).filter((name) => name !== 'config.json')
    await rm(join(out, 'config.json'), { force: true })
    for (const name of [...names, 'config.json']) await rename(join(whole, name), join(out, name))
    await rm(whole, { recursive: true, force: true })
    if (!session.plan.lora) return
    const trained = new Set(stages[stages.length - 1].touched)
    const isAdapterAlone = [...trained].every((name) => !/^model\.(layers|norm)/.test(name))
    if (isAdapterAlone)
      await saveAdapter(session, join(out, 'adapter'), { base: model.folder, dtype, trained, replace: true })
  }
}
