import { describe, expect, it } from 'vitest'
import { costsOf, embeddingParameters, kvBytes, trainingFlops } from '../../../src/measure/bench/costs'
import { knownModelShape, MODEL_NAMES, readModelShape } from '../../../src/measure/bench/model-shape'

describe('model shapes', () => {
  /** Parameters that the model cards and safetensors indices give. */
  it.each([
    ['7b', 32_000, 6_738_415_616],
    ['13b', 32_000, 13_015_864_320],
    ['8b', 128_256, 8_030_261_248],
    ['70b', 128_256, 70_553_706_496],
    ['1b', 128_256, 1_235_814_400],
    ['3b', 128_256, 3_212_749_824],
    ['mistral-7b', 32_000, 7_241_732_096],
    ['solar-10.7b', 32_000, 10_731_524_096],
  ])('%s has the published number of parameters', (name, ids, parameters) => {
    const shape = knownModelShape(name)!
    expect(shape.bodyParameters + embeddingParameters(shape, ids).both).toBe(parameters)
    expect(MODEL_NAMES).toContain(name)
  })

  it('config.json gives the same, also inside text_config; names are taken in any case', () => {
    const config = {
      model_type: 'llama',
      hidden_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      intermediate_size: 14_336,
    }
    const { name: _, source: __, ...known } = knownModelShape('8B')!
    expect(readModelShape(JSON.stringify(config), 'config.json')).toMatchObject(known)
    expect(readModelShape(JSON.stringify({ text_config: config }), 'config.json')).toMatchObject(known)
    expect(knownModelShape('constructor')).toBeNull()
  })

  it('refuses what the formulas do not hold for', () => {
    const read = (config: object) => () => readModelShape(JSON.stringify(config), 'x/config.json')
    expect(read({ hidden_size: 8 })).toThrow('x/config.json: num_attention_heads is undefined, a whole number above 0')
    expect(read({ num_local_experts: 8 })).toThrow('num_local_experts is 8')
    const shape = { hidden_size: 10, num_hidden_layers: 1, num_attention_heads: 3, intermediate_size: 4 }
    expect(read(shape)).toThrow('head_dim is 3.33')
  })
})

describe('costs', () => {
  const llama2 = knownModelShape('7b')!

  it('the cache of Llama-2-7B takes half a megabyte a token', () => {
    expect(kvBytes(llama2, 1)).toBe(524_288)
    expect(costsOf(llama2, 32_000, 32_000, { tokensPerSyllable: 2, bytesPerToken: 1 })).toMatchObject({
      syllablesIn4k: 2048,
      syllablesIn8k: 4096,
      kvBytesPer1000Syllables: 2000 * 524_288,
      embeddingParameters: 131_072_000,
      headParameters: 131_072_000,
      addedParameters: 0,
    })
  })

  it('training costs 6 operations a token for every parameter but those of the embedding', () => {
    expect(trainingFlops(llama2, 32_000, 1)).toBe(6 * (6_738_415_616 - 131_072_000))
    // A tied matrix is multiplied with all the same.
    const tied = { ...llama2, tied: true }
    expect(trainingFlops(tied, 32_000, 1)).toBe(trainingFlops(llama2, 32_000, 1))
    expect(costsOf(tied, 33_000, 32_000, { tokensPerSyllable: 1, bytesPerToken: 2.5 })).toMatchObject({
      headParameters: 0,
      addedParameters: 4_096_000,
      trainingFlopsPerMegabyte: trainingFlops(tied, 33_000, 400_000),
    })
  })

  it('says nothing about Korean text that is not there', () => {
    expect(costsOf(llama2, 1, 1, { tokensPerSyllable: null, bytesPerToken: null })).toMatchObject({
      syllablesIn4k: null,
      kvBytesPer1000Syllables: null,
      trainingFlopsPerMegabyte: null,
    })
  })
})
