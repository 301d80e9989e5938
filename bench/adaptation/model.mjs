/** A small Llama with random weights, as a Hugging Face folder: where an English model of our own begins. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** About a million parameters without the new rows. */
export const SHAPE = {
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
}

/** Norms are 1, all else is drawn from N(0, 0.02²), as transformers begins a Llama. */
export function writeRandomModel(folder, tokenizer, vocabulary, seed) {
  const { hidden_size: d, intermediate_size: f, num_hidden_layers: layers } = SHAPE
  const kv = (d / SHAPE.num_attention_heads) * SHAPE.num_key_value_heads
  const shapes = { 'model.embed_tokens.weight': [vocabulary, d] }
  for (let i = 0; i < layers; i++) {
    const at = `model.layers.${i}`
    Object.assign(shapes, {
      [`${at}.input_layernorm.weight`]: [d],
      [`${at}.self_attn.q_proj.weight`]: [d, d],
      [`${at}.self_attn.k_proj.weight`]: [kv, d],
      [`${at}.self_attn.v_proj.weight`]: [kv, d],
      [`${at}.self_attn.o_proj.weight`]: [d, d],
      [`${at}.post_attention_layernorm.weight`]: [d],
      [`${at}.mlp.gate_proj.weight`]: [f, d],
      [`${at}.mlp.up_proj.weight`]: [f, d],
      [`${at}.mlp.down_proj.weight`]: [d, f],
    })
  }
  Object.assign(shapes, { 'model.norm.weight': [d], 'lm_head.weight': [vocabulary, d] })
  const header = { __metadata__: { format: 'pt' } }
  let end = 0
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = shape.reduce((a, b) => a * b, 4)
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] }
    end += bytes
  }
  const normal = normals(seed)
  const values = new Float32Array(end / 4)
  for (const [name, { shape, data_offsets: range }] of Object.entries(header)) {
    if (name === '__metadata__') continue
    for (let i = range[0] / 4; i < range[1] / 4; i++) values[i] = shape.length === 1 ? 1 : 0.02 * normal()
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, json, Buffer.from(values.buffer)]))
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    ...SHAPE,
    vocab_size: vocabulary,
    torch_dtype: 'float32',
  }
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  for (const name of readdirSync(tokenizer).filter((name) => /^(tokenizer|special_tokens)/.test(name)))
    copyFileSync(join(tokenizer, name), join(folder, name))
}

/** Standard normal numbers: xorshift32 and Box–Muller. */
function normals(seed) {
  let state = (seed * 2654435761) >>> 0 || 1
  const uniform = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return (state + 1) / 4294967297
  }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
