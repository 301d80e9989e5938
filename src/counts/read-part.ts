/** Reading one part of a corpus into a feed. Node only. */
import { forEachBlockSync, readBlocks } from '../corpus/blocks'
import type { CorpusFile } from '../corpus/files'
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

/** Compressed files and streams are one part each; large parts first, so that none is left over at the end. */
export function partsOf(files: readonly CorpusFile[]): CorpusPart[] {
  const parts: CorpusPart[] = []
  for (const file of files) {
    if (file.stream || file.compression !== 'none') {
      parts.push({ file, start: 0, end: file.size })
      continue
    }
    for (let start = 0; start < file.size; start += PART_BYTES) {
      parts.push({ file, start, end: Math.min(start + PART_BYTES, file.size) })
    }
  }
  return parts.sort((a, b) => weight(b) - weight(a))
}

/** Compressed text is about four times its size, and inflating takes as long as counting. */
function weight({ file, start, end }: CorpusPart): number {
  return (end - start) * (file.compression === 'none' ? 1 : 8)
}

/** Feeds a part; `onBytes` gets the bytes read from the file, compressed ones where compressed. */
export async function readPart(
  part: CorpusPart,
  feed: Feed,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { file, start, end } = part
  if (file.stream || file.compression !== 'none') {
    for await (const block of readBlocks(file, { signal, onBytes })) feed.push(block)
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
