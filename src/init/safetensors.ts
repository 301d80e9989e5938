/**
 * safetensors files held in memory (https://github.com/huggingface/safetensors#format): the length of the header as
 * 8 bytes little endian, the header as JSON, then the tensors one after another without gaps.
 */
import { KoVocabError } from '../errors'
import { byPlace, DTYPE_BITS, formatHeader, headerLength, parseHeader, type TensorEntry } from './safetensors-header'

export type Tensor =
  | { dtype: 'I32'; shape: number[]; data: Int32Array }
  | { dtype: 'F32'; shape: number[]; data: Float32Array }
  | { dtype: 'F64'; shape: number[]; data: Float64Array }
  | { dtype: 'I64'; shape: number[]; data: BigInt64Array }

export interface SafeTensors {
  tensors: Record<string, Tensor>
  metadata: Record<string, string>
}

const ITEM_BYTES = { I64: 8, F64: 8, F32: 4, I32: 4 } as const

/**
 * The bytes of a file. As the reference implementation does it: tensors by dtype, wide ones first, and then by name, so
 * that each is aligned; the header padded with spaces to a multiple of 8. Metadata keys are sorted: equal data, equal bytes.
 *
 * @throws KoVocabError `bad-option` when a shape does not fit its data
 */
export function encodeSafeTensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const order = Object.keys(DTYPE_BITS)
  const names = Object.keys(tensors).sort(
    (a, b) => order.indexOf(tensors[a].dtype) - order.indexOf(tensors[b].dtype) || (a < b ? -1 : 1),
  )
  const entries: TensorEntry[] = []
  let end = 0
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]
    if (name === '__metadata__' || shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new KoVocabError('bad-option', `tensor ${name} of shape [${shape}] cannot hold ${data.length} values`)
    }
    entries.push({ name, dtype, shape, begin: end, end: end + data.byteLength })
    end += data.byteLength
  }
  const header = formatHeader(
    entries,
    Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  )
  const file = new Uint8Array(header.length + end)
  file.set(header)
  const view = new DataView(file.buffer)
  let at = header.length
  for (const name of names) {
    const { dtype, data } = tensors[name]
    // Value by value, so that the file is little endian on any machine.
    for (let i = 0; i < data.length; i++, at += ITEM_BYTES[dtype]) {
      if (dtype === 'I32') view.setInt32(at, data[i] as number, true)
      else if (dtype === 'F32') view.setFloat32(at, data[i] as number, true)
      else if (dtype === 'F64') view.setFloat64(at, data[i] as number, true)
      else view.setBigInt64(at, data[i] as bigint, true)
    }
  }
  return file
}

/**
 * Reads a file of I32, F32, F64 and I64 tensors. As strict as the reference implementation: no gaps, no overlaps, no
 * bytes left over, no key twice.
 *
 * @param name the file, for errors
 * @throws KoVocabError `bad-file`, or `unsupported` for another dtype
 */
export function decodeSafeTensors(file: Uint8Array, name: string): SafeTensors {
  const length = headerLength(file.subarray(0, 8), file.length, name)
  const { entries, metadata, dataStart } = parseHeader(file.subarray(8, 8 + length), file.length, name)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const tensors: Record<string, Tensor> = Object.create(null)
  for (const { name: key, dtype, shape, begin, end } of entries.sort(byPlace)) {
    if (!isHeld(dtype)) {
      const known = `known: ${Object.keys(ITEM_BYTES).join(', ')}`
      throw new KoVocabError('unsupported', `${name}: tensor ${key} has dtype ${dtype}`, known)
    }
    tensors[key] = readTensor(view, dataStart + begin, dtype, shape, (end - begin) / ITEM_BYTES[dtype])
  }
  return { tensors, metadata }
}

function isHeld(dtype: string): dtype is Tensor['dtype'] {
  return Object.hasOwn(ITEM_BYTES, dtype)
}

function readTensor(view: DataView, at: number, dtype: Tensor['dtype'], shape: number[], length: number): Tensor {
  const step = ITEM_BYTES[dtype]
  if (dtype === 'I32')
    return { dtype, shape, data: Int32Array.from({ length }, (_, i) => view.getInt32(at + i * step, true)) }
  if (dtype === 'F32')
    return { dtype, shape, data: Float32Array.from({ length }, (_, i) => view.getFloat32(at + i * step, true)) }
  if (dtype === 'F64')
    return { dtype, shape, data: Float64Array.from({ length }, (_, i) => view.getFloat64(at + i * step, true)) }
  return { dtype, shape, data: BigInt64Array.from({ length }, (_, i) => view.getBigInt64(at + i * step, true)) }
}
