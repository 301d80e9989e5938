/** How a corpus is cleaned, and how it is written. */
import type { z } from 'zod'
import { SHARD_FORMATS } from '../corpus/prepare/shards'
import { amount, flag, type OptionSpec, oneOf, text, whole } from './option-values'

export const PREPARE_OPTIONS = {
  'counting-tokenizer': {
    group: 'Input',
    flags: '--tokenizer <path>',
    description: 'count the tokens of what is kept, for the data card',
    schema: text.optional(),
  },
  steps: {
    group: 'Input',
    flags: '--steps <file>',
    description: 'YAML with the steps, their order and thresholds (default: what --print-steps prints)',
    schema: text.optional(),
  },
  'print-steps': {
    group: 'General',
    flags: '--print-steps',
    description: 'print the steps as YAML and stop',
    schema: flag,
  },
  'shard-format': {
    group: 'Output',
    flags: '--format <format>',
    description: SHARD_FORMATS.join(', '),
    schema: oneOf(SHARD_FORMATS).default('jsonl.zst'),
  },
  'shard-size': {
    group: 'Output',
    flags: '--shard-size <bytes>',
    description: 'bytes of text after which a shard ends: 256M, 1G',
    schema: amount.default(256_000_000),
  },
  'preparing-threads': {
    group: 'General',
    flags: '--threads <n>',
    description: 'threads that clean; the result is the same for any number (default: all processors, at most 16)',
    schema: whole(1, 256).optional(),
  },
  'sampling-seed': {
    group: 'Output',
    flags: '--seed <n>',
    description: 'of what the step mix draws; all else draws nothing at random',
    schema: whole(0, 2 ** 32 - 1).default(1),
  },
} as const satisfies Record<string, OptionSpec & { schema: z.ZodType }>
