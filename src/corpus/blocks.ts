/**
 * Corpus files as running text in blocks of bytes, whatever format they are in. Node only.
 */
import { type ReadBytesOptions, readBytes } from './bytes'
import type { CorpusFile } from './files'
import { type ReadRecordsOptions, readRecordBatches } from './records'
import { createSkipper, keepSkipped, type Skipped } from './skipped'

export { forEachBlockSync } from './bytes'

export interface ReadBlocksOptions extends Omit<ReadBytesOptions, 'onBroken'> {
  /** Gets what was left out, where the file allows it. Default: it is kept with the file (see keepSkipped). */
  onSkipped?: (skipped: Skipped) => void
}

/**
 * The text of a corpus file, in order. Every block is the caller's own. Of records it is the text of each with a line
 * end behind it, so that what goes by lines never goes from one record into the next.
 *
 * @throws KoVocabError as {@link readBytes}, and for records as readRecords. Where the file's `onError` is `skip`, of
 * damaged compressed text the lines before the damage come, and nothing is thrown.
 */
export async function* readBlocks(file: CorpusFile, options: ReadBlocksOptions = {}): AsyncGenerator<Uint8Array> {
  if (file.records) yield* recordText(file, options)
  else if (file.onError === 'skip' && (file.stream || file.compression !== 'none')) yield* wholeLines(file, options)
  else yield* readBytes(file, options)
}

const TEXT_BLOCK_BYTES = 1 << 20

async function* recordText(file: CorpusFile, options: ReadRecordsOptions): AsyncGenerator<Uint8Array> {
  const most = Math.min(options.blockBytes ?? TEXT_BLOCK_BYTES, TEXT_BLOCK_BYTES)
  let block = new Uint8Array(most)
  let used = 0
  for await (const batch of readRecordBatches(file, options)) {
    for (const { text } of batch) {
      if (text.length === 0) continue
      if (used + text.length + 1 > block.length) {
        if (used > 0) yield block.subarray(0, used)
        block = new Uint8Array(Math.max(most, text.length + 1))
        used = 0
      }
      block.set(text, used)
      used += text.length
      block[used++] = 0x0a
    }
  }
  if (used > 0) yield block.subarray(0, used)
}

/** A line is held back until its end is seen, but no longer one than this. */
const LINE_BYTES_HELD = 64 << 20

/** The line that damage cuts is left out: half a word would be counted as one. */
async function* wholeLines(file: CorpusFile, options: ReadBlocksOptions): AsyncGenerator<Uint8Array> {
  const { onSkipped = (skipped: Skipped) => keepSkipped(file, skipped), ...reading } = options
  const { skipped, part } = createSkipper('skip')
  let offset = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let broken = false
  const onBroken = (error: Parameters<typeof part>[0]) => {
    broken = true
    part(error, offset)
  }
  try {
    for await (const block of readBytes(file, { ...reading, onBroken })) {
      offset += block.length
      const end = block.lastIndexOf(0x0a) + 1
      if (end === 0) {
        waiting.push(block)
        waitingBytes += block.length
        if (waitingBytes < LINE_BYTES_HELD) continue
      }
      yield* waiting
      if (end > 0) yield block.subarray(0, end)
      waiting = end === 0 || end === block.length ? [] : [block.slice(end)]
      waitingBytes = waiting.length > 0 ? waiting[0].length : 0
    }
    if (!broken) yield* waiting
  } finally {
    onSkipped(skipped)
  }
}
