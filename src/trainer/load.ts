/** Parameters from the folder of a Hugging Face model. Node only. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Checkpoint, openCheckpoint, readAt, type Shard } from '../checkpoint/open-checkpoint'
import { decodeValues, isRowDtype, ROW_BYTES, type RowDtype } from '../checkpoint/row-values'
import { asIoError } from '../corpus/atomic'
import { KoVocabError, throwIfAborted } from '../errors'
import type { TensorEntry } from '../init/safetensors-header'
import type { Session } from './backends/types'
import type { ParameterOrigin } from './forms/block-expansion'
import { loraWeightOf } from './forms/lora-names'
import { type LlamaConfig, readLlamaConfig } from './model/config'
import { EMBEDDING, HEAD, parameterShapes } from './model/parameters'
import type { TensorId } from './plan/types'

export interface ModelFolder {
  folder: string
  config: LlamaConfig
  checkpoint: Checkpoint
  /** Of the embedding: what the weights are stored in as a rule. */
  dtype: RowDtype
  /** Parameter → where its values lie. */
  places: Map<string, TensorPlace>
}

export interface TensorPlace {
  shard: Shard
  entry: TensorEntry
  dtype: RowDtype
}

/** Elements that are read at once. */
const CHUNK = 1 << 20

/**
 * Reads config.json and the headers of the weights, and holds every parameter's name and shape against the other.
 *
 * @throws KoVocabError `io`, `bad-file`; `unsupported` for another architecture or quantized weights; `mismatch` where
 * tensors are missing, of another shape, or unknown
 */
export async function openModel(folder: string): Promise<ModelFolder> {
  const checkpoint = await openCheckpoint(folder)
  const config = readLlamaConfig(new TextDecoder().decode(checkpoint.config.text), join(folder, 'config.json'))
  const found = new Map(
    checkpoint.shards.flatMap((shard) => shard.entries.map((entry) => [entry.name, { shard, entry }])),
  )
  const places = new Map<string, TensorPlace>()
  for (const { name, shape } of parameterShapes(config)) {
    const place = found.get(name)
    if (!place) {
      const hint =
        name === HEAD ? 'tie_word_embeddings may be missing from config.json' : 'give the folder of a whole Llama model'
      throw new KoVocabError('mismatch', `${folder}: has no tensor ${name} [${shape}]`, hint)
    }
    const { entry, shard } = place
    if (entry.shape.join() !== shape.join()) {
      const what = `${shard.path}: ${name} has the shape [${entry.shape}], config.json says [${shape}]`
      throw new KoVocabError('mismatch', what, 'weights and config.json do not belong together')
    }
    if (!isRowDtype(entry.dtype)) {
      const what = `${shard.path}: ${name} holds ${entry.dtype}; F64, F32, F16 and BF16 can be trained`
      throw new KoVocabError('unsupported', what, 'train the checkpoint that it was quantized from')
    }
    places.set(name, { shard, entry, dtype: entry.dtype })
  }
  const unknown = [...found.keys()].filter((name) => !places.has(name) && !isIdle(name, config))
  if (unknown.length > 0) {
    const names = `${unknown.slice(0, 4).join(', ')}${unknown.length > 4 ? `, … (${unknown.length})` : ''}`
    const what = `${folder}: holds tensors that config.json does not account for: ${names}`
    throw new KoVocabError('mismatch', what, 'they would be lost; give the folder of a plain Llama model')
  }
  if (config.tied && found.has(HEAD)) await requireSameHead(places.get(EMBEDDING)!, found.get(HEAD)!)
  return { folder, config, checkpoint, dtype: places.get(EMBEDDING)!.dtype, places }
}

/** Old checkpoints store the frequencies of rope; a tied head may be stored a second time. */
function isIdle(name: string, { tied }: LlamaConfig): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (tied && name === HEAD)
}

/** A tied head that differs from the embedding would silently be lost. */
async function requireSameHead(embedding: TensorPlace, head: { shard: Shard; entry: TensorEntry }): Promise<void> {
  const { entry, shard } = head
  const different = () =>
    new KoVocabError(
      'mismatch',
      `${shard.path}: ${HEAD} differs from ${EMBEDDING}, but tie_word_embeddings is true`,
      'set tie_word_embeddings to false in config.json if both are meant',
    )
  if (entry.dtype !== embedding.dtype || entry.shape.join() !== embedding.entry.shape.join()) throw different()
  const copies = chunksOf(shard, entry, embedding.dtype)
  try {
    for await (const { bytes } of chunksOf(embedding.shard, embedding.entry, embedding.dtype)) {
      const copy = await copies.next()
      if (copy.done || Buffer.compare(copy.value.bytes, bytes) !== 0) throw different()
    }
  } finally {
    // Closes the file.
    await copies.return()
  }
}

export interface LoadOptions {
  /** Values so far, values in all. */
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
  /** Where parameters come from that the folder has under another name, or not at all: see `expandedOrigins`. */
  origins?: ReadonlyMap<string, ParameterOrigin>
}

/**
 * Writes every parameter of the session's plan, whose config must be the folder's, or what `origins` make of it. Adapters
 * are left as they are.
 *
 * @throws KoVocabError `mismatch` where the plan is another model's; `bad-file` for NaN and infinity; `io`, `aborted`
 */
export async function loadParameters(model: ModelFolder, session: Session, options: LoadOptions = {}): Promise<void> {
  const { onProgress = () => {}, signal, origins } = options
  const { tensors } = session.plan
  const parameters = session.plan.parameters.filter(({ name }) => loraWeightOf(name) === null)
  const total = parameters.reduce((sum, { tensor }) => sum + tensors[tensor].size, 0)
  let done = 0
  for (const { name, shape, tensor } of parameters) {
    const origin: ParameterOrigin = origins?.get(name) ?? { kind: 'copy', name }
    if (origin.kind === 'zeros') {
      done += tensors[tensor].size
      writeZeros(session, tensor)
      continue
    }
    const place = model.places.get(origin.name)
    if (place?.entry.shape.join() !== shape.join()) {
      const has = place ? `has it as [${place.entry.shape}]` : 'has no such tensor'
      throw new KoVocabError('mismatch', `the plan wants ${origin.name} [${shape}], ${model.folder} ${has}`)
    }
    const before = done
    const report = (values: number) => onProgress(before + values, total)
    await writeTensor(session, tensor, place, { signal, onProgress: report })
    done += tensors[tensor].size
  }
}

/**
 * Copies a tensor of a file into one of the session, of the same size, some at a time.
 *
 * @throws KoVocabError `bad-file` for NaN and infinity; `io`, `aborted`
 */
export async function writeTensor(
  session: Session,
  tensor: TensorId,
  { shard, entry, dtype }: TensorPlace,
  { onProgress = () => {}, signal }: { onProgress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  for await (const { bytes, at } of chunksOf(shard, entry, dtype)) {
    throwIfAborted(signal)
    const count = bytes.length / ROW_BYTES[dtype]
    const values = dtype === 'F64' ? new Float64Array(count) : new Float32Array(count)
    decodeValues(dtype, bytes, values)
    const wrong = values.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0) {
      const what = `${shard.path}: ${entry.name} holds ${values[wrong]} as its value ${at + wrong}`
      throw new KoVocabError('bad-file', what, 'the model was broken before; give a sound checkpoint')
    }
    session.write(tensor, values, at)
    onProgress(at + count)
  }
}

/** A session may have held other values before. */
function writeZeros(session: Session, tensor: TensorId): void {
  const { size } = session.plan.tensors[tensor]
  const zeros = new Float32Array(Math.min(size, CHUNK))
  for (let at = 0; at < size; at += CHUNK) session.write(tensor, zeros.subarray(0, Math.min(CHUNK, size - at)), at)
}

async function* chunksOf({ path, dataStart }: Shard, { begin, end }: TensorEntry, dtype: RowDtype) {
  const step = CHUNK * ROW_BYTES[dtype]
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  try {
    for (let from = begin; from < end; from += step) {
      const bytes = await readAt(handle, dataStart + from, Math.min(step, end - from), path)
      yield { bytes, at: (from - begin) / ROW_BYTES[dtype] }
    }
  } finally {
    await handle.close()
  }
}
