/** counts.parquet on disk. Node only. */
import { asyncBufferFromFile } from 'hyparquet'
import { asIoError, writeFileAtomic } from '../corpus/atomic'
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

/** @throws KoVocabError `io`, and as {@link decodeCounts} */
export async function readCounts(path: string): Promise<WordCounts> {
  try {
    return await decodeCounts(await asyncBufferFromFile(path), path)
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
}
