/**
 * safetensors files held in memory (https://github.com/huggingface/safetensors#format): the length of the header as
 * 8 bytes little endian, the header as JSON, then the tensors one after another without gaps.
 */
import { KoVocabError } from '../errors'

export type Tensor =
  | { dtype: 'I32'; shape: number[]; data: Int32Array }
  | { dtype: 'F32'; shape: number[]; data: Float32Array }
  | { dtype: 'F64'; shape: number[]; data: Float64Array }
  | { dtype: 'I64'; shape: number[]; data: BigInt64Array }

export interface SafeTensors {
  tensors: Record<string, Tensor>
  metadata: Record<string, string>
}

/** In the order in which the reference implementation writes tensors. */
const ITEM_BYTES = { I64: 8, F64: 8, F32: 4, I32: 4 } as const
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000

/**
 * The bytes of a file. As the reference implementation does it: tensors by dtype, wide ones first, and then by name, so
 * that each is aligned; the header padded with spaces to a multiple of 8. Metadata keys are sorted: equal data, equal bytes.
 *
 * @throws KoVocabError `bad-option` when a shape does not fit its data
 */
export function encodeSafeTensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const order = Object.keys(ITEM_BYTES)
  const names = Object.keys(tensors).sort(
    (a, b) => order.indexOf(tensors[a].dtype) - order.indexOf(tensors[b].dtype) || (a < b ? -1 : 1),
  )
  const header: Record<string, unknown> = Object.create(null)
  header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  let end = 0
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]
    if (name === '__metadata__' || shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new KoVocabError('bad-option', `tensor ${name} of shape [${shape}] cannot hold ${data.length} values`)
    }
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(json.length / 8) * 8
  const file = new Uint8Array(8 + headerBytes + end)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(headerBytes), true)
  file.fill(0x20, 8, 8 + headerBytes)
  file.set(json, 8)
  let at = 8 + headerBytes
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
  const fail = (what: string): never => {
    throw new KoVocabError('bad-file', `${name}: ${what}`, 'the file is damaged, or is not a safetensors file')
  }
  if (file.length < 8) fail(`truncated: need 8 bytes for the header length, have ${file.length}`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headerBytes = view.getBigUint64(0, true)
  if (headerBytes > MAX_HEADER_BYTES) fail(`header of ${headerBytes} bytes, above the limit of ${MAX_HEADER_BYTES}`)
  const start = 8 + Number(headerBytes)
  if (start > file.length) fail(`truncated: header ends at byte ${start}, file has ${file.length}`)
  const header = parseHeader(file.subarray(8, start), fail)
  const metadata: Record<string, string> = {}
  const entries: { key: string; dtype: Tensor['dtype']; shape: number[]; begin: number; end: number }[] = []
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') Object.assign(metadata, checkMetadata(value, fail))
    else entries.push({ key, ...checkEntry(key, value, name, fail) })
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  const tensors: Record<string, Tensor> = Object.create(null)
  let place = 0
  for (const { key, dtype, shape, begin, end } of entries) {
    if (begin !== place)
      fail(`tensor ${key} begins at ${begin}, ${begin < place ? 'inside another' : 'after a gap'}: expected ${place}`)
    if (start + end > file.length) fail(`truncated: tensor ${key} ends at byte ${start + end}, file has ${file.length}`)
    tensors[key] = readTensor(view, start + begin, dtype, shape, (end - begin) / ITEM_BYTES[dtype])
    place = end
  }
  if (start + place !== file.length) fail(`${file.length - start - place} bytes after the last tensor`)
  return { tensors, metadata }
}

type Fail = (what: string) => never

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail('header does not begin with {')
  let text = ''
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    header = JSON.parse(text)
  } catch (error) {
    fail(`header is not JSON: ${(error as Error).message}`)
  }
  const twice = duplicateKey(text)
  if (twice !== null) fail(`header has the key ${twice} twice`)
  return header as Record<string, unknown>
}

/**
 * The first key (as JSON) that an object holds twice, null if none does: JSON.parse would take the last in silence.
 * Only for text that JSON.parse accepts.
 */
function duplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    else if (token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, -1)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) return JSON.stringify(key)
      keys?.add(key)
    }
  }
  return null
}

function checkMetadata(value: unknown, fail: Fail): Record<string, string> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isRecord || !Object.values(value).every((entry) => typeof entry === 'string'))
    fail('__metadata__ must map strings to strings')
  return value as Record<string, string>
}

function checkEntry(key: string, value: unknown, name: string, fail: Fail) {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isSize))
    fail(`tensor ${key}: no dtype and shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) fail(`tensor ${key}: no data_offsets`)
  if (!Object.hasOwn(ITEM_BYTES, dtype as string)) {
    throw new KoVocabError(
      'unsupported',
      `${name}: tensor ${key} has dtype ${dtype}`,
      `known: ${Object.keys(ITEM_BYTES).join(', ')}`,
    )
  }
  const [begin, end] = offsets as [number, number]
  const need = (shape as number[]).reduce((a, b) => a * b, ITEM_BYTES[dtype as Tensor['dtype']])
  if (end - begin !== need) fail(`tensor ${key}: ${dtype} of shape [${shape}] needs ${need} bytes, has ${end - begin}`)
  return { dtype: dtype as Tensor['dtype'], shape: shape as number[], begin, end }
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
