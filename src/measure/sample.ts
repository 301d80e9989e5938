/** A few lines of a corpus, to measure on. Node only, as all reading of files. */
import type { CorpusFile } from '../corpus/files'
import { readLines } from '../corpus/lines'

export interface SampleOptions {
  /** At most that many lines in all. Default 2,000. */
  lines?: number
  signal?: AbortSignal
}

/** A line longer than this is cut: what is measured are sentences, not a whole book on one line. */
const LINE_CHARS_MAX = 2000

/**
 * Lines that hold Hangul, the same number from the beginning of every file; the same for the same files. Streams are
 * left out: they can be read once only.
 */
export async function sampleLines(files: readonly CorpusFile[], options: SampleOptions = {}): Promise<string[]> {
  const { lines: most = 2000, signal } = options
  const readable = files.filter((file) => !file.stream)
  // With very many files, some of them, evenly spread.
  const step = Math.max(1, Math.ceil(readable.length / 100))
  const chosen = readable.filter((_, i) => i % step === 0)
  const share = Math.ceil(most / Math.max(1, chosen.length))
  const sample: string[] = []
  for (const file of chosen) {
    let taken = 0
    for await (const line of readLines(file, { signal, blockBytes: 1 << 16 })) {
      if (!/[가-힣]/.test(line)) continue
      sample.push(line.length > LINE_CHARS_MAX ? [...line.slice(0, LINE_CHARS_MAX)].slice(0, -1).join('') : line)
      if (++taken >= share || sample.length >= most) break
    }
    if (sample.length >= most) break
  }
  return sample
}
