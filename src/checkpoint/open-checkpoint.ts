/** The weights of a Hugging Face model folder, headers alone: nothing is read that is not needed. Node only. */
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asIoError } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import { endJson, type JsonCursor, readJsonObject, readJsonString, skipJsonValue } from '../init/json-cursor'
import { headerLength, parseHeader, type SafeTensorsHeader } from '../init/safetensors-header'
import { type ModelConfig, readModelConfig } from './config'

export interface Shard extends SafeTensorsHeader {
  /** Name within the folder. */
  file: string
  path: string
  bytes: number
}

export interface Checkpoint {
  folder: string
  config: ModelConfig
  /** In the order of their names. */
  shards: Shard[]
  /** model.safetensors.index.json; null for a single file. */
  index: Uint8Array | null
}

const SINGLE = 'model.safetensors'
export const INDEX = 'model.safetensors.index.json'
/** The index of a model of 100,000 tensors has 9 MB. */
const MAX_INDEX_BYTES = 100_000_000
const MAX_CONFIG_BYTES = 16_000_000

/**
 * Reads config.json, the index and the header of every shard, and holds them against each other: the index names files
 * of this folder only, each tensor is where the index says, and none is in two files.
 *
 * Links are followed when they lead to regular files: the Hub's cache consists of them.
 *
 * @throws KoVocabError `io`, `bad-file`; `unsupported` for weights that are no safetensors
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asIoError(error, folder, 'read')
  })
  if (!names.includes('config.json')) {
    const hint = 'give the folder of a Hugging Face model: config.json, model.safetensors or its shards, a tokenizer'
    throw new KoVocabError('io', `${folder}: has no config.json`, hint)
  }
  const configPath = join(folder, 'config.json')
  const config = readModelConfig(await readSmall(configPath, MAX_CONFIG_BYTES), configPath)
  if (names.includes(SINGLE) && names.includes(INDEX)) {
    const hint = `transformers reads ${SINGLE}; move the one that is not meant away`
    throw new KoVocabError('bad-file', `${folder}: has both ${SINGLE} and ${INDEX}`, hint)
  }
  if (names.includes(SINGLE)) return { folder, config, shards: [await openShard(folder, SINGLE)], index: null }
  if (!names.includes(INDEX)) refuseWeights(folder, names)
  const indexPath = join(folder, INDEX)
  const index = await readSmall(indexPath, MAX_INDEX_BYTES)
  const weightMap = readWeightMap(index, indexPath)
  const shards: Shard[] = []
  for (const file of [...new Set(weightMap.values())].sort()) {
    if (!names.includes(file)) {
      throw new KoVocabError('bad-file', `${indexPath}: names ${file}, which is not there`, 'download it again')
    }
    shards.push(await openShard(folder, file))
  }
  checkWeightMap(weightMap, shards, indexPath)
  return { folder, config, shards, index }
}

function refuseWeights(folder: string, names: readonly string[]): never {
  const other = names.find((name) => /\.(bin|pt|pth|h5|msgpack|gguf|safetensors)$/.test(name))
  if (other?.endsWith('.bin')) {
    throw new KoVocabError(
      'unsupported',
      `${folder}: the weights are ${other}, a Python pickle, which can run code when it is read`,
      'write safetensors first: python -c "from transformers import AutoModelForCausalLM as M; ' +
        `M.from_pretrained('${folder}', torch_dtype='auto').save_pretrained('<folder>')"`,
    )
  }
  const what = other === undefined ? 'has no weights' : `has no weights by the names of transformers, only ${other}`
  throw new KoVocabError('io', `${folder}: ${what}; looked for ${SINGLE} and ${INDEX}`, 'give the folder of a model')
}

/** A regular file of a bounded size, whole. */
export async function readSmall(path: string, most: number): Promise<Uint8Array> {
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new KoVocabError('bad-file', `${path}: is no regular file`)
    if (info.size > most)
      throw new KoVocabError('bad-file', `${path}: has ${info.size} bytes, above the limit of ${most}`)
    return new Uint8Array(await readFile(path))
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
}

export async function openShard(folder: string, file: string): Promise<Shard> {
  const path = join(folder, file)
  let handle: FileHandle | undefined
  try {
    const info = await stat(path)
    // A pipe would wait for ever, a device has no end.
    if (!info.isFile()) throw new KoVocabError('bad-file', `${path}: is no regular file`)
    handle = await open(path, 'r')
    const first = await readAt(handle, 0, Math.min(8, info.size), path)
    const length = headerLength(first, info.size, path)
    const header = parseHeader(await readAt(handle, 8, length, path), info.size, path)
    return { file, path, bytes: info.size, ...header }
  } catch (error) {
    throw asIoError(error, path, 'read')
  } finally {
    await handle?.close()
  }
}

/** @throws KoVocabError `bad-file` when the file has become shorter */
export async function readAt(
  handle: FileHandle,
  from: number,
  length: number,
  path: string,
  into = new Uint8Array(length),
): Promise<Uint8Array> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(into, done, length - done, from + done)
    if (bytesRead === 0) throw new KoVocabError('bad-file', `${path}: ends at byte ${from + done} while it is read`)
    done += bytesRead
  }
  return into.subarray(0, length)
}

/** Tensor → file. */
function readWeightMap(index: Uint8Array, path: string): Map<string, string> {
  const fail = (what: string): never => {
    throw new KoVocabError('bad-file', `${path}: ${what}`, 'the index is damaged; download it again')
  }
  const cursor: JsonCursor = {
    bytes: index,
    at: 0,
    fail: (what) => fail(`is no JSON as it should be: ${what} (byte ${cursor.at})`),
  }
  let weightMap: Map<string, string> | undefined
  readJsonObject(cursor, (key) => {
    if (key !== 'weight_map') return skipJsonValue(cursor)
    const map = new Map<string, string>()
    readJsonObject(cursor, (tensor) => {
      const file = readJsonString(cursor)
      if (!isPlainName(file))
        fail(`weight_map puts ${tensor} into ${JSON.stringify(file)}, which is no file of this folder`)
      map.set(tensor, file)
    })
    weightMap = map
  })
  endJson(cursor)
  return weightMap ?? fail('has no weight_map')
}

/** One part of a path, visible, of the right kind: never a way out of the folder. */
function isPlainName(file: string): boolean {
  return /^[^/\\:\0.][^/\\:\0]*\.safetensors$/.test(file)
}

function checkWeightMap(weightMap: ReadonlyMap<string, string>, shards: readonly Shard[], path: string): void {
  const fail = (what: string): never => {
    throw new KoVocabError(
      'bad-file',
      `${path}: ${what}`,
      'index and shards do not belong together; download them again',
    )
  }
  const placeOf = new Map<string, string>()
  for (const { file, entries } of shards) {
    for (const { name } of entries) {
      if (placeOf.has(name)) fail(`${placeOf.get(name)} and ${file} both hold ${name}`)
      placeOf.set(name, file)
      const named = weightMap.get(name)
      if (named !== file)
        fail(`${file} holds ${name}, which weight_map ${named ? `puts into ${named}` : 'does not name'}`)
    }
  }
  for (const [name, file] of weightMap)
    if (!placeOf.has(name)) fail(`weight_map puts ${name} into ${file}, which lacks it`)
}
