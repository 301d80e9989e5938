/** The reference's sums as a file of the run, `reference.json`. Node only. */
import { readFile } from 'node:fs/promises'
import { asIoError, writeFileAtomic } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import type { ReferenceStore, ReferenceSums } from './reference'

const FORMAT = 'ko-vocab reference 1'

/**
 * JSON, whose shortest decimals read back as the same float64: a run that goes on has the same numbers to the last bit.
 * Written whole or not at all. A file of another key is replaced: what it was computed from is no longer there.
 *
 * @param key of model, pairs and tokenizer
 * @throws KoVocabError `io`; `bad-file` for a damaged file
 */
export function referenceFile(path: string, key: string): ReferenceStore {
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw asIoError(error, path, 'read')
      })
      if (text === null) return null
      const stored = parse(text, path)
      return stored.key === key ? { learned: stored.learned, measured: stored.measured } : null
    },
    save: ({ learned, measured }) =>
      writeFileAtomic(
        path,
        `${JSON.stringify({
          ...{ format: FORMAT, key, learned: [...learned] },
          measured: Object.fromEntries(Object.entries(measured).map(([name, sums]) => [name, [...sums]])),
        })}\n`,
      ),
  }
}

function parse(text: string, path: string): ReferenceSums & { key: string } {
  try {
    const { format, key, learned, measured } = JSON.parse(text)
    if (format !== FORMAT || typeof key !== 'string') throw new Error(`its format is ${JSON.stringify(format)}`)
    return {
      ...{ key, learned: sumsOf(learned) },
      measured: Object.fromEntries(Object.entries(measured).map(([name, sums]) => [name, sumsOf(sums)])),
    }
  } catch (cause) {
    const what = `${path}: is damaged: ${(cause as Error).message}`
    throw new KoVocabError('bad-file', what, 'remove it: it is computed again', { cause })
  }
}

function sumsOf(values: unknown): Float64Array {
  if (!Array.isArray(values) || !values.every((value) => Number.isFinite(value))) throw new Error('it holds no numbers')
  return Float64Array.from(values)
}
