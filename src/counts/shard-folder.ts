/** A folder of shards: one Parquet file each, and beside it a marker that says what it is. Node only. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asIoError, writeFileAtomic } from '../corpus/atomic'
import type { Skipped } from '../corpus/skipped'
import { KoVocabError } from '../errors'
import { version } from '../version'
import { markerName, type Shard, shardName, shardOfName } from './shard'

/** How much was left out of corpus files because it could not be read: as Skipped, without its examples. */
export type LeftOut = Pick<Skipped, 'records' | 'parts'>

/** The JSON of a marker. The same shard gives the same marker on any machine. */
export interface ShardMarker {
  ko_vocab: string
  shard: number
  of: number
  /** In the same folder. */
  file: string
  bytes: number
  /** Distinct words: rows of the file. */
  words: number
  /** How often all of them were seen together. */
  occurrences: number
  /** What could not be read and was left out, by choice; not there where that is nothing. */
  skipped?: LeftOut
  /** As `ko_vocab.inputs` in the metadata of the file (see inputsHash). */
  inputs: string
  /** What was counted how: `ko_vocab.pre_tokenizer` and the other metadata that all shards share. */
  meta: Record<string, string>
}

/**
 * Whether a shard is done: its marker is there, tells of these inputs and options, and its file has the size that the
 * marker tells. A file without a marker, and a marker without its file, are not done.
 *
 * @throws KoVocabError `mismatch` when the folder holds another number of shards, or the marker tells of other inputs or
 * options
 */
export async function doneShard(
  folder: string,
  shard: Shard,
  wanted: Pick<ShardMarker, 'inputs' | 'meta'>,
): Promise<ShardMarker | null> {
  const others = (await shardsIn(folder)).find(({ of }) => of !== shard.of)
  if (others) {
    const what = `${folder}: holds ${shardName(others)}, a part of ${others.of} shards and not of ${shard.of}`
    throw new KoVocabError('mismatch', what, `count ${shard.index}/${others.of} …, or choose another folder`)
  }
  const marker = await readMarker(folder, shard)
  if (!marker || (await sizeOf(join(folder, marker.file))) !== marker.bytes) return null
  const difference = differenceOf(marker, wanted)
  if (difference === null) return marker
  const name = join(folder, markerName(shard))
  throw new KoVocabError(
    'mismatch',
    `${name}: ${difference}`,
    'choose another folder, or remove the marker to count anew',
  )
}

/** In words, what of the inputs and options differs; null when nothing does. */
export function differenceOf(
  found: Pick<ShardMarker, 'inputs' | 'meta'>,
  wanted: Pick<ShardMarker, 'inputs' | 'meta'>,
): string | null {
  if (found.inputs !== wanted.inputs) return 'was counted from another list of files (names, sizes, how they are read)'
  for (const key of [...Object.keys(wanted.meta), ...Object.keys(found.meta)].sort()) {
    if (found.meta[key] === wanted.meta[key]) continue
    const name = key.replace(/^ko_vocab\./, '')
    return `was counted with the ${name} ${found.meta[key] ?? 'of none'}, not ${wanted.meta[key] ?? 'of none'}`
  }
  return null
}

export async function writeMarker(folder: string, marker: Omit<ShardMarker, 'ko_vocab'>): Promise<ShardMarker> {
  const whole = { ko_vocab: version, ...marker }
  const name = markerName({ index: marker.shard, of: marker.of })
  await writeFileAtomic(join(folder, name), `${JSON.stringify(whole, null, 2)}\n`)
  return whole
}

/** Null where there is none, or none that can be understood: the shard is counted anew then. */
export async function readMarker(folder: string, shard: Shard): Promise<ShardMarker | null> {
  const path = join(folder, markerName(shard))
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw asIoError(error, path, 'read')
  }
  try {
    const marker = JSON.parse(content) as ShardMarker
    const fits = marker.shard === shard.index && marker.of === shard.of && marker.file === shardName(shard)
    return fits && typeof marker.meta === 'object' && marker.meta !== null ? marker : null
  } catch {
    return null
  }
}

/** The shards whose file or marker is in the folder, in order; none for a folder that is not there. */
export async function shardsIn(folder: string): Promise<Shard[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw asIoError(error, folder, 'read')
  }
  const found = new Map<string, Shard>()
  for (const name of names.sort()) {
    const shard = shardOfName(name)
    if (shard) found.set(shardName(shard), shard)
  }
  return [...found.values()]
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch {
    return null
  }
}
