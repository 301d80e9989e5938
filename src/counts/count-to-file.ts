/** From corpus files to counts.parquet, or to one shard of it, within a budget of memory. Node only. */
import { join } from 'node:path'
import { writeFileAtomic } from '../corpus/atomic'
import type { CorpusFile } from '../corpus/files'
import { keepSkipped, sumSkipped } from '../corpus/skipped'
import { type CountWordsOptions, prepareCount } from './count'
import { type SpillOptions, type Tally, tallied, withCountedRows } from './counted-rows'
import { encodeRows, ROWS_PER_GROUP } from './parquet'
import { canBeCut, cutParts, partsOf } from './read-part'
import { inputsHash, type Shard, shardName, shardParts } from './shard'
import { doneShard, type LeftOut, writeMarker } from './shard-folder'

export interface CountToFileOptions extends CountWordsOptions, SpillOptions {}

export interface CountedFile extends Tally {
  path: string
  meta: Record<string, string>
  /** Bytes that went to temporary files. */
  spilledBytes: number
  /** Whether the shard was there already, and nothing was counted. */
  wasDone: boolean
  /** Of a shard: what was left out of its part of the corpus. */
  skipped?: LeftOut
}

/** Rows a row group of a shard: merging holds one group of each shard at a time. */
const SHARD_ROWS_PER_GROUP = 10_000

/**
 * Counts the words of corpus files and writes counts.parquet: the bytes that `writeCounts(path, await
 * countWords(files))` would write, whatever the budget and the number of threads.
 *
 * @throws KoVocabError as countWords; bad-option for a budget that is too small; io
 */
export async function countToFile(
  files: readonly CorpusFile[],
  path: string,
  options: CountToFileOptions,
): Promise<CountedFile> {
  const tally = { words: 0, occurrences: 0 }
  const { result: meta, spilledBytes } = await withCountedRows(
    partsOf(files),
    options,
    'count',
    ROWS_PER_GROUP,
    async ({ rows, meta }) => {
      await writeFileAtomic(path, encodeRows(tallied(rows, tally), meta))
      return meta
    },
  )
  return { ...tally, path, meta, spilledBytes, wasDone: false }
}

/**
 * Counts one shard of a corpus into `folder`: a Parquet file as counts.parquet, but by the bytes of the words, with
 * `ko_vocab.order`, `ko_vocab.shard` and `ko_vocab.inputs` in its metadata, and then its marker. A shard that is done
 * is left as it is. Counting the same shard twice at the same time is safe: both write the same bytes, each under a name
 * of its own, and rename them.
 *
 * @throws KoVocabError as countToFile and shardParts; `mismatch` when the folder holds something else
 */
export async function countShard(
  files: readonly CorpusFile[],
  folder: string,
  shard: Shard,
  options: CountToFileOptions,
): Promise<CountedFile> {
  // Files of our own, so that what is left out of this shard's part of a file is told from what is left out of others.
  const own = new Map<CorpusFile, CorpusFile>()
  const ownFile = (file: CorpusFile): CorpusFile => {
    const copy = own.get(file) ?? { ...file, skipped: undefined }
    own.set(file, copy)
    return copy
  }
  const parts = cutParts(shardParts(files, shard).map((part) => ({ ...part, file: ownFile(part.file) })))
  const file = shardName(shard)
  const path = join(folder, file)
  const wanted = { inputs: inputsHash(files), meta: prepareCount(options).meta }
  const done = await doneShard(folder, shard, wanted)
  if (done) {
    const { words, occurrences, meta, skipped } = done
    return { path, words, occurrences, meta, spilledBytes: 0, wasDone: true, ...(skipped ? { skipped } : {}) }
  }
  const tally = { words: 0, occurrences: 0 }
  let bytes = 0
  const { spilledBytes } = await withCountedRows(
    parts,
    options,
    'bytes',
    SHARD_ROWS_PER_GROUP,
    async ({ rows, meta }) => {
      const ofShard = {
        'ko_vocab.order': 'bytes',
        'ko_vocab.shard': `${shard.index}/${shard.of}`,
        'ko_vocab.inputs': wanted.inputs,
      }
      const chunks = encodeRows(tallied(rows, tally), { ...meta, ...ofShard })
      const sized = async function* () {
        for await (const chunk of chunks) {
          bytes += chunk.length
          yield chunk
        }
      }
      await writeFileAtomic(path, sized())
    },
  )
  for (const [file, { skipped }] of own) if (skipped) keepSkipped(file, skipped)
  // A file that could not even be opened has no bytes, and so belongs to no shard: the first one tells of it.
  const unopened = shard.index === 0 ? files.filter((one) => one.skipped && one.size === 0 && canBeCut(one)) : []
  const skipped = leftOut([...own.values(), ...unopened])
  await writeMarker(folder, { shard: shard.index, of: shard.of, file, bytes, ...tally, ...skipped, ...wanted })
  return { ...tally, path, meta: wanted.meta, spilledBytes, wasDone: false, ...skipped }
}

function leftOut(files: readonly CorpusFile[]): { skipped?: LeftOut } {
  const { records, parts } = sumSkipped(files.flatMap(({ skipped }) => skipped ?? []))
  return records + parts > 0 ? { skipped: { records, parts } } : {}
}
