/** Options of the benchmarks: `--name value`, `--flag`, and files or folders. An unknown option is an error. */
import { parseArgs } from 'node:util'

/**
 * @param {Record<string, {type: 'string' | 'boolean', default?: string | boolean}>} own options besides the common ones
 */
export function readOptions(own) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      /** Small inputs and one round: shows that everything runs, not how fast. */
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      threads: { type: 'string', default: '2' },
      /** Where decompressed and generated text goes; removed afterwards. */
      tmp: { type: 'string' },
      /** Run only the contenders whose name holds this. */
      only: { type: 'string' },
      ...own,
    },
  })
  return { ...values, threads: wholeNumber('threads', values.threads), files: positionals }
}

export function wholeNumber(name, text) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is ${text}: give a whole number from 1`)
  return value
}

/** @returns {number} from above 0; fractions are allowed */
export function megabytes(name, text) {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} is ${text}: give a number of MB above 0`)
  return value
}

/** Names separated by commas, each one of those that there are. */
export function namesOf(option, text, known) {
  const names = text.split(',')
  const odd = names.find((name) => !known.includes(name))
  if (odd !== undefined) throw new Error(`--${option} names ${odd}: there are ${known.join(', ')}`)
  return names
}
