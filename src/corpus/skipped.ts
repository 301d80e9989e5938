/** What was left out of corpus files because it could not be read, where that was asked for. */
import type { KoVocabError } from '../errors'

/** Of one file, or a part of one. */
export interface Skipped {
  /** Records that are broken in themselves: a line that is no JSON, a row with too many columns. */
  records: number
  /** Stretches whose content nobody knows: what follows damage in a compressed file, a row group, a whole file. */
  parts: number
  /** The first few by their place. */
  examples: SkippedExample[]
}

export interface SkippedExample {
  /** Byte in the text, decompressed; null where only the file is known. */
  offset: number | null
  /** File, place and reason. */
  message: string
}

const EXAMPLES_MAX = 5

/** Takes what cannot be read: counts it, or throws it where nothing may be left out. */
export interface Skipper {
  skipped: Skipped
  record: (error: KoVocabError, offset: number | null) => void
  part: (error: KoVocabError, offset: number | null) => void
}

/** @param onError `fail` makes both functions throw what they get */
export function createSkipper(onError: 'fail' | 'skip'): Skipper {
  const skipped = noneSkipped()
  const take = (kind: 'records' | 'parts') => (error: KoVocabError, offset: number | null) => {
    if (onError === 'fail') throw error
    skipped[kind]++
    if (skipped.examples.length < EXAMPLES_MAX) skipped.examples.push({ offset, message: error.message })
  }
  return { skipped, record: take('records'), part: take('parts') }
}

export const noneSkipped = (): Skipped => ({ records: 0, parts: 0, examples: [] })

/** Of several parts of one file; in which order they were read makes no difference. */
export function sumSkipped(parts: readonly Skipped[]): Skipped {
  const examples = parts.flatMap((part) => part.examples)
  examples.sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0) || (a.message < b.message ? -1 : 1))
  return {
    records: parts.reduce((sum, { records }) => sum + records, 0),
    parts: parts.reduce((sum, { parts: some }) => sum + some, 0),
    examples: examples.slice(0, EXAMPLES_MAX),
  }
}

/**
 * Keeps with the file what a reading of it left out. A file is read several times (counted, then measured on), sometimes
 * its beginning only: what the fullest reading found stays.
 */
export function keepSkipped(file: { skipped?: Skipped }, skipped: Skipped): void {
  const size = ({ records, parts }: Skipped) => records + parts
  if (size(skipped) > size(file.skipped ?? noneSkipped())) file.skipped = skipped
}
