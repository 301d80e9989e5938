/** Sorted runs of words in temporary files. Node only. */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asIoError } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import type { WordSource } from './merge-rows'
import type { WordRows } from './rows'
import { WORD_BYTES_MAX } from './word-table'

/** A file of runs, one behind the other; plain data, since file descriptors belong to all threads of a process. */
export interface SpillFile {
  path: string
  fd: number
  /** Bytes written. */
  end: number
}

/** Some words in a file: [start .. end) of it. A word is its length, its bytes, its count; numbers are LEB128. */
export interface SpilledRun {
  path: string
  fd: number
  start: number
  end: number
}

/**
 * Makes a temporary file and takes its name away again, so that the space is free as soon as the process is gone,
 * however it went: a job that is killed leaves nothing on the disk of its node. Windows keeps names of open files; there
 * it goes with {@link closeSpillFile}.
 *
 * @param folder made when missing; default the system's
 * @throws KoVocabError `io`
 */
export function openSpillFile(folder: string = tmpdir()): SpillFile {
  const path = join(folder, `ko-vocab-${process.pid}-${randomBytes(6).toString('hex')}.spill`)
  try {
    mkdirSync(folder, { recursive: true })
    const fd = openSync(path, 'wx+')
    try {
      rmSync(path, { force: true })
    } catch {
      // Windows.
    }
    return { path, fd, end: 0 }
  } catch (error) {
    throw spillError(error, path)
  }
}

export function closeSpillFile({ path, fd }: SpillFile): void {
  closeSync(fd)
  rmSync(path, { force: true })
}

const WRITE_BYTES = 1 << 18

/** The most that a word takes in a run: two bytes of length, the word, eight of count. */
const RECORD_MAX = 2 + WORD_BYTES_MAX + 8

/** Appends a run. @throws KoVocabError `io`: the disk is full … */
export async function writeRun(
  file: SpillFile,
  batches: Iterable<WordRows> | AsyncIterable<WordRows>,
): Promise<SpilledRun> {
  const writer = createRunWriter(file)
  for await (const batch of batches) writer.write(batch)
  return writer.end()
}

/** {@link writeRun} on the calling thread. */
export function writeRunSync(file: SpillFile, batches: Iterable<WordRows>): SpilledRun {
  const writer = createRunWriter(file)
  for (const batch of batches) writer.write(batch)
  return writer.end()
}

function createRunWriter(file: SpillFile) {
  const start = file.end
  const buffer = new Uint8Array(WRITE_BYTES + RECORD_MAX)
  let used = 0
  const flush = () => {
    try {
      for (let done = 0; done < used; ) done += writeSync(file.fd, buffer, done, used - done, file.end + done)
    } catch (error) {
      throw spillError(error, file.path)
    }
    file.end += used
    used = 0
  }
  const writeNumber = (value: number) => {
    let rest = value
    while (rest > 0x7f) {
      buffer[used++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    buffer[used++] = rest
  }
  return {
    write({ bytes, offsets, counts }: WordRows) {
      for (let i = 0; i < counts.length; i++) {
        writeNumber(offsets[i + 1] - offsets[i])
        for (let at = offsets[i]; at < offsets[i + 1]; at++) buffer[used++] = bytes[at]
        writeNumber(counts[i])
        if (used >= WRITE_BYTES) flush()
      }
    },
    end(): SpilledRun {
      flush()
      return { path: file.path, fd: file.fd, start, end: file.end }
    },
  }
}

/** The words of a run, in its order. Memory: the buffer. */
export function readRun(run: SpilledRun, bufferBytes = 1 << 16): WordSource {
  const buffer = new Uint8Array(Math.max(Math.min(bufferBytes, run.end - run.start), RECORD_MAX))
  let at = 0
  let filled = 0
  let position = run.start
  const readNumber = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = buffer[at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  const source: WordSource = {
    bytes: buffer,
    start: 0,
    end: 0,
    count: 0,
    next() {
      if (filled - at < RECORD_MAX && (position < run.end || at === filled)) return false
      const length = readNumber()
      source.start = at
      at += length
      source.end = at
      source.count = readNumber()
      return true
    },
    async load() {
      if (position === run.end) return false
      buffer.copyWithin(0, at, filled)
      filled -= at
      at = 0
      const want = Math.min(buffer.length - filled, run.end - position)
      let got = 0
      try {
        while (got < want) {
          const read = readSync(run.fd, buffer, filled + got, want - got, position + got)
          if (read === 0) break
          got += read
        }
      } catch (error) {
        throw asIoError(error, run.path, 'read')
      }
      if (got < want) {
        throw new KoVocabError('io', `${run.path}: the temporary file ends at byte ${position + got}`, 'count again')
      }
      position += got
      filled += got
      return true
    },
  }
  return source
}

function spillError(error: unknown, path: string): unknown {
  const known = asIoError(error, path, 'written')
  if (!(known instanceof KoVocabError)) return known
  return new KoVocabError('io', known.message, 'name another folder for temporary files with --tmp', { cause: error })
}
