/** metrics.jsonl: every metric of a run, a line each, that other programs read while it grows. Node only. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { asIoError } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import { metricsLine, readMetricsLine } from './metrics-line'
import type { Sink, WatchedMetrics } from './sink'

export interface JsonlOptions {
  /**
   * The step that the run goes on after: lines of later steps are cut off, and a last line that was torn is repaired.
   * 0 leaves what came before the first step. Default null: a new run, whose file must be empty or not there.
   */
  after?: number | null
  /** Gets the lines that stay, in order: what a page shows of the time before. */
  onKept?: (metrics: WatchedMetrics) => void
}

/**
 * Each line is one write to the end of the file: a killed run leaves all lines but at most the last, which a power cut
 * can tear too. Closing waits for the disk.
 *
 * @throws KoVocabError `io` when the file cannot be written, or holds something without `after`; `bad-file` with its line when
 * one that stays is no metric
 */
export function jsonlSink(path: string, { after = null, onKept = () => {} }: JsonlOptions = {}): Sink {
  const file = inFile(path, () => {
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a+')
  })
  try {
    if (after !== null) repair(path, file, after, onKept)
    else if (fstatSync(file).size > 0) {
      const hint = 'go on with the run that wrote it, or choose another folder'
      throw new KoVocabError('io', `${path}: holds the metrics of another run`, hint)
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
  return {
    write: (metrics) => inFile(path, () => append(file, metricsLine(metrics))),
    close: async () =>
      inFile(path, () => {
        fsyncSync(file)
        closeSync(file)
      }),
  }
}

/**
 * The metrics of a file, in order; a torn last line is left out.
 *
 * @throws KoVocabError `io`, or `bad-file` with the line that is no metric
 */
export function* readMetrics(path: string): Generator<WatchedMetrics> {
  const file = inFile(path, () => openSync(path, 'r'), 'read')
  try {
    for (const { metrics } of linesOf(path, file)) yield metrics
  } finally {
    closeSync(file)
  }
}

function repair(path: string, file: number, after: number, onKept: (metrics: WatchedMetrics) => void): void {
  let end = 0
  let ended = true
  for (const line of linesOf(path, file)) {
    if (line.metrics.step > after) break
    onKept(line.metrics)
    end = line.end
    ended = line.ended
  }
  inFile(path, () => {
    ftruncateSync(file, end)
    if (!ended) append(file, '\n')
  })
}

interface Line {
  metrics: WatchedMetrics
  /** Bytes of the file up to and with it. */
  end: number
  /** Whether its line feed is there. */
  ended: boolean
}

const CHUNK = 1 << 20
const FEED = 10

/** In pieces of a megabyte: a million steps are hundreds of them. */
function* linesOf(path: string, file: number): Generator<Line> {
  let rest = Buffer.alloc(0)
  let end = 0
  let number = 0
  for (let place = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK)
    const size = inFile(path, () => readSync(file, chunk, 0, CHUNK, place), 'read')
    if (size === 0) break
    place += size
    const bytes = Buffer.concat([rest, chunk.subarray(0, size)])
    let start = 0
    for (let feed = bytes.indexOf(FEED); feed >= 0; feed = bytes.indexOf(FEED, start)) {
      number++
      end += feed + 1 - start
      const text = bytes.toString('utf8', start, feed)
      start = feed + 1
      yield { metrics: readMetricsLine(text, `${path}: line ${number}`), end, ended: true }
    }
    rest = bytes.subarray(start)
  }
  const last = rest.length > 0 ? unlessTorn(rest.toString('utf8')) : null
  if (last) yield { metrics: last, end: end + rest.length, ended: false }
}

/** A line without its line feed can be whole, else it is what a crash left of one. */
function unlessTorn(text: string): WatchedMetrics | null {
  try {
    return readMetricsLine(text, '')
  } catch (error) {
    if (error instanceof KoVocabError) return null
    throw error
  }
}

function append(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function inFile<T>(path: string, work: () => T, verb: 'read' | 'written' = 'written'): T {
  try {
    return work()
  } catch (error) {
    throw asIoError(error, path, verb)
  }
}
