/** The tensors of a LlamaForCausalLM checkpoint: names and shapes, in the order of the computation. */
import type { LlamaConfig } from './config'

export interface ParameterShape {
  /** As transformers writes it. */
  name: string
  /** A projection is [outputs, inputs], a norm [columns]. */
  shape: number[]
}

export const EMBEDDING = 'model.embed_tokens.weight'
export const FINAL_NORM = 'model.norm.weight'
export const HEAD = 'lm_head.weight'

/** Names of the nine tensors of a layer. */
export function layerNames(layer: number) {
  const at = `model.layers.${layer}`
  return {
    attentionNorm: `${at}.input_layernorm.weight`,
    query: `${at}.self_attn.q_proj.weight`,
    key: `${at}.self_attn.k_proj.weight`,
    value: `${at}.self_attn.v_proj.weight`,
    output: `${at}.self_attn.o_proj.weight`,
    mlpNorm: `${at}.post_attention_layernorm.weight`,
    gate: `${at}.mlp.gate_proj.weight`,
    up: `${at}.mlp.up_proj.weight`,
    down: `${at}.mlp.down_proj.weight`,
  }
}

/** A tied head has no tensor of its own. */
export function parameterShapes(config: LlamaConfig): ParameterShape[] {
  const { vocabSize, hiddenSize, intermediateSize, heads, kvHeads, headDim } = config
  const shapes: ParameterShape[] = [{ name: EMBEDDING, shape: [vocabSize, hiddenSize] }]
  for (let layer = 0; layer < config.layers; layer++) {
    const names = layerNames(layer)
    shapes.push(
      { name: names.attentionNorm, shape: [hiddenSize] },
      { name: names.query, shape: [heads * headDim, hiddenSize] },
      { name: names.key, shape: [kvHeads * headDim, hiddenSize] },
      { name: names.value, shape: [kvHeads * headDim, hiddenSize] },
      { name: names.output, shape: [hiddenSize, heads * headDim] },
      { name: names.mlpNorm, shape: [hiddenSize] },
      { name: names.gate, shape: [intermediateSize, hiddenSize] },
      { name: names.up, shape: [intermediateSize, hiddenSize] },
      { name: names.down, shape: [hiddenSize, intermediateSize] },
    )
  }
  shapes.push({ name: FINAL_NORM, shape: [hiddenSize] })
  if (!config.tied) shapes.push({ name: HEAD, shape: [vocabSize, hiddenSize] })
  return shapes
}
