/**
 * Corpus files as lines of text. Node only.
 */
import { KoVocabError } from '../errors'
import { markLength } from '../text/utf8'
import { type ReadBlocksOptions, readBlocks } from './blocks'
import type { CorpusFile } from './files'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

export const DEFAULT_MAX_LINE_BYTES = 256 << 20

export interface ReadLinesOptions extends Omit<ReadBlocksOptions, 'start' | 'end'> {
  /** Where a line counts as too long. Default 256 MiB: JavaScript's longest string is not much longer. */
  maxLineBytes?: number
}

/**
 * The lines of one or several files, decoded from UTF-8, in order. Invalid bytes become U+FFFD as the WHATWG Encoding
 * standard says; a byte order mark at the start of a file is left out; `\r\n` ends a line like `\n`, a lone `\r` does
 * not. A last line without `\n` counts; a `\n` at the end of the file begins no further line.
 *
 * Memory: one block and the longest line.
 *
 * @throws KoVocabError as {@link readBlocks}; `unsupported` for a line above `maxLineBytes`, before all of it
 * is read
 */
export async function* readLines(
  files: CorpusFile | readonly CorpusFile[],
  options: ReadLinesOptions = {},
): AsyncGenerator<string> {
  for (const file of Array.isArray(files) ? (files as readonly CorpusFile[]) : [files as CorpusFile]) {
    yield* linesOf(file, options)
  }
}

async function* linesOf(file: CorpusFile, options: ReadLinesOptions): AsyncGenerator<string> {
  const { maxLineBytes = DEFAULT_MAX_LINE_BYTES } = options
  let rest: Uint8Array[] = []
  let restBytes = 0
  let offset = 0
  let atStart = true
  for await (const block of readBlocks(file, options)) {
    const first = block.indexOf(NEWLINE)
    if (restBytes + (first < 0 ? block.length : first) > maxLineBytes) {
      const place = `${file.path}: the line that begins at byte ${offset - restBytes}`
      const hint = 'break the text into lines, e.g. one a sentence or paragraph'
      throw new KoVocabError('unsupported', `${place} is longer than ${maxLineBytes} bytes`, hint)
    }
    offset += block.length
    const last = first < 0 ? -1 : block.lastIndexOf(NEWLINE)
    rest.push(last < 0 ? block : block.subarray(0, last))
    restBytes += block.length
    if (last < 0) continue
    yield* decodeLines(join(rest), atStart, false)
    atStart = false
    // A copy, so that the few bytes after the last newline do not keep the block alive.
    rest = last + 1 < block.length ? [block.slice(last + 1)] : []
    restBytes = block.length - last - 1
  }
  if (rest.length > 0) yield* decodeLines(join(rest), atStart, true)
}

/**
 * Decoding many lines at once and splitting the string is several times faster than line by line, and gives the same:
 * `\n` is never part of a longer UTF-8 sequence, and ends a broken one.
 */
function* decodeLines(bytes: Uint8Array, atStart: boolean, isLast: boolean): Generator<string> {
  const from = atStart ? markLength(bytes) : 0
  if (isLast && from === bytes.length) return
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from))
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    // Every line here ended with `\n`, the file's last one perhaps apart.
    const hasCr = !isLast && end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN
    yield text.slice(start, hasCr ? end - 1 : end)
    start = end + 1
  }
}

function join(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0] : new Uint8Array(Buffer.concat(parts))
}
