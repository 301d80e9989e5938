import { describe, expect, it } from 'vitest'
import { readLlamaConfig } from '../../../src/trainer/model/config'
import { parameterShapes } from '../../../src/trainer/model/parameters'
import { ropeFrequencies, ropeTables } from '../../../src/trainer/model/rope'
import { buildPlan } from '../../../src/trainer/plan/build'

/** As the Hub has them, shortened. */
const llama2 = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 32_000, hidden_size: 4096 },
  ...{ intermediate_size: 11_008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 32 },
  ...{ rms_norm_eps: 1e-5, hidden_act: 'silu', max_position_embeddings: 4096, rope_scaling: null, pretraining_tp: 1 },
  ...{ tie_word_embeddings: false, torch_dtype: 'float16' },
}
const llama31 = {
  ...{ ...llama2, num_key_value_heads: 8, rope_theta: 500_000, attention_bias: false, mlp_bias: false },
  rope_scaling: {
    ...{ factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 },
    rope_type: 'llama3',
  },
}
const mistral = { ...llama2, architectures: ['MistralForCausalLM'], num_key_value_heads: 8, sliding_window: 4096 }

const read = (config: object) => readLlamaConfig(JSON.stringify(config), 'config.json')

describe('config.json', () => {
  it('Llama-2, and what it leaves out', () => {
    const { num_key_value_heads, rms_norm_eps, tie_word_embeddings, ...older } = llama2
    const all = { vocabSize: 32_000, hiddenSize: 4096, intermediateSize: 11_008, layers: 32, heads: 32 }
    const rest = { kvHeads: 32, headDim: 128, ropeTheta: 10_000, ropeScaling: { type: 'default' }, tied: false }
    expect(read(llama2)).toEqual({ ...all, ...rest, normEpsilon: 1e-5, maxPositions: 4096, slidingWindow: null })
    expect(read(older)).toEqual({ ...read(llama2), normEpsilon: 1e-6 })
  })

  it('rope as transformers 4 and 5 write it', () => {
    const scaling = { type: 'llama3', factor: 8, lowFrequency: 1, highFrequency: 4, originalLength: 8192 }
    expect(read(llama31)).toMatchObject({ ropeTheta: 500_000, ropeScaling: scaling, kvHeads: 8 })
    const { rope_scaling, rope_theta, ...rest } = llama31
    expect(read({ ...rest, rope_parameters: { ...rope_scaling, rope_theta } })).toEqual(read(llama31))
    const linear = { ...llama2, rope_scaling: { type: 'linear', factor: 2 } }
    expect(read(linear).ropeScaling).toEqual({ type: 'linear', factor: 2 })
  })

  it("Mistral's window counts where it is shorter than a block", () => {
    const config = { ...read(mistral), layers: 1, vocabSize: 8, hiddenSize: 4, intermediateSize: 4 }
    const small = { ...config, heads: 2, kvHeads: 1, headDim: 2, slidingWindow: 16 }
    expect(config.slidingWindow).toBe(4096)
    expect(() => buildPlan(small, { batch: 1, length: 16 })).not.toThrow()
    expect(() => buildPlan(small, { batch: 1, length: 17 })).toThrow(/sliding_window is 16, shorter than blocks of 17/)
    expect(read({ ...llama2, sliding_window: 16 }).slidingWindow).toBeNull()
  })

  const { vocab_size, ...noVocabulary } = llama2
  const { architectures, ...noArchitecture } = llama2
  const { factor, ...noFactor } = llama31.rope_scaling
  it.each([
    ['bad-file', noVocabulary, /config\.json: vocab_size: /],
    ['bad-file', { ...llama2, hidden_size: '4096' }, /hidden_size: .*number/],
    ['bad-file', { ...llama2, num_key_value_heads: 5 }, /num_key_value_heads is 5, which does not divide/],
    ['bad-file', { ...llama2, head_dim: 3 }, /head_dim is 3; rotary/],
    ['bad-file', { ...llama2, num_attention_heads: 24, num_key_value_heads: 8 }, /head_dim is 170\.6/],
    ['bad-file', { ...llama31, rope_scaling: noFactor }, /rope_scaling\.factor is missing/],
    ['unsupported', { ...llama2, architectures: ['GPT2LMHeadModel'] }, /architectures is GPT2LMHeadModel/],
    ['unsupported', noArchitecture, /architectures is missing/],
    ['unsupported', { ...llama2, attention_bias: true }, /attention_bias is true/],
    ['unsupported', { ...llama2, mlp_bias: true }, /mlp_bias is true/],
    ['unsupported', { ...llama2, hidden_act: 'gelu' }, /hidden_act is gelu/],
    ['unsupported', { ...llama2, rope_scaling: { type: 'yarn', factor: 2 } }, /has the type yarn/],
    ['unsupported', { ...llama2, quantization_config: { quant_method: 'gptq' } }, /quantization_config is there/],
  ])('%s: %o', (code, config, message) => {
    expect(() => read(config)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('says when it is no JSON', () => {
    expect(() => readLlamaConfig('{', 'config.json')).toThrow(/config\.json: is not JSON/)
  })
})

describe('parameters', () => {
  it('are as many as published', () => {
    const count = (config: object) =>
      parameterShapes(read(config)).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(count(llama2)).toBe(6_738_415_616)
    expect(count({ ...llama31, vocab_size: 128_256, intermediate_size: 14_336 })).toBe(8_030_261_248)
    expect(count({ ...llama2, tie_word_embeddings: true })).toBe(6_738_415_616 - 32_000 * 4096)
  })
})

describe('rope', () => {
  it('turns by position times theta to the power of -2i / headDim', () => {
    const { cos, sin } = ropeTables({ ...read(llama2), headDim: 4 }, 3)
    const angles = [0, 0, 1, 0.01, 2, 0.02].map(Math.fround)
    expect(Array.from(cos)).toEqual(angles.map(Math.cos))
    expect(Array.from(sin)).toEqual(angles.map(Math.sin))
  })

  it('linear scaling divides all frequencies, llama3 the low ones', () => {
    const plain = ropeFrequencies({ ...read(llama31), ropeScaling: { type: 'default' } })
    const linear = ropeFrequencies({ ...read(llama31), ropeScaling: { type: 'linear', factor: 4 } })
    expect(Array.from(linear)).toEqual(Array.from(plain, (value) => value / 4))
    const scaled = ropeFrequencies(read(llama31))
    expect(scaled[0]).toBe(plain[0])
    expect(scaled[63]).toBe(plain[63] / 8)
    const between = Array.from(scaled).filter((value, i) => value !== plain[i] && value !== plain[i] / 8)
    expect(between.length).toBeGreaterThan(2)
    for (let i = 1; i < 64; i++) expect(scaled[i]).toBeLessThan(scaled[i - 1])
  })
})
