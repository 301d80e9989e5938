/** One metric, one line of JSON. */
import { KoVocabError } from '../../errors'
import type { WatchedMetrics } from './sink'

/**
 * Numbers are written as the shortest decimals that read back the same. JSON has none for what is not finite: those are
 * strings, `"NaN"`, `"Infinity"` and `"-Infinity"`, as protobuf's JSON has them.
 */
export function metricsLine(metrics: WatchedMetrics): string {
  const { kind, step, time, seconds, ...rest } = metrics
  const ordered = { kind, step, time, seconds, ...rest }
  return `${JSON.stringify(ordered, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value))}\n`
}

/** Where a number that is not finite may stand; elsewhere these words are names and texts. */
const NUMBERS = new Set([
  ...'step steps tokens flops learningRate loss gradientNorm tokensPerSecond secondsLeft seconds'.split(' '),
  ...'accuracy margin pairs jointScore bitsPerByte bytes perplexity worsened bound rateScale'.split(' '),
])
const WORDS = ['NaN', 'Infinity', '-Infinity']

/**
 * @param where file and line, for the error
 * @throws KoVocabError `bad-file` when it is no metric
 */
export function readMetricsLine(line: string, where: string): WatchedMetrics {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new KoVocabError('bad-file', `${where}: no JSON: ${(error as Error).message}`, HINT, { cause: error })
  }
  const { kind, step } = (value ?? {}) as Record<string, unknown>
  if (!['step', 'evaluation', 'note'].includes(kind as string)) {
    throw new KoVocabError('bad-file', `${where}: kind is ${JSON.stringify(kind)}, not step, evaluation or note`, HINT)
  }
  if (!Number.isSafeInteger(step) || (step as number) < 0) {
    throw new KoVocabError('bad-file', `${where}: step is ${JSON.stringify(step)}, not a whole number`, HINT)
  }
  return revive(value) as WatchedMetrics
}

const HINT = 'remove this line, or the file: only its curves are lost'

function revive(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return NUMBERS.has(key) && WORDS.includes(value) ? Number(value) : value
  if (Array.isArray(value)) return value.map((item) => revive(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, revive(item, key === 'lossOf' ? 'loss' : name)]),
  )
}
