/** To which trainer a recipe is handed on, and how wide it runs there. */
import type { z } from 'zod'
import { HANDOFF_TARGETS } from '../trainer/handoff/types'
import { type OptionSpec, oneOf, whole } from './option-values'

export const HANDOFF_OPTIONS = {
  'handoff-target': {
    group: 'Output',
    flags: '--to <trainer>',
    description: 'fsdp (plain PyTorch under torchrun), transformers, axolotl or torchtune',
    schema: oneOf(HANDOFF_TARGETS).optional(),
  },
  processes: {
    group: 'Training',
    flags: '--processes <n>',
    description: 'processes, as a rule one a GPU; a step has batch × accumulate × processes rows',
    schema: whole(1).default(1),
  },
} as const satisfies Record<string, OptionSpec & { schema: z.ZodType }>
