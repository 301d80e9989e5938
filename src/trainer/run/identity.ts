/** What makes two sittings the same run: saved with every checkpoint, and held against the options of a run that goes on. */
import { KoVocabError } from '../../errors'
import { canonicalJson } from '../../tokenizer/hash'
import { type DataDescription, requireSameData } from '../data/batches'
import type { Storage } from '../plan/storage'
import type { Recipe } from '../recipes/types'
import type { GateSettings } from './gate'

/** JSON. */
export interface RunIdentity {
  version: string
  backend: string
  /** SHA-256 of config.json and of each file of weights. */
  model: string[]
  baseRows: number | null
  recipe: Recipe
  tokens: number
  batch: number
  length: number
  accumulate: number
  checkpointing: boolean
  /** Checkpoints from before there was a choice have none: `f32`. */
  storage?: Storage
  data: DataDescription
  evaluation: { every: number; stride: number | null; sets: { name: string; role: string | null; sha256: string }[] }
  gate: GateSettings
}

/** Those that decide what a step does. */
const FIXED = [
  ...(['model', 'baseRows', 'recipe', 'tokens', 'batch', 'length', 'accumulate', 'checkpointing'] as const),
  'storage',
] as const
const NAMES: Partial<Record<keyof RunIdentity, string>> = { baseRows: 'base rows', tokens: 'number of tokens' }

/**
 * @returns what differs and may: a sentence each, for people
 * @throws KoVocabError `mismatch` naming the first thing that differs and may not
 */
export function requireSameRun(before: RunIdentity, now: RunIdentity): string[] {
  const saved: RunIdentity = { storage: 'f32', ...before }
  const isSame = (key: keyof RunIdentity) => canonicalJson(saved[key] ?? null) === canonicalJson(now[key] ?? null)
  for (const key of FIXED) {
    if (isSame(key)) continue
    const show = (value: unknown) => (typeof value === 'object' ? '' : ` was ${value}, now it is`)
    const values = typeof now[key] === 'object' ? ' is not what it was' : `${show(saved[key])} ${now[key]}`
    const hint = 'give the options of the run that goes on (run.json has them), or begin a new one in another folder'
    throw new KoVocabError('mismatch', `this is not the run that was saved: the ${NAMES[key] ?? key}${values}`, hint)
  }
  requireSameData(saved.data, now.data)
  const notes: string[] = []
  for (const key of ['version', 'backend'] as const) {
    if (!isSame(key))
      notes.push(`the ${key} was ${saved[key]}, now it is ${now[key]}: losses may differ in the last digits`)
  }
  if (!isSame('evaluation') || !isSame('gate')) notes.push('evaluation or gate are not what they were before')
  return notes
}
