/** From the lines of a text to its documents, which is what a model may look back over. */
import { isHeldOut } from '../../counts/held-out'
import { KoVocabError } from '../../errors'
import { decodeUtf8, encodeUtf8 } from '../../text/utf8'

/**
 * Where a document ends:
 *
 * - `blank-line`: at a line without visible text, as in BERT's pretraining files; its lines are joined by `\n`
 * - `line`: every line is a document of its own
 */
export type DocumentEnd = 'blank-line' | 'line'

export interface DocumentOptions {
  /** Default `blank-line`. */
  ends?: DocumentEnd
  /**
   * Documents that are set apart to measure on, one in `every` on average: only these (`held`), or only the others. A
   * document's own first 4,096 bytes decide (see counts/held-out.ts), so that the same text is on the same side in
   * every file. Default: all documents, undivided.
   */
  heldOut?: { every: number; side: 'held' | 'others' }
  /**
   * A document of more bytes goes on as another one from its next line: it would have to be in memory as a whole to be
   * encoded, and no context reaches so far. Default 4 MiB. A single line is never cut.
   */
  maxBytes?: number
}

export const DEFAULT_DOCUMENT_BYTES = 4 << 20

/**
 * The documents of one file as UTF-8, in order. Those without visible text are left out; blank lines and line ends
 * around a document are not part of it. Memory: a document of at most `maxBytes`, or one line.
 *
 * @param lines of one file, without their ends; the end of the lines ends a document too
 * @throws KoVocabError `bad-option` for numbers out of range
 */
export async function* documentsOf(
  lines: AsyncIterable<string> | Iterable<string>,
  options: DocumentOptions = {},
): AsyncGenerator<Uint8Array> {
  const { ends = 'blank-line', heldOut, maxBytes = DEFAULT_DOCUMENT_BYTES } = options
  requireAtLeast(2, 'heldOut.every', heldOut?.every ?? 2)
  requireAtLeast(1, 'maxBytes', maxBytes)
  let parts: Uint8Array[] = []
  let bytes = 0
  /** Whether the document passes; null until its first part decides. */
  let passes: boolean | null = null

  const takePart = (): Uint8Array[] => {
    if (parts.length === 0) return []
    const part = joinLines(parts, bytes)
    parts = []
    bytes = 0
    passes ??= !heldOut || isHeldOut(part, 0, part.length, heldOut.every) === (heldOut.side === 'held')
    return passes ? [part] : []
  }
  for await (const line of lines) {
    const blank = line.trim() === ''
    if (!blank) {
      const encoded = encodeUtf8(line)
      if (bytes + encoded.length > maxBytes) yield* takePart()
      parts.push(encoded)
      bytes += encoded.length + 1
    }
    if (blank || ends === 'line') {
      yield* takePart()
      passes = null
    }
  }
  yield* takePart()
}

/**
 * A text that is one document by itself, by the same rules: nothing without visible text, no blank lines around it, its
 * own first bytes decide on which side it is, and above `maxBytes` it goes on as another one from its next line.
 */
export function* documentOf(
  text: Uint8Array,
  { heldOut, maxBytes = DEFAULT_DOCUMENT_BYTES }: Omit<DocumentOptions, 'ends'> = {},
): Generator<Uint8Array> {
  requireAtLeast(2, 'heldOut.every', heldOut?.every ?? 2)
  requireAtLeast(1, 'maxBytes', maxBytes)
  const whole = withoutBlankEnds(text)
  if (whole.length === 0) return
  let passes: boolean | null = null
  for (let start = 0; start < whole.length; ) {
    let end = whole.length
    if (end - start > maxBytes) {
      const before = whole.lastIndexOf(0x0a, start + maxBytes)
      const cut = before > start ? before : whole.indexOf(0x0a, start + maxBytes)
      if (cut >= 0) end = cut
    }
    passes ??= !heldOut || isHeldOut(whole, start, end, heldOut.every) === (heldOut.side === 'held')
    if (!passes) return
    yield whole.subarray(start, end)
    start = end + 1
  }
}

/** Without the lines at both ends that hold nothing visible, and without their line ends. */
function withoutBlankEnds(text: Uint8Array): Uint8Array {
  let start = 0
  let end = text.length
  const isBlank = (from: number, to: number) => decodeUtf8(text.subarray(from, to)).trim() === ''
  for (let at = text.indexOf(0x0a, start); at >= 0 && isBlank(start, at); at = text.indexOf(0x0a, start)) start = at + 1
  for (;;) {
    const at = end > start ? text.lastIndexOf(0x0a, end - 1) : -1
    if (at < start) break
    if (!isBlank(at + 1, end)) break
    end = at
  }
  if (isBlank(start, end)) return text.subarray(0, 0)
  return text[end - 1] === 0x0d ? text.subarray(start, end - 1) : text.subarray(start, end)
}

/** @param bytes those of the lines, and one more for each */
function joinLines(lines: readonly Uint8Array[], bytes: number): Uint8Array {
  if (lines.length === 1) return lines[0]
  const whole = new Uint8Array(bytes - 1)
  let at = 0
  for (const line of lines) {
    if (at > 0) whole[at++] = 0x0a
    whole.set(line, at)
    at += line.length
  }
  return whole
}

function requireAtLeast(least: number, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new KoVocabError('bad-option', `${name} must be a whole number from ${least}, not ${value}`)
}
