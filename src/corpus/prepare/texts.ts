/** From lines to the texts of documents. */

/** `blank-line`: a document ends at a line without visible text; `line`: every line is one; `file`: the whole file. */
export const DOCUMENT_ENDS = ['blank-line', 'line', 'file'] as const
export type DocumentEnd = (typeof DOCUMENT_ENDS)[number]

/** Characters at which a document goes on as another one: text that nobody divided must not fill the memory. */
export const MAX_DOCUMENT_CHARACTERS = 8 << 20

/**
 * The texts of one file, those without visible text apart. Memory: a document of at most `most` characters, or one line.
 *
 * @param lines of one file, without their ends
 */
export async function* textsOf(
  lines: AsyncIterable<string> | Iterable<string>,
  ends: DocumentEnd,
  most: number = MAX_DOCUMENT_CHARACTERS,
): AsyncGenerator<string> {
  let parts: string[] = []
  let characters = 0
  const take = (): string[] => {
    while (parts.length > 0 && parts[parts.length - 1].trim() === '') parts.pop()
    const text = parts.join('\n')
    parts = []
    characters = 0
    return text === '' ? [] : [text]
  }
  for await (const line of lines) {
    const isBlank = line.trim() === ''
    if (isBlank && ends !== 'file') {
      yield* take()
      continue
    }
    if (characters > 0 && characters + line.length > most) yield* take()
    if (isBlank && parts.length === 0) continue
    parts.push(line)
    characters += line.length + 1
    if (ends === 'line') yield* take()
  }
  yield* take()
}
