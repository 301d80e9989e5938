/** Small Llama models written by our own writer, and a base, an extension and an init map that go with them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeValues, ROW_BYTES, type RowDtype } from '../../src/checkpoint/row-values'
import { extendTokenizer } from '../../src/extend/extend'
import { padTokenizer } from '../../src/extend/pad'
import { buildInitMap, type InitMap } from '../../src/init/init-map'
import { writeInitMap } from '../../src/init/init-map-file'
import { formatHeader, type TensorEntry } from '../../src/init/safetensors-header'
import { segmentPiece } from '../../src/init/segment'
import type { LearnedPiece } from '../../src/merges/types'
import { createEncoder } from '../../src/tokenizer/encoder'
import { saveTokenizer } from '../../src/tokenizer/save'
import type { Tokenizer } from '../../src/tokenizer/types'
import { smallSentencePiece } from '../merges/small'

export interface ModelShape {
  /** Of the embedding and output matrices. */
  rows: number
  dtype?: RowDtype
  hidden?: number
  layers?: number
  tied?: boolean
  /** Files; the tensors are dealt out in the order of the model. */
  shards?: number
  config?: Record<string, unknown>
  seed?: number
}

export interface NamedTensor {
  name: string
  dtype: RowDtype
  shape: number[]
  values: Float64Array
}

/** Numbers between -1 and 1, the same for the same seed. */
export function randomValues(count: number, seed: number): Float64Array {
  let state = (seed + 1) * 2_654_435_769
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** In the order of a Llama checkpoint: embedding, layers, norm, output. */
export function llamaTensors({
  rows,
  dtype = 'F32',
  hidden = 16,
  layers = 1,
  tied,
  seed = 0,
}: ModelShape): NamedTensor[] {
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [rows, hidden]]]
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`
    shapes.push([`${at}.input_layernorm.weight`, [hidden]])
    for (const name of ['down', 'gate', 'up']) {
      shapes.push([`${at}.mlp.${name}_proj.weight`, name === 'down' ? [hidden, 2 * hidden] : [2 * hidden, hidden]])
    }
    shapes.push([`${at}.post_attention_layernorm.weight`, [hidden]])
    for (const name of ['k', 'o', 'q', 'v']) shapes.push([`${at}.self_attn.${name}_proj.weight`, [hidden, hidden]])
  }
  shapes.push(['model.norm.weight', [hidden]])
  if (!tied) shapes.push(['lm_head.weight', [rows, hidden]])
  return shapes.map(([name, shape], i) => {
    const values = randomValues(
      shape.reduce((a, b) => a * b, 1),
      seed + i,
    )
    return { name, dtype, shape, values: shape.length === 1 ? values.fill(1) : values.map((value) => value / 4) }
  })
}

/** The bytes of one safetensors file, in the order given. */
export function safetensorsOf(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string> | null = { format: 'pt' },
): Uint8Array {
  const entries: TensorEntry[] = []
  let end = 0
  for (const { name, dtype, shape, values } of tensors) {
    const bytes = values.length * ROW_BYTES[dtype]
    entries.push({ name, dtype, shape, begin: end, end: end + bytes })
    end += bytes
  }
  const header = formatHeader(entries, metadata)
  const file = new Uint8Array(header.length + end)
  file.set(header)
  tensors.forEach(({ dtype, values }, i) => {
    const { begin, end } = entries[i]
    if (encodeValues(dtype, values, file.subarray(header.length + begin, header.length + end)) >= 0)
      throw new Error('a value does not fit')
  })
  return file
}

/** config.json as `transformers` writes it, with numbers that a careless rewrite would change. */
export function llamaConfig({
  rows,
  hidden = 16,
  layers = 1,
  tied = false,
  config = {},
  dtype = 'F32',
}: ModelShape): string {
  const names = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' }
  const fields = {
    architectures: ['LlamaForCausalLM'],
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: 'silu',
    hidden_size: hidden,
    intermediate_size: 2 * hidden,
    max_position_embeddings: 256,
    model_type: 'llama',
    num_attention_heads: 2,
    num_hidden_layers: layers,
    num_key_value_heads: 2,
    tie_word_embeddings: tied,
    torch_dtype: names[dtype],
    vocab_size: rows,
    ...config,
  }
  const text = JSON.stringify(fields, null, 2)
  return `${text.replace('{', '{\n  "rms_norm_eps": 1e-05,\n  "attention_dropout": 0.0,')}\n`
}

/** A model without tokenizer. */
export function writeModel(folder: string, shape: ModelShape): NamedTensor[] {
  const { shards = 1 } = shape
  mkdirSync(folder, { recursive: true })
  const tensors = llamaTensors(shape)
  writeFileSync(join(folder, 'config.json'), llamaConfig(shape))
  writeFileSync(join(folder, 'generation_config.json'), '{\n  "bos_token_id": 1,\n  "eos_token_id": 2\n}\n')
  if (shards === 1) {
    writeFileSync(join(folder, 'model.safetensors'), safetensorsOf(tensors))
    return tensors
  }
  const weightMap: Record<string, string> = {}
  const each = Math.ceil(tensors.length / shards)
  const pad = (n: number) => String(n).padStart(5, '0')
  for (let n = 0; n < shards; n++) {
    const file = `model-${pad(n + 1)}-of-${pad(shards)}.safetensors`
    const part = tensors.slice(n * each, (n + 1) * each)
    writeFileSync(join(folder, file), safetensorsOf(part))
    for (const { name } of part) weightMap[name] = file
  }
  const items = tensors.reduce((sum, { values }) => sum + values.length, 0)
  const total = tensors.reduce((sum, { values, dtype }) => sum + values.length * ROW_BYTES[dtype], 0)
  const index = { metadata: { total_parameters: items, total_size: total }, weight_map: weightMap }
  writeFileSync(join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`)
  return tensors
}

export interface Extension {
  base: Tokenizer
  extended: Tokenizer
  map: InitMap
}

const piece = (text: string, left: string | null = null, right: string | null = null): LearnedPiece => ({
  piece: text,
  left,
  right,
  count: 1,
})

/** A base with a few syllables, 7 new pieces and padding up to a multiple of 16; input by mean, output by first. */
export function smallExtension(padTo = 16): Extension {
  const base = smallSentencePiece(['가', '나', '가나'])
  const pieces = [
    ...[piece('다'), piece('라'), piece('마'), piece('나다', '나', '다'), piece('가나다', '가', '나다')],
    ...[piece('라마', '라', '마'), piece('나라마', '나', '라마')],
  ]
  const plain = extendTokenizer(base, { pieces, meta: {} })
  const { tokenizer: extended, paddingIds } = padTokenizer(plain, padTo)
  return { base, extended, map: mapOf(base, extended, paddingIds) }
}

export function mapOf(base: Tokenizer, extended: Tokenizer, paddingIds: number[]): InitMap {
  const encoder = createEncoder(base)
  const segment = (id: number) => [...segmentPiece(encoder, extended.pieces[id])]
  return buildInitMap({ base, extended, paddingIds, inputMethod: 'mean', outputMethod: 'first', segment })
}

/** Folders `base` (the model with its tokenizer) and `extended`, and `init-map.safetensors`, below `folder`. */
export async function layOut(
  folder: string,
  shape: Partial<ModelShape> = {},
  extension = smallExtension(),
): Promise<
  Extension & { tensors: NamedTensor[]; checkpoint: string; tokenizer: string; initMap: string; out: string }
> {
  const checkpoint = join(folder, 'base')
  const tokenizer = join(folder, 'extended')
  const initMap = join(folder, 'init-map.safetensors')
  await saveTokenizer(extension.base, checkpoint)
  const tensors = writeModel(checkpoint, { rows: extension.base.pieces.length, ...shape })
  await saveTokenizer(extension.extended, tokenizer)
  writeFileSync(initMap, writeInitMap(extension.map))
  return { ...extension, tensors, checkpoint, tokenizer, initMap, out: join(folder, 'out') }
}
