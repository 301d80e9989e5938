/**
 * Distinct words with how often each was seen, as one flat table: no string and no object a word, so that ten million
 * words take little more than their bytes.
 *
 * Order: by count descending, then by UTF-8 bytes ascending. No word stands twice.
 */
export interface WordCounts {
  /** The words' UTF-8 bytes, one after another. */
  bytes: Uint8Array
  /** Word i is `bytes[offsets[i] .. offsets[i + 1])`. Length: number of words + 1. */
  offsets: Uint32Array
  /** By word; whole numbers from 1 to 2^53. */
  counts: Float64Array
  /** What one occurrence adds to a count, on average: 1 unless counts are weighted (see balance.ts). */
  unit?: number
  /** What the words were counted with (`ko_vocab.pre_tokenizer`, `ko_vocab.normalize` …), as in counts.parquet. */
  meta: Record<string, string>
}
