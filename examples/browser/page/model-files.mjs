/** A model as Hugging Face's files: config.json and model.safetensors, read and written. */
import { readLlamaConfig } from 'ko-vocab/trainer'

export const readConfig = (text) => readLlamaConfig(text, 'config.json')

/** config.json for a vocabulary: its size, and where texts begin and end. */
export function configText(shape, tokenizer) {
  const idOf = (content) => tokenizer.addedTokens.find((token) => token.content === content)?.id
  const own = {
    vocab_size: tokenizer.pieces.length,
    bos_token_id: idOf('<|begin_of_text|>'),
    eos_token_id: idOf('<|end_of_text|>'),
    torch_dtype: 'float32',
  }
  return `${JSON.stringify({ ...shape, ...own }, null, 2)}\n`
}

/**
 * https://github.com/huggingface/safetensors#format: 8 bytes of length, a header in JSON, the values.
 *
 * @param {Map<string, {shape: number[], values: Float32Array}>} weights
 * @returns {Uint8Array}
 */
export function encodeWeights(weights) {
  const header = { __metadata__: { format: 'pt' } }
  let end = 0
  for (const [name, { shape, values }] of weights) {
    const begin = end
    end += values.byteLength
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] }
  }
  const text = JSON.stringify(header)
  // Spaces to a multiple of 8, so that the values are aligned.
  const head = new TextEncoder().encode(text + ' '.repeat(-text.length & 7))
  const file = new Uint8Array(8 + head.length + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true)
  file.set(head, 8)
  let at = 8 + head.length
  for (const { values } of weights.values()) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
    at += values.byteLength
  }
  return file
}

/** @param {ArrayBuffer} file what {@link encodeWeights} wrote */
export function decodeWeights(file) {
  const length = Number(new DataView(file).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)))
  const weights = new Map()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue
    if (dtype !== 'F32') throw new Error(`${name} holds ${dtype}; this page reads F32`)
    const [begin, end] = data_offsets
    weights.set(name, { shape, values: new Float32Array(file.slice(8 + length + begin, 8 + length + end)) })
  }
  return weights
}
