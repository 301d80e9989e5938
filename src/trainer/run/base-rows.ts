/** How many rows of a model's embedding are its base's. Node only. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KoVocabError } from '../../errors'

/**
 * What `apply` wrote into rows.json says it, else extension.json of the tokenizer; null where neither is there.
 *
 * @throws KoVocabError `bad-file`; `unsupported` where rows of the base lie behind new ones
 */
export async function readBaseRows(folder: string): Promise<number | null> {
  const rows = await readJson(join(folder, 'rows.json'))
  if (rows !== null) return firstNew(rows, join(folder, 'rows.json'))
  const extension = await readJson(join(folder, 'extension.json'))
  if (extension === null) return null
  const first = (extension.new_ids as { first?: unknown } | undefined)?.first
  if (Number.isSafeInteger(first) && (first as number) > 0) return first as number
  throw new KoVocabError('bad-file', `${join(folder, 'extension.json')}: new_ids.first is ${first}`, HINT)
}

const HINT = 'say how many rows are the base’s: --base-rows'

function firstNew(rows: Record<string, unknown>, path: string): number | null {
  const ranges = rows.new
  const base = rows.base
  const isRanges = (value: unknown): value is [number, number][] =>
    Array.isArray(value) && value.every((range) => Array.isArray(range) && range.every(Number.isSafeInteger))
  if (!isRanges(ranges) || !isRanges(base)) throw new KoVocabError('bad-file', `${path}: has no ranges of rows`, HINT)
  if (ranges.length === 0) return null
  const first = Math.min(...ranges.map(([begin]) => begin))
  const lastBase = Math.max(-1, ...base.map(([, end]) => end))
  if (lastBase < first) return first
  const what = `${path}: rows of the base go up to ${lastBase}, and new ones begin at ${first}`
  throw new KoVocabError('unsupported', what, 'train all rows: new ones alone must be the last')
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return null
  }
  try {
    const value = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Falls through to the error below.
  }
  throw new KoVocabError('bad-file', `${path}: is no JSON object`, HINT)
}
