/** A corpus file as data, apart from the code that finds and opens it: what only speaks of files runs in a browser too. */
import type { Compression } from './file-kind'
import type { RecordReading } from './format'
import type { Skipped } from './skipped'

export interface CorpusFile {
  /** As it will be opened; `-` is standard input. */
  path: string
  /** Bytes on disk (compressed bytes where compressed); 0 for a stream, where it is not known. */
  size: number
  /** By magic bytes; `none` for a stream, which is sniffed when it is read. */
  compression: Compression
  /** Standard input, a pipe or a device (a shell's `<(…)` is one): can be read once, from its start only. */
  stream?: true
  /** How its records are read; absent for running text. */
  records?: RecordReading
  /** What is damaged is left out and counted; absent: it is an error. */
  onError?: 'skip'
  /** What the fullest reading so far has left out. */
  skipped?: Skipped
}
