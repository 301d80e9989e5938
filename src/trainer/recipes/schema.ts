/** A recipe as it is written in YAML: every key may be missing, because a recipe can extend another one. */
import { z } from 'zod'

/** The last names of a layer's projections, in the order of the computation. */
export const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const

/** What a rule can name besides a pattern of parameter names. */
export const ROLES = [
  ...['all', 'embedding', 'head', 'layers', 'attention', 'mlp', 'norms', 'adapters', 'new-blocks'],
] as const

const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text that is not empty' })

function range(expected: string, holds: (value: number) => boolean) {
  const error = `expected ${expected}`
  return z.number({ error }).refine(holds, { error })
}

const above0 = range('a number above 0', (value) => value > 0)
const from0 = range('a number from 0 on', (value) => value >= 0)
const share = range('a share from 0 to 1', (value) => value >= 0 && value <= 1)
const momentum = range('a number from 0 to below 1', (value) => value >= 0 && value < 1)
const natural = range('a whole number from 1 on', (value) => Number.isSafeInteger(value) && value >= 1)

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `expected ${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}` })
}

/** `kind` alone is short for `{ kind }`. */
function orKind<const T extends readonly string[], S extends z.ZodType>(kinds: T, object: S) {
  return z.union([oneOf(kinds).transform((kind) => ({ kind }) as z.output<S>), object])
}

const rule = z.union([
  text,
  z.strictObject({
    parameters: text,
    rows: oneOf(['new', 'base', 'all']).optional(),
    'learning-rate-scale': above0.optional(),
    'weight-decay': from0.optional(),
  }),
])

const SCHEDULES = ['constant', 'linear', 'cosine', 'wsd'] as const
const schedule = orKind(
  SCHEDULES,
  z.strictObject({
    kind: oneOf(SCHEDULES).optional(),
    warmup: share.optional(),
    final: share.optional(),
    decay: share.optional(),
  }),
)

/** What `defaults` can hold for all stages. */
const settings = {
  train: z
    .array(rule, { error: 'expected a list of what trains' })
    .min(1, { error: 'expected at least one' })
    .optional(),
  share: above0.optional(),
  'learning-rate': above0.optional(),
  schedule: schedule.optional(),
  'weight-decay': from0.optional(),
  beta1: momentum.optional(),
  beta2: momentum.optional(),
  epsilon: from0.optional(),
  'max-norm': from0.optional(),
  'replay-share': share.optional(),
}

const OBJECTIVES = ['causal-lm', 'instruction', 'dpo'] as const
const objective = orKind(OBJECTIVES, z.strictObject({ kind: oneOf(OBJECTIVES).optional(), beta: above0.optional() }))

const FORMS = ['none', 'lora', 'block-expansion'] as const
const changed = orKind(
  FORMS,
  z.strictObject({
    kind: oneOf(FORMS).optional(),
    rank: natural.optional(),
    alpha: above0.optional(),
    targets: z
      .array(oneOf(PROJECTIONS), { error: `expected a list of ${PROJECTIONS.join(', ')}` })
      .min(1, { error: 'expected at least one' })
      .optional(),
    blocks: natural.optional(),
  }),
)
const form = z.union([z.null(), changed])

const namedStage = z.strictObject({ name: text, ...settings })

export const rawRecipe = z.strictObject({
  extends: text.optional(),
  name: text.optional(),
  description: text.optional(),
  objective: objective.optional(),
  form: form.optional(),
  defaults: z.strictObject(settings).optional(),
  /** A list is the stages; a mapping changes those of the recipe that is extended, by name. */
  stages: z
    .union([
      z.array(namedStage).min(1, { error: 'expected at least one stage' }),
      z.record(z.string(), z.strictObject(settings)),
    ])
    .optional(),
})

export type RawRecipe = z.output<typeof rawRecipe>
export type RawStage = z.output<typeof namedStage>
export type RawSettings = Omit<RawStage, 'name'>
export type RawRule = z.output<typeof rule>
