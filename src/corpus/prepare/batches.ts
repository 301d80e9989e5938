/** Documents in batches: what goes from one thread to another at once. */
import type { PrepareDocument } from './types'

/** UTF-16 units of text after which a batch ends; of more documents than that, however short, after {@link DOCUMENTS}. */
const CHARACTERS = 1 << 18
const DOCUMENTS = 1024

/** Documents, one by one or some at once, since a promise for each costs more than some steps. */
export type DocumentSource =
  | AsyncIterable<PrepareDocument | readonly PrepareDocument[]>
  | Iterable<PrepareDocument | readonly PrepareDocument[]>

export async function* batchesOf(source: DocumentSource): AsyncGenerator<PrepareDocument[]> {
  let batch: PrepareDocument[] = []
  let characters = 0
  for await (const some of source) {
    for (const document of 'text' in some ? [some] : some) {
      batch.push(document)
      characters += document.text.length
      if (characters < CHARACTERS && batch.length < DOCUMENTS) continue
      yield batch
      batch = []
      characters = 0
    }
  }
  if (batch.length > 0) yield batch
}
