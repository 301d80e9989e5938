/** How much memory counting may take, and which part of the corpus a machine counts. */
import { z } from 'zod'
import { type OptionSpec, text, whole } from './option-values'

const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
}

const SIZE = 'expected a size such as 2GB, 512MB or 4GiB'

/** Bytes as people and schedulers write them: 2GB, 2G, 512MB, 4GiB, 4Gi. */
export const bytes = z.preprocess(
  (value) => {
    const parts = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([kmgt]i?)b?$/i.exec(value) : null
    return parts ? Math.round(Number(parts[1]) * UNITS[parts[2].toLowerCase()]) : value
  },
  z.number({ error: SIZE }).int({ error: SIZE }).min(1, { error: SIZE }).max(Number.MAX_SAFE_INTEGER, { error: SIZE }),
)

export const COUNTING_OPTIONS = {
  memory: {
    group: 'Memory',
    flags: '--memory <size>',
    description: 'what the process may take in all, e.g. 2GB; past it, sorted runs go to --tmp (default: no limit)',
    schema: bytes.optional(),
  },
  tmp: {
    group: 'Memory',
    flags: '--tmp <folder>',
    description: "for temporary files (default: the system's folder for them)",
    schema: text.optional(),
  },
  shard: {
    group: 'Machines',
    flags: '--shard [i/n]',
    description:
      'count part i of n, from 0, into the folder --out; without a value the Slurm array or indexed Job tells',
    schema: z
      .preprocess(
        (value) => (value === true ? 'auto' : value),
        z.string().regex(/^(auto|\d+\/\d+)$/, { error: 'expected i/n, from 0/n on, or no value' }),
      )
      .optional(),
  },
  shards: {
    group: 'Machines',
    flags: '--shards <n>',
    description: 'into how many parts the corpus is cut; which one to count, the scheduler tells',
    schema: whole(1, 99_999).optional(),
  },
} as const satisfies Record<string, OptionSpec>
