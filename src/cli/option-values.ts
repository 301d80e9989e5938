/** What an option is, and the values that options take: from the words of the command line, or from YAML. */
import { z } from 'zod'
import { initMethods } from '../init/methods'

export interface OptionSpec {
  /** As commander takes it. */
  flags: string
  description: string
  /** Takes the words of the command line and the values of YAML; its default is the option's. */
  schema: z.ZodType
  group: Group
}

export type Group =
  | 'Input'
  | 'Learning'
  | 'Memory'
  | 'Machines'
  | 'Training'
  | 'Measuring'
  | 'Extension'
  | 'Output'
  | 'General'

export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  const error = `expected a whole number ${range}`
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.number({ error }).int({ error }).min(least, { error }).max(most, { error }),
  )
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 }

/** A number of things as people write them: 10M, 1.5B, 200k, 5e8. */
export const amount = z.preprocess(
  (value) => {
    const parts = typeof value === 'string' ? /^(\d+(?:\.\d+)?(?:e\d+)?)([kMBGT]?)$/.exec(value) : null
    return parts ? Math.round(Number(parts[1]) * UNITS[parts[2]]) : value
  },
  z
    .number({ error: 'expected a number such as 10M, 1.5B or 200k' })
    .int({ error: 'expected a whole number' })
    .min(1, { error: 'expected a number from 1 on' })
    .max(Number.MAX_SAFE_INTEGER, { error: 'expected a smaller number' }),
)

/** A number above 0: a learning rate. */
export const positive = z.preprocess(
  (value) => (typeof value === 'string' && /^\d*\.?\d+(e-?\d+)?$/.test(value) ? Number(value) : value),
  z.number({ error: 'expected a number above 0' }).gt(0, { error: 'expected a number above 0' }),
)

/** A share, 0 to 1. */
export const share = z.preprocess(
  (value) => (typeof value === 'string' && /^\d*\.?\d+$/.test(value) ? Number(value) : value),
  z.number({ error: 'expected a share from 0 to 1' }).min(0, { error: 'expected a share from 0 to 1' }).max(1, {
    error: 'expected a share from 0 to 1',
  }),
)

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `expected ${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}` })
}

/** Object.keys as zod's enum wants them. */
export function keysOf<K extends string>(object: Record<K, unknown>): [K, ...K[]] {
  return Object.keys(object) as [K, ...K[]]
}

export const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text that is not empty' })
export const texts = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(text, { error: 'expected a list' }).min(1, { error: 'expected a list that is not empty' }),
)
export const commaTexts = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z.array(text, { error: 'expected a list' }),
)
export const flag = z.boolean({ error: 'expected true or false' }).default(false)
export const methods = () => oneOf(keysOf(initMethods)).default('mean')
