/**
 * Corpus files as lines of text. Node only.
 */
import { KoVocabError } from '../errors'
import { type ReadBlocksOptions, readBlocks } from './blocks'
import type { CorpusFile } from './files'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BOM = [0xef, 0xbb, 0xbf]

/**
 * The lines of one or several files, decoded from UTF-8, in order. Invalid bytes become U+FFFD as the WHATWG Encoding
 * standard says; a byte order mark at the start of a file is left out; `\r\n` ends a line like `\n`, a lone `\r` does
 * not. A last line without `\n` counts; a `\n` at the end of the file begins no further line.
 *
 * Memory: one block and the longest line.
 *
 * @throws KoVocabError as {@link readBlocks}; `unsupported` for a line above JavaScript's longest string (about 512 MB)
 */
export async function* readLines(
  files: CorpusFile | readonly CorpusFile[],
  options: Omit<ReadBlocksOptions, 'start' | 'end'> = {},
): AsyncGenerator<string> {
  for (const file of Array.isArray(files) ? (files as readonly CorpusFile[]) : [files as CorpusFile]) {
    yield* linesOf(file, options)
  }
}

async function* linesOf(file: CorpusFile, options: ReadBlocksOptions): AsyncGenerator<string> {
  let rest: Uint8Array[] = []
  let offset = 0
  let atStart = true
  for await (const block of readBlocks(file, options)) {
    const last = block.lastIndexOf(NEWLINE)
    rest.push(last < 0 ? block : block.subarray(0, last))
    offset += block.length
    if (last < 0) continue
    yield* decodeLines(file.path, join(rest), atStart, offset)
    atStart = false
    // A copy, so that the few bytes after the last newline do not keep the block alive.
    rest = last + 1 < block.length ? [block.slice(last + 1)] : []
  }
  if (rest.length > 0) yield* decodeLines(file.path, join(rest), atStart, offset, true)
}

/**
 * Decoding many lines at once and splitting the string is several times faster than line by line, and gives the same:
 * `\n` is never part of a longer UTF-8 sequence, and ends a broken one.
 */
function* decodeLines(
  path: string,
  bytes: Uint8Array,
  atStart: boolean,
  offset: number,
  isLast = false,
): Generator<string> {
  const from = atStart && BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0
  if (isLast && from === bytes.length) return
  let text: string
  try {
    text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from))
  } catch (cause) {
    const place = `${path}: the line that ends near byte ${offset}`
    const hint = 'break the text into lines, e.g. one a sentence or paragraph'
    throw new KoVocabError('unsupported', `${place} is ${bytes.length} bytes long, too long for one string`, hint, {
      cause,
    })
  }
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
