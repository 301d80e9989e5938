/** A written model read back in the plainest way: whole, and by other code than what wrote it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ReadTensor {
  file: string
  dtype: string
  shape: number[]
  bytes: Buffer
}

interface HeaderEntry {
  dtype: string
  shape: number[]
  data_offsets: [number, number]
}

export interface ReadModel {
  tensors: Record<string, ReadTensor>
  config: Record<string, unknown>
  /** Of each file. */
  headers: Record<string, Record<string, HeaderEntry>>
}

export function readModel(folder: string): ReadModel {
  const tensors: ReadModel['tensors'] = {}
  const headers: ReadModel['headers'] = {}
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.safetensors'))) {
    const bytes = readFileSync(join(folder, file))
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    const header: Record<string, HeaderEntry> = JSON.parse(bytes.subarray(8, start).toString())
    headers[file] = header
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
      if (name === '__metadata__') continue
      const [begin, end] = data_offsets
      tensors[name] = { file, dtype, shape, bytes: bytes.subarray(start + begin, start + end) }
    }
  }
  return { tensors, headers, config: JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) }
}

/** Row `row` of a matrix, as numbers. */
export function rowOf({ dtype, shape, bytes }: ReadTensor, row: number): number[] {
  const columns = shape[1] ?? 1
  return Array.from({ length: columns }, (_, c) => {
    const i = row * columns + c
    if (dtype === 'F64') return bytes.readDoubleLE(i * 8)
    if (dtype === 'F32') return bytes.readFloatLE(i * 4)
    const bits = bytes.readUInt16LE(i * 2)
    if (dtype === 'BF16') {
      const wide = Buffer.alloc(4)
      wide.writeUInt16LE(bits, 2)
      return wide.readFloatLE(0)
    }
    const exponent = (bits >> 10) & 31
    const size = exponent === 0 ? (bits & 1023) / 2 ** 24 : (1 + (bits & 1023) / 1024) * 2 ** (exponent - 15)
    return bits & 0x8000 ? -size : size
  })
}
