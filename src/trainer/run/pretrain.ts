/** Continued pretraining from files to a folder: `ko-vocab pretrain` as a function. Node only. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { applyInitMapToCheckpoint } from '../../checkpoint/apply'
import { isRowDtype, type RowDtype } from '../../checkpoint/row-values'
import { asIoError, writeFileAtomic } from '../../corpus/atomic'
import { recordedReading } from '../../corpus/format'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../../corpus/run-record'
import type { InputRecord } from '../../corpus/run-types'
import { KoVocabError } from '../../errors'
import { encodeUtf8 } from '../../text/utf8'
import { canonicalJson, sha256Hex, tokenizerHash } from '../../tokenizer/hash'
import { version } from '../../version'
import type { Session } from '../backends/types'
import { expandedOrigins, type ParameterOrigin } from '../forms/block-expansion'
import { expandConfigText } from '../forms/expand-config-text'
import { beginLora } from '../forms/lora'
import { saveAdapter } from '../forms/save-adapter'
import { loadParameters, type ModelFolder, openModel } from '../load'
import { saveModel } from '../save'
import { checkpointFiles, lastCheckpoint } from './checkpoint-files'
import { withFrozenWeights } from './frozen-weights'
import { type RunIdentity, requireSameRun } from './identity'
import type { Metrics } from './metrics'
import { openData } from './open-data'
import { extendedPlace, type PlannedPretrain, type PretrainOptions, planPretrain } from './plan-pretrain'
import { referenceFile } from './reference-file'
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
 * `checkpoints`, `tokens` (the encoded texts, unless `tokenCache` says where) and run.json beside the weights.
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
  const { model, recipe, length, batch, accumulate, config } = planned
  const inputs = await inputsOf(planned, options)
  const onNote = (note: string) => notes.push(note)
  const data = await openData(planned, { ...options, onNote, onProgress })
  const gate = options.gate ?? { bound: 0.01, onForget: 'warn' as const }
  const identity: RunIdentity = {
    version,
    backend: options.backend.name,
    model: inputs.model.map(({ sha256 }) => sha256!),
    ...{ baseRows: planned.baseRows, recipe, tokens: options.tokens, batch, length, accumulate },
    checkpointing: options.checkpointing ?? false,
    storage: options.backend.storage ?? 'f32',
    data: data.description,
    evaluation: { every: planned.evaluateEvery, stride: null, sets: data.measured },
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
  const exporting = exportingTo(options, planned, origins)
  const result = await train({
    ...{
      backend: options.backend,
      config,
      recipe,
      baseRows: planned.baseRows,
      batches: data.batches,
      batch,
      length,
      accumulate,
      gate,
    },
    ...{ tokens: options.tokens, maxSteps: options.maxSteps, onMetrics, signal },
    plan: { checkpointing: options.checkpointing },
    evaluation: { sets: data.sets, every: planned.evaluateEvery },
    preferences: data.preferences && {
      ...data.preferences,
      store: referenceFile(join(out, 'reference.json'), referenceKey(identity, planned)),
      onProgress: (done, total) => onProgress('reference', done, total),
    },
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

/** What the frozen model says of pairs hangs on nothing else. A form (adapters, new blocks) begins as the same function. */
function referenceKey({ model, data, evaluation }: RunIdentity, { tokenizer, length }: PlannedPretrain): string {
  const measured = evaluation.sets.filter(({ role }) => role === 'target')
  const pairs = { learned: data.sources, measured }
  return sha256Hex(encodeUtf8(canonicalJson({ model, pairs, length, tokenizer: tokenizerHash(tokenizer) })))
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
    ...{
      data: options.data,
      reading: recordedReading(options.reading),
      replay: options.replay,
      'replay-share': replayShare,
      recipe,
    },
    ...{ 'learning-rate': options.learningRate, backend: options.backend.name, storage: options.backend.storage },
    tokens: options.tokens,
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
    ...{ checkpointing: options.checkpointing, 'token-cache': options.tokenCache },
  }
  const tokenizer = await describeTokenizer(options.tokenizer ?? options.model)
  return formatRunRecord(runRecord('pretrain', given, options.seed ?? 1, [...inputs, ...tokenizer]))
}

/** Writes the model: the best one into a folder of its own, the last one beside the run's files. */
function exportingTo(
  options: RunPretrainOptions,
  { model, recipe, stages }: PlannedPretrain,
  origins?: ReadonlyMap<string, ParameterOrigin>,
) {
  const { out } = options
  const dtype = options.dtype ?? (isRowDtype(model.dtype) ? model.dtype : 'F32')
  const { form } = recipe
  const plain = model.checkpoint.config.text
  const path = join(model.folder, 'config.json')
  const config = form?.kind === 'block-expansion' ? expandConfigText(plain, path, form.blocks) : plain
  const settings = { config, tokenizer: model.folder, dtype, replace: true }
  return async (what: 'best' | 'last', opened: Session): Promise<void> => {
    const session = withFrozenWeights(opened, model, origins)
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
