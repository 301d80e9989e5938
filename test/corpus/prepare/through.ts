import { prepareDocuments } from '../../../src/corpus/prepare/prepare'
import type { PrepareDocument, PrepareReport } from '../../../src/corpus/prepare/types'

/** Texts through steps, and the report. A text may be a document. */
export async function through(texts: readonly (string | PrepareDocument)[], ...steps: unknown[]) {
  let report: PrepareReport | null = null
  const documents = texts.map((text, i) =>
    typeof text === 'string' ? { text, source: 's', license: null, id: `s/${i}` } : text,
  )
  const kept: PrepareDocument[] = []
  const onReport = (made: PrepareReport) => {
    report = made
  }
  for await (const document of prepareDocuments(documents, steps, { onReport })) kept.push(document)
  return { kept, texts: kept.map(({ text }) => text), report: report! as PrepareReport }
}
