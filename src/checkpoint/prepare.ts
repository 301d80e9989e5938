/** Everything that can be known to be wrong before the first byte is written. Node only. */
import { realpath, stat, statfs } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { asIoError, leftoversOf, requireFreeFolder } from '../corpus/atomic'
import { KoVocabError, throwIfAborted } from '../errors'
import { openBase } from '../extend/open-base'
import type { InitMap } from '../init/init-map'
import { readInitMap } from '../init/init-map-file'
import { type Carried, planCarried } from './carry'
import { type EmbeddingNames, type Embeddings, findEmbeddings } from './embeddings'
import { type Checkpoint, openCheckpoint, readSmall } from './open-checkpoint'
import type { LinkMode } from './place-file'
import { planRows, type RowPlan } from './row-plan'
import { type Growth, grownBytes } from './write-shard'

export interface ApplyOptions extends EmbeddingNames {
  /** Folder of the base model in Hugging Face's form: config.json, safetensors, usually its tokenizer. */
  checkpoint: string
  /** init-map.safetensors, or one that was read. */
  initMap: string | InitMap
  /** Folder of the extended tokenizer. */
  tokenizer: string
  /** Folder to write. */
  out: string
  /** Replace `out` when it is there and not empty. */
  force?: boolean
  /** How shards that stay as they are come into the new folder. Default `auto`. */
  link?: LinkMode
  signal?: AbortSignal
}

export interface PreparedApply {
  map: InitMap
  checkpoint: Checkpoint
  embeddings: Embeddings
  plan: RowPlan
  /** Tensor → how it grows. */
  growths: Map<string, Growth>
  carried: Carried
  /** Names of shards that are written anew, and their sizes afterwards. */
  rewritten: Map<string, number>
  /** Names of shards that stay as they are. */
  untouched: string[]
  /** Facts for the user, a sentence each. */
  notes: string[]
}

const MAX_MAP_BYTES = 256_000_000

/**
 * Reads headers, config, init map and both tokenizers, and holds them against each other.
 *
 * @throws KoVocabError `mismatch` when two of them do not belong together; `io`: not there, `out` occupied, the disk too
 * full; `bad-file`, `unsupported`, `bad-option`, `aborted`
 */
export async function prepareApply(options: ApplyOptions): Promise<PreparedApply> {
  const { checkpoint: folder, tokenizer, out, force, link = 'auto', signal } = options
  await requireFreeFolder(out, force)
  await requireApart(out, { checkpoint: folder, tokenizer })
  const checkpoint = await openCheckpoint(folder)
  const map = typeof options.initMap === 'string' ? await readMap(options.initMap) : options.initMap
  throwIfAborted(signal)

  const notes = await checkBase(folder, map)
  throwIfAborted(signal)
  const extendedIds = await checkExtended(tokenizer, map)
  throwIfAborted(signal)

  const entries = checkpoint.shards.flatMap((shard) => shard.entries)
  const embeddings = findEmbeddings(entries, checkpoint.config, map.baseRows, options, folder)
  notes.push(...embeddings.notes)
  if (embeddings.tied && map.inputMethod !== map.outputMethod) {
    notes.push(
      `input and output are tied: the rows are made by ${map.inputMethod}, and ${map.outputMethod} is not used`,
    )
  }
  const [{ rows }] = embeddings.tensors
  const plan = planRows(map, rows, extendedIds)
  if (rows > map.baseRows) notes.push(paddedNote(rows, map, plan))
  const growths = new Map<string, Growth>()
  for (const { name, dtype, columns, side } of embeddings.tensors) {
    growths.set(name, { plan, map, side, dtype, columns })
  }
  const rewritten = new Map<string, number>()
  const untouched: string[] = []
  for (const shard of checkpoint.shards) {
    if (shard.entries.some(({ name }) => growths.has(name))) rewritten.set(shard.file, grownBytes(shard, growths))
    else untouched.push(shard.file)
  }
  const carried = await planCarried(folder, tokenizer, new Set(checkpoint.shards.map(({ file }) => file)))
  notes.push(...carried.notes)
  const copied = link === 'copy' ? checkpoint.shards.filter(({ file }) => untouched.includes(file)) : []
  const need = [...rewritten.values(), ...copied.map(({ bytes }) => bytes)].reduce((a, b) => a + b, 0)
  notes.push(...(await checkRoom(out, need)))
  return { map, checkpoint, embeddings, plan, growths, carried, rewritten, untouched, notes }
}

function paddedNote(rows: number, map: InitMap, plan: RowPlan): string {
  const spare = rows - map.baseRows
  const same = plan.rows === rows ? '; vocab_size stays' : ''
  return `the base has ${spare} rows more than its tokenizer has ids; new rows take their places first${same}`
}

async function readMap(path: string): Promise<InitMap> {
  return readInitMap(await readSmall(path, MAX_MAP_BYTES), path)
}

/** The checkpoint's own tokenizer must be the map's base. */
async function checkBase(folder: string, map: InitMap): Promise<string[]> {
  let sha256: string | undefined
  try {
    sha256 = (await openBase({ base: folder })).sha256
  } catch (error) {
    if (!(error instanceof KoVocabError) || error.code !== 'io') throw error
    return ['the checkpoint has no tokenizer of its own: that it belongs to the init map could not be checked']
  }
  if (sha256 === map.baseSha256) return []
  throw new KoVocabError(
    'mismatch',
    `${folder}: its tokenizer is ${short(sha256)}, the init map is for the base ${short(map.baseSha256)}`,
    'use the checkpoint of the base that was extended, or make the init map anew',
  )
}

/** @returns how many ids the extended tokenizer has */
async function checkExtended(folder: string, map: InitMap): Promise<number> {
  const info = await stat(folder).catch((error: unknown) => {
    throw asIoError(error, folder, 'read')
  })
  if (!info.isDirectory()) {
    throw new KoVocabError('bad-option', `${folder}: is a file`, 'give the folder of the extended tokenizer')
  }
  const { sha256, pieces } = await openBase({ base: folder })
  if (sha256 === map.extendedSha256) return pieces.length
  throw new KoVocabError(
    'mismatch',
    `${folder}: is the tokenizer ${short(sha256)}, the init map is for ${short(map.extendedSha256)}`,
    'give the tokenizer that the init map was made for, or make the init map anew',
  )
}

function short(sha256 = ''): string {
  return `${sha256.slice(0, 16)}…`
}

/** A folder inside a source would be read and written at once; a source inside the folder would be replaced by force. */
async function requireApart(out: string, sources: Record<string, string>): Promise<void> {
  const target = await realOf(resolve(out))
  for (const [name, source] of Object.entries(sources)) {
    const other = await realOf(resolve(source))
    if (target !== other && !target.startsWith(other + sep) && !other.startsWith(target + sep)) continue
    throw new KoVocabError(
      'bad-option',
      `${out}: is, holds or lies in the ${name} ${source}`,
      'write to a folder beside it',
    )
  }
}

/** Of a path whose end need not exist. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : (await realOf(parent)) + path.slice(parent === sep ? 0 : parent.length)
  }
}

/** @throws KoVocabError `io` when the disk has not enough room */
async function checkRoom(out: string, need: number): Promise<string[]> {
  const left = await leftoversOf(out)
  const notes = left.map((path) => `${path} was left by a run that was killed, if none goes on now; remove it`)
  let place = dirname(resolve(out))
  for (;;) {
    try {
      const { bavail, bsize } = await statfs(place)
      const free = bavail * bsize
      if (free >= need) return notes
      const what = `${out}: needs ${need} bytes, the disk has ${free} free`
      const hint = left.length > 0 ? `remove what a killed run has left: ${left.join(', ')}` : 'free some space'
      throw new KoVocabError('io', what, hint)
    } catch (error) {
      const parent = dirname(place)
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === place) throw asIoError(error, place, 'read')
      place = parent
    }
  }
}
