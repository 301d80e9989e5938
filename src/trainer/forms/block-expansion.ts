/**
 * LLaMA Pro (arXiv 2401.02415): a model grows by blocks that begin as the identity. Each is a copy of the block before it
 * whose attention output and MLP output are 0, so that it adds nothing to the residual stream.
 */
import { KoVocabError } from '../../errors'
import type { LlamaConfig } from '../model/config'
import { layerNames, parameterShapes } from '../model/parameters'

/** For each layer of the larger model the layer of the old one whose place it takes, or that it is a copy of. */
export interface ExpandedLayers {
  from: number[]
  /** Which of them are new, ascending. */
  added: number[]
}

/**
 * Spread evenly: the i-th of B new blocks comes behind old block ⌈i · L / B⌉ of L, counted from 1, the last one behind
 * them all. Where B divides L that is the paper's order: groups of L / B old blocks, a new one behind each.
 *
 * @throws KoVocabError `bad-option` when there are more new blocks than old ones
 */
export function expandLayers(layers: number, blocks: number): ExpandedLayers {
  if (!(Number.isSafeInteger(blocks) && blocks >= 1 && blocks <= layers)) {
    const what = `${blocks} new blocks cannot be spread among ${layers}`
    throw new KoVocabError('bad-option', what, `give form.blocks from 1 to ${layers}`)
  }
  const from: number[] = []
  const added: number[] = []
  for (let layer = 0, next = 1; layer < layers; layer++) {
    from.push(layer)
    if (layer + 1 < Math.ceil((next * layers) / blocks)) continue
    added.push(from.length)
    from.push(layer)
    next++
  }
  return { from, added }
}

/**
 * The new blocks of a model that was expanded.
 *
 * @param layers of the larger model
 */
export function addedLayers(layers: number, blocks: number): number[] {
  return expandLayers(layers - blocks, blocks).added
}

/** The config of the larger model. */
export function expandConfig(config: LlamaConfig, blocks: number): LlamaConfig {
  return { ...config, layers: expandLayers(config.layers, blocks).from.length }
}

/** Where the values of a parameter of the larger model come from: a tensor of the old one, or zeros. */
export type ParameterOrigin = { kind: 'copy'; name: string } | { kind: 'zeros' }

/**
 * Of every parameter of the larger model, in its order.
 *
 * @param config of the old model
 */
export function expandedOrigins(config: LlamaConfig, blocks: number): Map<string, ParameterOrigin> {
  const { from, added } = expandLayers(config.layers, blocks)
  const origins = new Map<string, ParameterOrigin>()
  for (const { name } of parameterShapes(expandConfig(config, blocks))) origins.set(name, { kind: 'copy', name })
  from.forEach((old, layer) => {
    const [names, olds] = [layerNames(layer), layerNames(old)]
    for (const part of Object.keys(names) as (keyof typeof names)[]) {
      const isZero = added.includes(layer) && (part === 'output' || part === 'down')
      origins.set(names[part], isZero ? { kind: 'zeros' } : { kind: 'copy', name: olds[part] })
    }
  })
  return origins
}
