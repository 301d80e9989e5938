/** Which files of counts are to be added up, and whether they belong together. Node only. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile } from 'hyparquet'
import { asIoError } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import { type OpenCounts, openCounts } from './parquet'
import { type Shard, shardName } from './shard'
import { readMarker, type ShardMarker, shardsIn } from './shard-folder'

/** A file of counts, opened, and its marker where it has one. */
export interface CountsInput extends OpenCounts {
  marker: ShardMarker | null
}

export interface CountsInputs {
  files: CountsInput[]
  /** What all of them say, for the metadata of the whole. */
  meta: Record<string, string>
}

/** Metadata of a shard that the whole does not have. */
const OF_SHARDS = ['ko_vocab.order', 'ko_vocab.shard', 'ko_vocab.inputs', 'ko_vocab.format']

/** What must be the same for counts to be added up. */
const MUST_AGREE = ['ko_vocab.pre_tokenizer', 'ko_vocab.normalize', 'ko_vocab.scope', 'ko_vocab.left_out']

/**
 * Opens what is to be added up: files of counts, and folders of shards, which must be whole. A folder without shards
 * stands for the Parquet files in it.
 *
 * @throws KoVocabError `io`; `bad-file` as openCounts; `mismatch` for shards that are missing or there twice, for shards
 * of different corpora, and for counts that were made in different ways
 */
export async function openInputs(paths: readonly string[]): Promise<CountsInputs> {
  const named: { path: string; marker: ShardMarker | null }[] = []
  for (const path of paths) {
    const info = await stat(path).catch((error) => {
      throw asIoError(error, path, 'read')
    })
    if (info.isDirectory()) named.push(...(await filesOf(path)))
    else named.push({ path, marker: null })
  }
  await refuseTwice(named.map(({ path }) => path))
  const files: CountsInput[] = []
  for (const { path, marker } of named) {
    let open: OpenCounts
    try {
      open = await openCounts(await asyncBufferFromFile(path), path)
    } catch (error) {
      throw asIoError(error, path, 'read')
    }
    if (marker && marker.words !== open.rows) {
      const what = `${path}: has ${open.rows} rows, and its marker says ${marker.words}`
      throw new KoVocabError('bad-file', what, 'remove the marker and count the shard again')
    }
    files.push({ ...open, marker })
  }
  checkShards(files)
  return { files, meta: commonMeta(files) }
}

async function filesOf(folder: string): Promise<{ path: string; marker: ShardMarker | null }[]> {
  const shards = await shardsIn(folder)
  if (shards.length === 0) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet') && !name.startsWith('.')).sort()
    if (names.length === 0) {
      const hint = 'name the folder that count --shard wrote, or files of counts'
      throw new KoVocabError('io', `${folder}: holds no Parquet files`, hint)
    }
    return names.map((name) => ({ path: join(folder, name), marker: null }))
  }
  const [{ of }] = shards
  const other = shards.find((shard) => shard.of !== of)
  if (other) {
    const what = `${folder}: holds parts of ${of} shards and of ${other.of}`
    throw new KoVocabError('mismatch', what, 'remove those of one number')
  }
  const found: { path: string; marker: ShardMarker | null }[] = []
  const missing: number[] = []
  for (let index = 0; index < of; index++) {
    const marker = await readMarker(folder, { index, of })
    const path = join(folder, shardName({ index, of }))
    const size = await stat(path).then(
      ({ size }) => size,
      () => null,
    )
    // Without its marker nobody knows whether a file is what was asked for.
    if (!marker || marker.bytes !== size) missing.push(index)
    else found.push({ path, marker })
  }
  if (missing.length > 0) throw missingShards(folder, missing, of)
  return found
}

function missingShards(place: string, missing: readonly number[], of: number): KoVocabError {
  const list = missing.length > 20 ? `${missing.slice(0, 20).join(', ')} …` : missing.join(', ')
  const one = missing.length === 1
  const what = `${place}: ${one ? 'shard' : 'shards'} ${list} of ${of} ${one ? 'is' : 'are'} not done`
  const hint = `count ${one ? 'it' : 'them'} again, e.g. with --shard ${missing[0]}/${of}: those that are done stay`
  return new KoVocabError('mismatch', what, hint)
}

async function refuseTwice(paths: readonly string[]): Promise<void> {
  const seen = new Map<string, string>()
  for (const path of paths) {
    const real = await realpath(path)
    const before = seen.get(real)
    if (before !== undefined) {
      const same = before === path ? '' : ` (as ${before} too)`
      throw new KoVocabError('mismatch', `${path}: is named twice${same}`, 'its words would count twice; name it once')
    }
    seen.set(real, path)
  }
}

function shardOf({ meta }: CountsInput): Shard | null {
  const parts = /^(\d+)\/(\d+)$/.exec(meta['ko_vocab.shard'] ?? '')
  return parts ? { index: Number(parts[1]), of: Number(parts[2]) } : null
}

/** Either all files are the shards of one corpus, each there once, or none is a shard. */
function checkShards(files: readonly CountsInput[]): void {
  const [first] = files
  const shard = shardOf(first)
  const places = new Map<number, string>()
  for (const file of files) {
    const own = shardOf(file)
    if ((own === null) !== (shard === null)) {
      const [part, whole] = own ? [file, first] : [first, file]
      const what = `${part.name} is a shard, and ${whole.name} is not`
      throw new KoVocabError('mismatch', what, 'merge the shards of a corpus first, and then whole counts')
    }
    if (!own || !shard) continue
    if (own.of !== shard.of || file.meta['ko_vocab.inputs'] !== first.meta['ko_vocab.inputs']) {
      const what = `${first.name} and ${file.name} are shards of different corpora, or cut into different numbers`
      throw new KoVocabError('mismatch', what, 'merge the shards of one corpus at a time')
    }
    const before = places.get(own.index)
    if (before !== undefined) {
      const what = `${before} and ${file.name} are both shard ${own.index} of ${own.of}`
      throw new KoVocabError('mismatch', what, 'name each shard once')
    }
    places.set(own.index, file.name)
  }
  if (!shard) return
  const missing = Array.from({ length: shard.of }, (_, i) => i).filter((i) => !places.has(i))
  if (missing.length > 0) throw missingShards(first.name, missing, shard.of)
}

function commonMeta(files: readonly CountsInput[]): Record<string, string> {
  const [first] = files
  const meta: Record<string, string> = {}
  const keys = new Set([...MUST_AGREE, ...files.flatMap((file) => Object.keys(file.meta))])
  for (const key of keys) {
    if (OF_SHARDS.includes(key)) continue
    const other = files.find((file) => file.meta[key] !== first.meta[key])
    if (!other) {
      if (first.meta[key] !== undefined) meta[key] = first.meta[key]
    } else if (MUST_AGREE.includes(key) || shardOf(first)) {
      const [a, b] = [first, other].map((file) => `${file.name} ${file.meta[key] ?? 'none'}`)
      const what = `the counts were made with different ${key.replace(/^ko_vocab\./, '')}: ${a}, ${b}`
      throw new KoVocabError('mismatch', what, 'count all of them with the same base and options')
    }
    // Otherwise, as two bases that cut words alike, it is not true of the whole.
  }
  return meta
}
