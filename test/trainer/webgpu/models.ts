/** Models whose steps are timed. */
import { type LlamaConfig, readLlamaConfig } from '../../../src/trainer/model/config'

export interface TimedModel {
  name: string
  config: LlamaConfig
  batch: number
  length: number
}

function model(name: string, sizes: number[], batch: number, length: number): TimedModel {
  const [hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, intermediate_size, vocab_size] =
    sizes
  const config = {
    ...{
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size,
      num_hidden_layers,
      num_attention_heads,
    },
    ...{ num_key_value_heads, intermediate_size, vocab_size, max_position_embeddings: 4096, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 10000, tie_word_embeddings: false },
  }
  return { name, config: readLlamaConfig(JSON.stringify(config), name), batch, length }
}

export const SMALL = model('small: d64 L2 H2 KV2 F176 V512 T32 B2', [64, 2, 2, 2, 176, 512], 2, 32)
export const MID = model('mid: d128 L4 H4 KV2 F352 V4096 T128 B4', [128, 4, 4, 2, 352, 4096], 4, 128)
export const LARGE = model('large: d1024 L8 H16 KV8 F2816 V32000 T512 B8', [1024, 8, 16, 8, 2816, 32000], 8, 512)

/** Multiplications and additions of a step's products, forward and back: 6 per parameter and position, and attention. */
export function flopsOf({ config, batch, length }: TimedModel): number {
  const { hiddenSize: d, heads, kvHeads, headDim, intermediateSize: f, layers, vocabSize } = config
  const layer = 2 * d * heads * headDim + 2 * d * kvHeads * headDim + 3 * d * f
  const positions = batch * length
  return 6 * positions * (layers * layer + vocabSize * d) + layers * 3 * 2 * positions * length * heads * headDim
}
