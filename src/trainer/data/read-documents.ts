/** The documents of corpus files. Node only, as all reading of files. */
import type { CorpusFile } from '../../corpus/files'
import { type ReadLinesOptions, readLines } from '../../corpus/lines'
import { readRecords } from '../../corpus/records'
import { type DocumentOptions, documentOf, documentsOf } from './documents'

export type ReadDocumentsOptions = DocumentOptions &
  Pick<ReadLinesOptions, 'signal' | 'onBytes' | 'stdin' | 'blockBytes'>

/**
 * The documents of files in their order, decompressed on the way, as UTF-8 whose invalid bytes have become U+FFFD. The
 * end of a file ends a document, and a record is one document, whatever blank lines it holds. Memory: a block and a document.
 *
 * @throws KoVocabError as {@link readLines} and {@link documentsOf}
 */
export async function* readDocuments(
  files: readonly CorpusFile[],
  options: ReadDocumentsOptions = {},
): AsyncGenerator<Uint8Array> {
  const { ends, heldOut, maxBytes, ...reading } = options
  for (const file of files) {
    if (!file.records) yield* documentsOf(readLines(file, reading), { ends, heldOut, maxBytes })
    else for await (const { text } of readRecords([file], reading)) yield* documentOf(text, { heldOut, maxBytes })
  }
}
