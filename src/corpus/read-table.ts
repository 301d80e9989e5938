/** CSV and TSV: the first row names the columns. Node only, as all reading of files. */
import { KoVocabError } from '../errors'
import { decodeUtf8 } from '../text/utf8'
import { readBytes } from './bytes'
import { createRowSplitter, type TableFormat, type TableRow } from './csv'
import { chooseField, type RecordReading } from './format'
import type { CorpusRecord, RecordReader } from './records'

const BLOCK_BYTES = 1 << 20

export function tableFormat({ format, quotes }: RecordReading): TableFormat {
  return { delimiter: format === 'tsv' ? '\t' : ',', quotes: quotes ?? 'double' }
}

/** Rows with another number of cells than the header are errors: which cell is the text nobody can tell. */
export async function* readTableRecords(reader: RecordReader): AsyncGenerator<CorpusRecord[]> {
  const { file, options, maxRecordBytes, skipper } = reader
  const { fields = [], blockBytes = BLOCK_BYTES, signal, onBytes, stdin } = options
  const splitter = createRowSplitter(tableFormat(file.records!), maxRecordBytes)
  let columns: string[] | null = null
  let column = -1
  let carried: (readonly [string, number])[] = []
  let row = 0
  let broken = false

  const take = (rows: TableRow[]): CorpusRecord[] => {
    const batch: CorpusRecord[] = []
    for (const { cells, offset, problem } of rows) {
      if (!columns) {
        if (problem) throw badRow(file.path, 'the header', offset, problem)
        columns = cells.map((cell) => decodeUtf8(cell))
        column = columns.indexOf(chooseField(file.path, file.records!.field, columns))
        carried = fields.map((name) => [name, columns!.indexOf(name)] as const).filter(([, place]) => place >= 0)
        continue
      }
      row++
      if (problem || cells.length !== columns.length) {
        const count = cells.length === 1 ? '1 cell' : `${cells.length} cells`
        const what = problem ?? `has ${count}, the header ${columns.length}`
        skipper.record(badRow(file.path, `row ${row}`, offset, what), offset)
        continue
      }
      const record: CorpusRecord = { text: cells[column], row, offset }
      if (carried.length > 0) {
        record.fields = Object.fromEntries(carried.map(([name, place]) => [name, decodeUtf8(cells[place])]))
      }
      batch.push(record)
    }
    return batch
  }
  const onBroken =
    file.onError === 'skip'
      ? (error: KoVocabError) => {
          broken = true
          skipper.part(error, null)
        }
      : undefined
  for await (const block of readBytes(file, { blockBytes, signal, onBytes, stdin, onBroken })) {
    yield take(splitter.push(block))
  }
  // The row that damage cuts is not reported once more.
  if (!broken) yield take(splitter.end())
}

function badRow(path: string, place: string, offset: number, what: string): KoVocabError {
  const quotes = /quote|longer/.test(what) ? ', --quotes none where quotes mean nothing,' : ''
  const hint = `mend the file${quotes} or leave such rows out with --on-error skip`
  return new KoVocabError('bad-file', `${path}: ${place} (byte ${offset}) ${what}`, hint)
}
