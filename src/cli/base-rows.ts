/** Matrices for `compare-init`: embeddings out of a checkpoint, hidden states out of a file. */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { findEmbeddings, type VocabTensor } from '../checkpoint/embeddings'
import { openCheckpoint, readAt } from '../checkpoint/open-checkpoint'
import { decodeValues, ROW_BYTES } from '../checkpoint/row-values'
import { asIoError } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import type { BaseRows } from '../init/compare'
import { decodeSafeTensors } from '../init/safetensors'

export interface Matrices {
  input: BaseRows
  /** The same as `input` when the embeddings are tied. */
  output: BaseRows
  tied: boolean
}

const BLOCK_BYTES = 16 << 20

/**
 * The whole input and output matrices of a model folder as float32.
 *
 * @throws KoVocabError `io`, `bad-file`, `mismatch`, `unsupported`
 */
export async function readMatrices(folder: string, baseRows: number): Promise<Matrices> {
  const checkpoint = await openCheckpoint(folder)
  const entries = checkpoint.shards.flatMap((shard) => shard.entries)
  const { tensors, input, output, tied } = findEmbeddings(entries, checkpoint.config, baseRows, {}, folder)
  const read = async (name: string): Promise<BaseRows> => {
    const tensor = tensors.find((one) => one.name === name)!
    const shard = checkpoint.shards.find((one) => one.entries.some((entry) => entry.name === name))!
    const entry = shard.entries.find((one) => one.name === name)!
    return readTensor(shard.path, shard.dataStart + entry.begin, tensor)
  }
  const inputRows = await read(input)
  return { input: inputRows, output: output === null || tied ? inputRows : await read(output), tied }
}

async function readTensor(path: string, start: number, { dtype, rows, columns }: VocabTensor): Promise<BaseRows> {
  const data = new Float32Array(rows * columns)
  const step = Math.max(1, Math.floor(BLOCK_BYTES / ROW_BYTES[dtype]))
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    for (let at = 0; at < data.length; at += step) {
      const bytes = Math.min(step, data.length - at) * ROW_BYTES[dtype]
      decodeValues(dtype, await readAt(handle, start + at * ROW_BYTES[dtype], bytes, path), data, at)
    }
  } catch (error) {
    throw asIoError(error, path, 'read')
  } finally {
    await handle?.close()
  }
  return { rows, dim: columns, data }
}

/**
 * The only tensor of a safetensors file: F32 [states, size].
 *
 * @throws KoVocabError `io`, `bad-file`, `mismatch`, `unsupported`
 */
export async function readHiddenStates(path: string): Promise<BaseRows> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  const tensors = Object.entries(decodeSafeTensors(new Uint8Array(bytes), path).tensors)
  const [name, tensor] = tensors[0] ?? []
  if (tensors.length !== 1 || tensor?.dtype !== 'F32' || tensor.shape.length !== 2) {
    const what = tensors.map(([key, { dtype, shape }]) => `${key} ${dtype} [${shape}]`).join(', ')
    throw new KoVocabError('mismatch', `${path}: holds ${what || 'nothing'}`, 'save one F32 tensor [states, size]')
  }
  const odd = tensor.data.findIndex((value) => !Number.isFinite(value))
  if (odd >= 0) throw new KoVocabError('bad-file', `${path}: ${name} has ${tensor.data[odd]} at value ${odd}`)
  return { rows: tensor.shape[0], dim: tensor.shape[1], data: tensor.data }
}
