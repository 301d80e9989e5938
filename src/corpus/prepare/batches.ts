/** Documents in batches: what goes from one thread to another at once. */
import type { PrepareDocument } from './types'

/** UTF-16 units of text after which a batch ends; of more documents than that, however short, after {@link DOCUMENTS}. */
const CHARACTERS = 1 << 18
const DOCUMENTS = 1024

export async function* batchesOf(
  documents: AsyncIterable<PrepareDocument> | Iterable<PrepareDocument>,
): AsyncGenerator<PrepareDocument[]> {
  let batch: PrepareDocument[] = []
  let characters = 0
  for await (const document of documents) {
    batch.push(document)
    characters += document.text.length
    if (characters < CHARACTERS && batch.length < DOCUMENTS) continue
    yield batch
    batch = []
    characters = 0
  }
  if (batch.length > 0) yield batch
}
