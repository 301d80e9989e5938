/**
 * The header of a safetensors file (https://github.com/huggingface/safetensors#format): its length as 8 bytes little
 * endian, then JSON that says where in the bytes after it each tensor lies. Read as strictly as the reference
 * implementation does, and with memory bounded by the number of tensors, whatever the bytes are.
 */
import { KoVocabError } from '../errors'
import {
  endJson,
  type JsonCursor,
  peekJson,
  readJsonArray,
  readJsonNatural,
  readJsonObject,
  readJsonString,
} from './json-cursor'

/** Bits an item, in the order in which the reference implementation writes tensors (wide ones first). */
export const DTYPE_BITS: Readonly<Record<string, number>> = {
  ...{ U64: 64, I64: 64, F64: 64, C64: 64, F32: 32, U32: 32, I32: 32, BF16: 16, F16: 16, U16: 16, I16: 16 },
  ...{ F8_E8M0: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, I8: 8, U8: 8, BOOL: 8 },
  ...{ F6_E3M2: 6, F6_E2M3: 6, F4: 4 },
}

export interface TensorEntry {
  name: string
  /** A key of {@link DTYPE_BITS}. */
  dtype: string
  shape: number[]
  /** Bytes from the end of the header. */
  begin: number
  end: number
}

export interface SafeTensorsHeader {
  /** In the order of the header, which need not be that of the data. */
  entries: TensorEntry[]
  metadata: Record<string, string>
  /** Where the data begin, in bytes from the beginning of the file. */
  dataStart: number
}

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000
/** torch knows 64. */
const MAX_DIMENSIONS = 64

type Fail = (what: string) => never

/** @throws KoVocabError `bad-file` */
function failIn(name: string): Fail {
  return (what) => {
    throw new KoVocabError('bad-file', `${name}: ${what}`, 'the file is damaged, or is not a safetensors file')
  }
}

/**
 * Bytes of the header's JSON, so that it can be read next.
 *
 * @param first the first 8 bytes of the file, or all of them if it is shorter
 * @param fileBytes of the whole file
 * @param name the file, for errors
 * @throws KoVocabError `bad-file`
 */
export function headerLength(first: Uint8Array, fileBytes: number, name: string): number {
  const fail = failIn(name)
  if (first.length < 8) fail(`truncated: need 8 bytes for the header length, have ${first.length}`)
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (length > MAX_HEADER_BYTES) fail(`header of ${length} bytes, above the limit of ${MAX_HEADER_BYTES}`)
  const end = 8 + Number(length)
  if (end > fileBytes) fail(`truncated: header ends at byte ${end}, file has ${fileBytes}`)
  return Number(length)
}

/**
 * Reads the header and holds it against the size of the file: every tensor as long as its shape says, no gaps, no
 * overlaps, no bytes left over, no key twice.
 *
 * @param json the bytes after the first 8, as many as {@link headerLength} says
 * @throws KoVocabError `bad-file`; `unsupported` for a dtype that the format does not know
 */
export function parseHeader(json: Uint8Array, fileBytes: number, name: string): SafeTensorsHeader {
  const fail = failIn(name)
  if (json[0] !== 0x7b) fail('header does not begin with {')
  const cursor: JsonCursor = {
    bytes: json,
    at: 0,
    fail: (what) => fail(`header is not JSON as it should be: ${what} (byte ${8 + cursor.at})`),
  }
  const entries: TensorEntry[] = []
  let metadata: Record<string, string> = {}
  readJsonObject(cursor, (key) => {
    if (key === '__metadata__') metadata = readMetadata(cursor, fail)
    else entries.push(readEntry(cursor, key, name, fail))
  })
  endJson(cursor)
  const dataStart = 8 + json.length
  checkLayout(entries, dataStart, fileBytes, fail)
  return { entries, metadata, dataStart }
}

function readMetadata(cursor: JsonCursor, fail: Fail): Record<string, string> {
  const metadata: [string, string][] = []
  const isString = () => peekJson(cursor) === 0x22 || fail('__metadata__ must map strings to strings')
  if (peekJson(cursor) !== 0x7b) fail('__metadata__ must map strings to strings')
  readJsonObject(cursor, (key) => {
    isString()
    metadata.push([key, readJsonString(cursor)])
  })
  return Object.fromEntries(metadata)
}

function readEntry(cursor: JsonCursor, key: string, name: string, fail: Fail): TensorEntry {
  const place = `tensor ${key}`
  let dtype: string | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  const noShape = () => fail(`${place}: no dtype and shape`)
  const noOffsets = () => fail(`${place}: no data_offsets`)
  if (peekJson(cursor) !== 0x7b) noShape()
  readJsonObject(cursor, (field) => {
    if (field === 'dtype') dtype = peekJson(cursor) === 0x22 ? readJsonString(cursor) : noShape()
    else if (field === 'shape') shape = readSizes(cursor, MAX_DIMENSIONS, noShape)
    else if (field === 'data_offsets') offsets = readSizes(cursor, 2, noOffsets)
    else fail(`${place}: has a field ${JSON.stringify(field)}, which the format does not know`)
  })
  if (dtype === undefined || shape === undefined) return noShape()
  if (offsets?.length !== 2) return noOffsets()
  if (!Object.hasOwn(DTYPE_BITS, dtype)) {
    const known = `known: ${Object.keys(DTYPE_BITS).join(', ')}`
    throw new KoVocabError('unsupported', `${name}: ${place} has dtype ${dtype}`, known)
  }
  const [begin, end] = offsets
  const need = tensorBytes(dtype, shape)
  if (end - begin !== need) fail(`${place}: ${dtype} of shape [${shape}] needs ${need} bytes, has ${end - begin}`)
  return { name: key, dtype, shape, begin, end }
}

function readSizes(cursor: JsonCursor, most: number, wrong: () => never): number[] {
  const sizes: number[] = []
  if (peekJson(cursor) !== 0x5b) wrong()
  readJsonArray(cursor, (index) => sizes.push((index < most ? readJsonNatural(cursor) : null) ?? wrong()))
  return sizes
}

/** Bytes of a tensor; not a whole number when sub-byte items do not fill their last byte. */
export function tensorBytes(dtype: string, shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, DTYPE_BITS[dtype]) / 8
}

function checkLayout(entries: readonly TensorEntry[], dataStart: number, fileBytes: number, fail: Fail): void {
  const order = [...entries].sort(byPlace)
  let place = 0
  for (const { name, begin, end } of order) {
    if (begin !== place)
      fail(`tensor ${name} begins at ${begin}, ${begin < place ? 'inside another' : 'after a gap'}: expected ${place}`)
    if (dataStart + end > fileBytes)
      fail(`truncated: tensor ${name} ends at byte ${dataStart + end}, file has ${fileBytes}`)
    place = end
  }
  if (dataStart + place !== fileBytes) fail(`${fileBytes - dataStart - place} bytes after the last tensor`)
}

/** The order of the data. */
export function byPlace(a: TensorEntry, b: TensorEntry): number {
  return a.begin - b.begin || a.end - b.end
}

/**
 * The first bytes of a file: length and header, padded with spaces so that the data begin at a multiple of 8.
 *
 * @param entries in the order in which they shall stand in the header
 * @param metadata left out where it is null
 */
export function formatHeader(
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>> | null,
): Uint8Array {
  const fields = entries.map(
    ({ name, dtype, shape, begin, end }) =>
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`,
  )
  if (metadata) fields.unshift(`"__metadata__":${JSON.stringify(metadata)}`)
  const json = new TextEncoder().encode(`{${fields.join()}}`)
  const length = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}
