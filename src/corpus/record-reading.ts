/** Looks into a corpus file for its format, and for the field with the text. Node only. */
import { KoVocabError } from '../errors'
import { decodeUtf8 } from '../text/utf8'
import { readBytes } from './bytes'
import { createRowSplitter } from './csv'
import { fieldPath, isObject } from './field'
import { refuseForeignKinds, SNIFF_BYTES } from './file-kind'
import type { CorpusFile } from './files'
import { chooseField, formatOfName, type ReadingOptions, type RecordReading } from './format'
import { joined } from './line-bytes'
import { openParquet } from './parquet-file'
import { parquetColumn } from './read-parquet'
import { tableFormat } from './read-table'

/** How far is looked for the field; what begins later is chosen when it is read. */
const LOOK_INTO_BYTES = 1 << 20

/**
 * How the records of a file are read; null for running text.
 *
 * @param head its first bytes on disk; empty for a stream
 * @throws KoVocabError `bad-option` where a field has to be named; `unsupported` for JSON that is no JSON Lines, and for
 * Parquet that cannot be read from its end; `bad-file` for what is damaged
 */
export async function recordReading(
  file: CorpusFile,
  head: Uint8Array,
  options: ReadingOptions,
): Promise<RecordReading | null> {
  const { field } = options
  const named = options.format ?? formatOfName(file.path)
  const format = isParquet(head) ? 'parquet' : named === 'json' ? await jsonFormat(file) : named
  if (format === null || format === 'text') return null
  if (format === 'parquet') {
    requireParquet(file, head)
    const { columns, close } = await openParquet(file.path)
    await close()
    parquetColumn(file.path, columns, field)
    return { format, field: field ?? chooseField(file.path, field, columns) }
  }
  const reading: RecordReading = {
    format,
    ...(field === undefined ? {} : { field }),
    ...(options.quotes === 'none' && format !== 'jsonl' ? { quotes: 'none' } : {}),
  }
  if (file.stream) return reading
  const start = await beginning(file)
  // The bytes on disk told nothing where they are compressed.
  if (file.compression !== 'none') refuseForeignKinds(file.path, start.subarray(0, SNIFF_BYTES))
  const chosen = format === 'jsonl' ? jsonField(file.path, start, field) : tableField(file.path, start, reading)
  return chosen === undefined ? reading : { ...reading, field: chosen }
}

function requireParquet(file: CorpusFile, head: Uint8Array): void {
  if (isParquet(head)) return
  if (file.stream || file.compression !== 'none') {
    const what = file.stream ? 'a stream' : `compressed as a whole (${file.compression})`
    const hint = file.stream ? 'write it to a file' : 'decompress it: Parquet is compressed within'
    throw new KoVocabError('unsupported', `${file.path}: is ${what}, and Parquet is read from its end`, hint)
  }
  const hint = 'copy or download it again; a file of some hundred bytes may be a pointer of Git LFS'
  throw new KoVocabError('bad-file', `${file.path}: is no Parquet file: it does not begin with PAR1`, hint)
}

/** `.json` of the Hub is as often lines of objects as one document. */
async function jsonFormat(file: CorpusFile): Promise<'jsonl'> {
  const text = decodeUtf8(await beginning(file)).trimStart()
  const line = /^[^\n]*/.exec(text)![0]
  try {
    if (isObject(JSON.parse(line))) return 'jsonl'
  } catch {
    // A document over several lines, or an array.
  }
  const isList = text.startsWith('[')
  const what = isList ? 'a list' : 'one document'
  const jq = isList ? `jq -c '.[]' ${file.path}` : `jq -c '{text: …}' ${file.path}`
  const hint = `write an object a line: ${jq} > corpus.jsonl`
  throw new KoVocabError('unsupported', `${file.path}: is JSON, but ${what} and no JSON Lines`, hint)
}

/** undefined when the first record is longer than what is looked at. */
function jsonField(path: string, start: Uint8Array, asked: string | undefined): string | undefined {
  const cut = start.length >= LOOK_INTO_BYTES
  const lines = decodeUtf8(cut ? start.subarray(0, start.lastIndexOf(0x0a) + 1) : start).replace(/^\ufeff/, '')
  const records: Record<string, unknown>[] = []
  for (const line of lines.split('\n', 1000)) {
    try {
      const value: unknown = JSON.parse(line)
      if (isObject(value)) records.push(value)
    } catch {
      // The reader tells, or leaves it out.
    }
  }
  if (records.length === 0) return undefined
  const seen = [...new Set(records.flatMap((record) => Object.keys(record)))]
  return chooseField(path, asked, seen, (name) => records.some((record) => fieldPath(name)(record) !== undefined))
}

function tableField(path: string, start: Uint8Array, reading: RecordReading): string | undefined {
  const splitter = createRowSplitter(tableFormat(reading), LOOK_INTO_BYTES)
  const [header] = [...splitter.push(start), ...splitter.end()]
  if (!header || header.problem) return undefined
  return chooseField(
    path,
    reading.field,
    header.cells.map((cell) => decodeUtf8(cell)),
  )
}

async function beginning(file: CorpusFile): Promise<Uint8Array> {
  const blocks: Uint8Array[] = []
  let bytes = 0
  // What is damaged behind the beginning is the reader's to tell.
  const onBroken = () => {}
  for await (const block of readBytes(file, { blockBytes: SNIFF_BYTES, onBroken })) {
    blocks.push(block)
    bytes += block.length
    if (bytes >= LOOK_INTO_BYTES) break
  }
  return blocks.length === 0 ? new Uint8Array(0) : joined(blocks)
}

export function isParquet(head: Uint8Array): boolean {
  return decodeUtf8(head.subarray(0, 4)) === 'PAR1'
}
