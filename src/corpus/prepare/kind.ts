/** How a kind of step is written down, and the values that options of steps take. */
import { z } from 'zod'
import type { StepKind, StepRun, Verdict } from './types'

/** Keeps the type of the options; nothing else. */
export function stepKind<S extends z.ZodType>(kind: StepKind<S>): StepKind<S> {
  return kind
}

/** A step that looks at one document alone and has no memory. */
export function eachText(judge: (text: string) => Verdict): StepRun {
  return { passes: 0, judge: ({ text }) => judge(text) }
}

export const noOptions = z.strictObject({}, { error: issueOf('no options') })

export function optionsOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: issueOf('a mapping of options') })
}

/** Unknown keys keep zod's own issue, from which the nearest key is found. */
function issueOf(expected: string) {
  return (issue: { code?: string }) => (issue.code === 'unrecognized_keys' ? undefined : `expected ${expected}`)
}

export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const error = `expected a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error })
}

const shareError = { error: 'expected a share from 0 to 1' }
export const share = z.number(shareError).min(0, shareError).max(1, shareError)

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `expected ${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}` })
}

export const onOff = z.boolean({ error: 'expected true or false' })
