/** What a stage trains, as lists of names: for files that other trainers read. */
import { expandConfig } from '../forms/block-expansion'
import { loraName, loraWeightOf, projectionOf } from '../forms/lora-names'
import { parameterShapes } from '../model/parameters'
import { planOptionsOf } from '../recipes/plan-options'
import type { Recipe, Stage } from '../recipes/types'
import type { HandoffModel } from './types'

/** Parameters that train alike. */
export interface ParameterGroup {
  /** As transformers names them; adapters as PEFT stores them. */
  parameters: string[]
  /** [first, last], both counted; null for all rows. */
  rows: [number, number] | null
  learningRateScale: number
  weightDecay: number
}

/** All parameters in the order of the model, as the recipe's form has changed it, then the adapters. */
export function formedParameters({ config }: HandoffModel, { form }: Recipe): { name: string; isVector: boolean }[] {
  const formed = form?.kind === 'block-expansion' ? expandConfig(config, form.blocks) : config
  const own = parameterShapes(formed).map(({ name, shape }) => ({ name, isVector: shape.length === 1 }))
  if (form?.kind !== 'lora') return own
  const wrapped = own.filter(({ name }) => form.targets.includes(projectionOf(name) ?? ''))
  const adapters = wrapped.flatMap(({ name }) => [loraName(name, 'A'), loraName(name, 'B')])
  return [...own, ...adapters.map((name) => ({ name, isVector: false }))]
}

/**
 * @returns the groups, and notes for people
 * @throws KoVocabError as `planOptionsOf`
 */
export function parameterGroups(
  recipe: Recipe,
  stage: Stage,
  model: HandoffModel,
): { groups: ParameterGroup[]; notes: string[] } {
  const { form } = recipe
  const config = form?.kind === 'block-expansion' ? expandConfig(model.config, form.blocks) : model.config
  const { train, weightDecay, notes } = planOptionsOf(recipe, stage, config, { baseRows: model.baseRows })
  const groups = new Map<string, ParameterGroup>()
  for (const { name, isVector } of formedParameters(model, recipe)) {
    // Rules go by name alone.
    const settings = train({ name, shape: [] })
    if (settings === false) continue
    const { rows, ...own } = settings === true ? {} : settings
    const group: ParameterGroup = {
      parameters: [],
      rows: rows ? [rows.first, rows.first + rows.count - 1] : null,
      learningRateScale: own.learningRateScale ?? 1,
      weightDecay: own.weightDecay ?? (isVector ? 0 : weightDecay),
    }
    const key = JSON.stringify(group)
    if (!groups.has(key)) groups.set(key, group)
    groups.get(key)!.parameters.push(name)
  }
  return { groups: [...groups.values()], notes }
}

/** As PEFT names them in a model that it has wrapped: projections get a layer, adapters a name. */
export function peftName(name: string, targets: readonly string[]): string {
  if (loraWeightOf(name)) return name.replace(/\.(lora_[AB])\.weight$/, '.$1.default.weight')
  const isWrapped = targets.includes(projectionOf(name) ?? '')
  return `base_model.model.${isWrapped ? name.replace(/weight$/, 'base_layer.weight') : name}`
}
