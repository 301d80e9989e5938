/** Running text as documents. Node only, as all reading of files. */
import { KoVocabError } from '../errors'
import { markLength } from '../text/utf8'
import { readBytes } from './bytes'
import { joined, lineBatches } from './line-bytes'
import type { CorpusRecord, RecordReader } from './records'

/** As documentsOf in the trainer tells documents apart, but for its bound: one is never cut here. */
export async function* readTextRecords(reader: RecordReader): AsyncGenerator<CorpusRecord[]> {
  const { file, options, maxRecordBytes, skipper } = reader
  const { ends = 'blank-line', fields: _, onSkipped: __, maxRecordBytes: ___, ...reading } = options
  let broken = false
  const onBroken =
    file.onError === 'skip'
      ? (error: KoVocabError) => {
          broken = true
          skipper.part(error, null)
        }
      : undefined
  let row = 0
  let lines: Uint8Array[] = []
  let bytes = 0
  let begins = { row: 1, offset: 0 }
  const take = (): CorpusRecord[] => {
    if (lines.length === 0) return []
    const text = joined(lines.flatMap((line, i) => (i === 0 ? [line] : [NEWLINE, line])))
    lines = []
    bytes = 0
    return [{ text, ...begins }]
  }
  for await (const batch of lineBatches(readBytes(file, { ...reading, onBroken }), maxRecordBytes)) {
    const records: CorpusRecord[] = []
    for (const line of batch) {
      row++
      if (broken && !line.ended) break
      if (line.bytes === null || bytes + line.bytes.length > maxRecordBytes) {
        const what = `${file.path}: the document at line ${begins.row} is longer than ${maxRecordBytes} bytes`
        const hint = 'end documents with blank lines, or take each line as one'
        skipper.record(new KoVocabError('unsupported', what, hint), begins.offset)
        lines = []
        bytes = 0
        continue
      }
      const text = line.offset === 0 ? line.bytes.subarray(markLength(line.bytes)) : line.bytes
      const blank = isBlank(text)
      if (!blank) {
        if (lines.length === 0) begins = { row, offset: line.offset }
        lines.push(text)
        bytes += text.length + 1
      }
      if (blank || ends === 'line') records.push(...take())
    }
    yield records
  }
  yield take()
}

const NEWLINE = Uint8Array.of(0x0a)

/** Most lines begin with something visible: to decode all of them would be waste. */
function isBlank(bytes: Uint8Array): boolean {
  const decode = (some: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(some)
  return decode(bytes.subarray(0, 64)).trim() === '' && decode(bytes).trim() === ''
}
