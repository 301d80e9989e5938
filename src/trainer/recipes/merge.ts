/** One recipe over another: what `extends` means. */
import { KoVocabError } from '../../errors'
import { nearest } from '../../text/nearest'
import type { RawRecipe, RawSettings, RawStage } from './schema'

/**
 * `own` over `base`: the name is its own; a description replaces the base's; objective and form take over what they do not say when their kind is the
 * same; defaults go key by key, and so does a schedule. A list of stages replaces the base's; a mapping changes the
 * stages that it names. What a stage of the base says itself stays above any defaults, as everywhere.
 *
 * @param placeOf of a path in `own`, for errors
 * @throws KoVocabError `bad-option` for a stage that the base does not have
 */
export function mergeRecipes(
  base: RawRecipe,
  own: RawRecipe,
  placeOf: (path: readonly PropertyKey[]) => string,
): RawRecipe {
  const stages = base.stages as RawStage[]
  return {
    name: own.name,
    description: own.description ?? base.description,
    objective: mergeKinds(base.objective, own.objective),
    form: own.form === null ? null : mergeKinds(base.form ?? undefined, own.form),
    defaults: mergeSettings(base.defaults ?? {}, own.defaults ?? {}),
    stages: own.stages === undefined ? stages : Array.isArray(own.stages) ? own.stages : change(stages, own.stages),
  }

  function change(stages: readonly RawStage[], changes: Record<string, RawSettings>): RawStage[] {
    const names = stages.map(({ name }) => name)
    for (const name of Object.keys(changes)) {
      if (names.includes(name)) continue
      const near = nearest(name, names)
      const what = `${placeOf(['stages', name])}: ${own.extends} has no stage ${JSON.stringify(name)}`
      const hint = near === undefined ? `it has ${names.join(', ')}` : `did you mean ${near}?`
      throw new KoVocabError('bad-option', what, `${hint}; a list (- name: …) replaces all stages`)
    }
    return stages.map((stage) => ({ ...mergeSettings(stage, changes[stage.name] ?? {}), name: stage.name }))
  }
}

function mergeKinds<T extends { kind?: string }>(base: T | undefined, own: T | undefined): T | undefined {
  if (own === undefined || base === undefined) return own ?? base
  return own.kind === undefined || own.kind === base.kind ? { ...base, ...own } : own
}

/** Key by key, and in a schedule too; a `decay` goes with its `wsd`. */
export function mergeSettings(base: RawSettings, own: RawSettings): RawSettings {
  const merged = { ...base, ...own }
  if (base.schedule !== undefined && own.schedule !== undefined) {
    const { decay, ...before } = base.schedule
    const isWsd = (own.schedule.kind ?? before.kind) === 'wsd'
    merged.schedule = { ...before, ...(isWsd && decay !== undefined ? { decay } : {}), ...own.schedule }
  }
  return merged
}
