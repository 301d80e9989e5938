/** Reading one part of a corpus into a feed. Node only. */
import { forEachBlockSync, readBlocks } from '../corpus/blocks'
import type { CorpusFile } from '../corpus/files'
import type { Skipped } from '../corpus/skipped'
import { throwIfAborted } from '../errors'
import type { Feed } from './feed'

/** A file, or the lines of a plain file that begin in [start, end). */
export interface CorpusPart {
  file: CorpusFile
  start: number
  end: number
}

/** Plain files are cut into parts of this size: small enough that all threads end at about the same time. */
const PART_BYTES = 16 << 20

/**
 * Whether a file may be read in parts, any ranges of its bytes. Compressed files and streams are read as a whole, as are
 * tables, whose rows may hold line ends, and records whose first one must tell the field.
 */
export function canBeCut({ stream, compression, records }: CorpusFile): boolean {
  if (stream || compression !== 'none') return false
  return !records || ((records.format === 'jsonl' || records.format === 'parquet') && records.field !== undefined)
}

/** What cannot be cut is one part; large parts first, so that none is left over at the end. */
export function partsOf(files: readonly CorpusFile[]): CorpusPart[] {
  return cutParts(files.map((file) => ({ file, start: 0, end: file.size })))
}

/** The same of parts that may be large. */
export function cutParts(large: readonly CorpusPart[]): CorpusPart[] {
  const parts: CorpusPart[] = []
  for (const part of large) {
    if (!canBeCut(part.file)) {
      parts.push(part)
      continue
    }
    for (let { start } = part; start < part.end; start += PART_BYTES) {
      parts.push({ file: part.file, start, end: Math.min(start + PART_BYTES, part.end) })
    }
  }
  return parts.sort((a, b) => weight(b) - weight(a))
}

/** Compressed text is about four times its size, and inflating takes as long as counting. */
export function weight({ file, start, end }: CorpusPart): number {
  return (end - start) * (file.compression === 'none' ? 1 : 8)
}

/**
 * Feeds a part; `onBytes` gets the bytes read from the file, compressed ones where compressed, `onSkipped` what was left
 * out of it.
 */
export async function readPart(
  part: CorpusPart,
  feed: Feed,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
  onSkipped?: (skipped: Skipped) => void,
): Promise<void> {
  const { file, start, end } = part
  if (file.records) {
    // A part that begins inside the file must not lose a U+FEFF that the whole would keep.
    feed.resume()
    const range = canBeCut(file) ? { start, end: Math.min(end, file.size) } : {}
    for await (const block of readBlocks(file, { ...range, signal, onBytes, onSkipped })) feed.push(block)
  } else if (file.stream || file.compression !== 'none') {
    for await (const block of readBlocks(file, { signal, onBytes, onSkipped })) feed.push(block)
  } else if (start === 0 && end >= file.size) {
    forEachBlockSync(file, {}, (block) => {
      throwIfAborted(signal)
      feed.push(block)
      onBytes(block.length)
    })
  } else {
    readLinesOf(part, feed, onBytes)
  }
  feed.end()
}

/** The line that a part begins inside belongs to the part before, and the one that it ends inside is read to its end. */
function readLinesOf({ file, start, end }: CorpusPart, feed: Feed, onBytes: (bytes: number) => void): void {
  let skipping = start > 0
  if (skipping) feed.resume()
  forEachBlockSync(file, { start: skipping ? start - 1 : 0, blockBytes: 1 << 20 }, (block, offset) => {
    let from = 0
    if (skipping) {
      const newline = block.indexOf(0x0a)
      if (newline < 0) return offset + block.length < end
      skipping = false
      from = newline + 1
      if (offset + from >= end) return false
    }
    // The part's last line ends with the first newline at or behind end - 1.
    const searchFrom = Math.max(from, end - 1 - offset)
    const last = searchFrom < block.length ? block.indexOf(0x0a, searchFrom) : -1
    const to = last >= 0 ? last + 1 : block.length
    feed.push(from === 0 && to === block.length ? block : block.subarray(from, to))
    onBytes(to - from)
    return last < 0
  })
}
