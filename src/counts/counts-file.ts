/** counts.parquet on disk. Node only. */
import { asyncBufferFromFile } from 'hyparquet'
import { asIoError, writeFileAtomic } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import { decodeCounts, encodeCounts } from './parquet'
import type { WordCounts } from './types'

/**
 * Writes counts.parquet under a temporary name and renames it.
 *
 * @throws KoVocabError `io`, and as {@link encodeCounts}
 */
export async function writeCounts(path: string, table: WordCounts): Promise<void> {
  await writeFileAtomic(path, encodeCounts(table))
}

/** @throws KoVocabError `io`, and as {@link decodeCounts}; `mismatch` for one shard of several */
export async function readCounts(path: string): Promise<WordCounts> {
  try {
    const counts = await decodeCounts(await asyncBufferFromFile(path), path)
    const [index, of] = (counts.meta['ko_vocab.shard'] ?? '0/1').split('/')
    if (of !== '1') {
      const what = `${path}: is shard ${index} of ${of} of the counts of a corpus`
      throw new KoVocabError('mismatch', what, 'merge the shards first: ko-vocab merge-counts')
    }
    return counts
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
}
