/** The documents of corpus files, with their sources. */
import { decodeUtf8 } from '../../text/utf8'
import type { CorpusDomain } from '../domains'
import { type ReadRecordsOptions, readRecordBatches } from '../records'
import type { PrepareDocument, SourceFacts } from './types'

export interface ReadPrepareOptions extends Omit<ReadRecordsOptions, 'fields'> {
  sources?: Record<string, SourceFacts>
}

/**
 * In the order of the sources and their files; those without visible text are left out. Of records the fields `source`,
 * `license` and `id` go before what is known of the file, so that what was prepared once can be prepared again. Without
 * an id of its own a document gets its source's name and its number in it, from 0, which does not depend on where the
 * files lie.
 *
 * @throws KoVocabError as readRecords
 */
export async function* readPrepareDocuments(
  domains: readonly CorpusDomain[],
  options?: ReadPrepareOptions,
): AsyncGenerator<PrepareDocument> {
  for await (const batch of readPrepareBatches(domains, options)) yield* batch
}

/** {@link readPrepareDocuments}, some at once. */
export async function* readPrepareBatches(
  domains: readonly CorpusDomain[],
  { sources = {}, ...reading }: ReadPrepareOptions = {},
): AsyncGenerator<PrepareDocument[]> {
  for (const { name, files } of domains) {
    let number = 0
    for (const file of files) {
      for await (const batch of readRecordBatches(file, { ...reading, fields: ['source', 'license', 'id'] })) {
        const documents: PrepareDocument[] = []
        for (const record of batch) {
          const text = decodeUtf8(record.text)
          if (text.trim() === '') continue
          const source = record.fields?.source ?? name
          const license = record.fields?.license ?? sources[source]?.license ?? sources[name]?.license ?? null
          documents.push({ text, source, license, id: record.fields?.id ?? `${name}/${number}` })
          number++
        }
        yield documents
      }
    }
  }
}
