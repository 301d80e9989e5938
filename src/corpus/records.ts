/**
 * Documents of corpus files of any format, one after the other, with the place where each stands. Node only.
 */
import { isUtf8 } from 'node:buffer'
import { throwIfAborted } from '../errors'
import { decodeUtf8, encodeUtf8 } from '../text/utf8'
import type { ReadBytesOptions } from './bytes'
import type { CorpusFile } from './files'
import { readJsonRecords } from './read-jsonl'
import { readParquetRecords } from './read-parquet'
import { readTableRecords } from './read-table'
import { readTextRecords } from './read-text'
import { createSkipper, keepSkipped, type Skipped, type Skipper } from './skipped'

/** A document, and where it stands. */
export interface CorpusRecord {
  /** UTF-8; bytes that are none have become U+FFFD. Empty where the field is empty, null or not there. */
  text: Uint8Array
  /** From 1: the line in text and JSON Lines, the row below the header in a table, the row in Parquet. Null in a part. */
  row: number | null
  /** The byte with which it begins, decompressed; null in Parquet. */
  offset: number | null
  /** Other fields that were asked for and are there; what is no text is JSON. */
  fields?: Record<string, string>
}

export interface ReadRecordsOptions extends Omit<ReadBytesOptions, 'onBroken'> {
  /** Other fields to carry along, as names or paths. */
  fields?: readonly string[]
  /** Where a document of running text ends: at a line without visible text, or at each line. Default `blank-line`. */
  ends?: 'blank-line' | 'line'
  /** Where a record counts as too long. Default 128 MiB. */
  maxRecordBytes?: number
  /** Gets what was left out of the file. Default: it is kept with the file (see keepSkipped). */
  onSkipped?: (skipped: Skipped) => void
}

/** What the reader of a format gets. */
export interface RecordReader {
  file: CorpusFile
  options: ReadRecordsOptions
  maxRecordBytes: number
  skipper: Skipper
}

export const DEFAULT_MAX_RECORD_BYTES = 128 << 20

/**
 * The documents of files in their order. Memory: a block and the longest document; for Parquet a page, or a row group
 * where the field is nested.
 *
 * @throws KoVocabError as readBytes; `bad-file` for a record that cannot be read, with file, row and byte, unless the
 * file's `onError` is `skip`; `unsupported` for a record above `maxRecordBytes`; `bad-option` for a field that is not
 * there; `aborted`
 */
export async function* readRecords(
  files: readonly CorpusFile[],
  options: ReadRecordsOptions = {},
): AsyncGenerator<CorpusRecord & { file: CorpusFile }> {
  for (const file of files) {
    for await (const batch of readRecordBatches(file, options)) {
      for (const record of batch) yield { ...record, file }
    }
  }
}

/**
 * {@link readRecords} of one file, in batches of any size, since a promise a record costs more than to read it. With
 * `start` and `end`, of JSON Lines those lines that begin in [start, end), of Parquet those row groups.
 */
export async function* readRecordBatches(
  file: CorpusFile,
  options: ReadRecordsOptions = {},
): AsyncGenerator<CorpusRecord[]> {
  const { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES, signal, onSkipped } = options
  const skipper = createSkipper(file.onError ?? 'fail')
  const reader: RecordReader = { file, options, maxRecordBytes, skipper }
  try {
    for await (const batch of readerOf(reader)) {
      throwIfAborted(signal)
      // What came out of JSON is UTF-8.
      if (file.records?.format !== 'jsonl') {
        for (const record of batch) if (!isUtf8(record.text)) record.text = encodeUtf8(decodeUtf8(record.text))
      }
      if (batch.length > 0) yield batch
    }
  } finally {
    if (onSkipped) onSkipped(skipper.skipped)
    else keepSkipped(file, skipper.skipped)
  }
}

function readerOf(reader: RecordReader): AsyncGenerator<CorpusRecord[]> {
  switch (reader.file.records?.format) {
    case 'jsonl':
      return readJsonRecords(reader)
    case 'csv':
    case 'tsv':
      return readTableRecords(reader)
    case 'parquet':
      return readParquetRecords(reader)
    default:
      return readTextRecords(reader)
  }
}
