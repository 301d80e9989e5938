/** The documents of corpus files, with their sources. Node only. */
import type { CorpusDomain } from '../domains'
import { type ReadLinesOptions, readLines } from '../lines'
import { type DocumentEnd, textsOf } from './texts'
import type { PrepareDocument, SourceFacts } from './types'

export interface ReadPrepareOptions extends Pick<ReadLinesOptions, 'signal' | 'onBytes' | 'stdin'> {
  /** Where a document of running text ends; a record is always one. */
  ends: DocumentEnd
  sources: Record<string, SourceFacts>
}

/**
 * In the order of the sources and their files. A document's id is its source and its number in it, from 0, so that it
 * does not depend on where the files lie.
 *
 * @throws KoVocabError as {@link readLines}
 */
export async function* readPrepareDocuments(
  domains: readonly CorpusDomain[],
  { ends, sources, ...reading }: ReadPrepareOptions,
): AsyncGenerator<PrepareDocument> {
  for (const { name, files } of domains) {
    const license = sources[name]?.license ?? null
    let number = 0
    for (const file of files) {
      for await (const text of textsOf(readLines(file, reading), ends)) {
        yield { text, source: name, license, id: `${name}/${number++}` }
      }
    }
  }
}
