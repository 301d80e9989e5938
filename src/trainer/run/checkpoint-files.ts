/** Checkpoints of a run as folders: state, weights and moments. Node only. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openShard, type Shard } from '../../checkpoint/open-checkpoint'
import { encodeValues, isRowDtype, ROW_BYTES, type RowDtype } from '../../checkpoint/row-values'
import { asIoError, withTemporaryFolder, writeFileAtomic } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import { formatHeader, type TensorEntry } from '../../init/safetensors-header'
import type { Session } from '../backends/types'
import { writeTensor } from '../load'
import type { TensorId } from '../plan/types'
import type { RunIdentity } from './identity'
import { type RunState, readRunState } from './state'
import type { CheckpointStore } from './types'

export interface CheckpointFolder {
  folder: string
  state: RunState
  identity: RunIdentity
}

const STATE = 'state.json'
const TENSORS = 'tensors.safetensors'
/** Elements that are read and written at once. */
const CHUNK = 1 << 20
const MOMENTS = { firstMoment: 'first_moment.', secondMoment: 'second_moment.' } as const

/**
 * Writes `<folder>/step-<n>`, under a temporary name until all of it is on disk, and then removes all but the last
 * `keep`. Weights and moments are stored as the session gives them (float32; float64 of the reference), so that nothing
 * is rounded; moments only of the rows that train, weights only of parameters that have trained since the run began.
 */
export function checkpointFiles(folder: string, identity: RunIdentity, keep: number): CheckpointStore {
  return {
    async save(session, state, parameters) {
      const place = join(folder, nameOf(state.step))
      const tensors = storedTensors(session, parameters, state.stageStep > 0)
      await withTemporaryFolder(
        place,
        async (temporary) => {
          await writeFileAtomic(join(temporary, TENSORS), bytesOf(session, tensors))
          await writeFileAtomic(join(temporary, STATE), `${JSON.stringify({ state, identity }, null, 2)}\n`)
        },
        { replace: true },
      )
      await removeOld(folder, keep)
      return place
    },
    async load(session, state) {
      await loadTensors(session, await openShard(join(folder, nameOf(state.step)), TENSORS), state.stageStep > 0)
    },
  }
}

/**
 * The last checkpoint of a run; null where there is none.
 *
 * @throws KoVocabError `io`, `bad-file`
 */
export async function lastCheckpoint(folder: string): Promise<CheckpointFolder | null> {
  const names = await checkpointNames(folder)
  if (names.length === 0) return null
  const place = join(folder, names[names.length - 1])
  const path = join(place, STATE)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  const damaged = () =>
    new KoVocabError('bad-file', `${path}: is damaged`, `remove ${place}; an earlier one may be there`)
  let value: { state?: unknown; identity?: unknown }
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged()
  }
  if (typeof value?.identity !== 'object' || value.identity === null) throw damaged()
  return { folder: place, state: readRunState(value.state, path), identity: value.identity as RunIdentity }
}

const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}`

async function checkpointNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw asIoError(error, folder, 'read')
  })
  return names.filter((name) => /^step-\d{8,}$/.test(name)).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
}

/** And what killed runs have left: the folder is of one run. */
async function removeOld(folder: string, keep: number): Promise<void> {
  const names = await checkpointNames(folder)
  const halves = (await readdir(folder)).filter((name) => /^\.step-\d+\.[0-9a-f]{12}\.(tmp|old)$/.test(name))
  for (const name of [...names.slice(0, Math.max(0, names.length - keep)), ...halves])
    await rm(join(folder, name), { recursive: true, force: true })
}

interface StoredTensor {
  name: string
  shape: number[]
  tensor: TensorId
}

function storedTensors({ plan }: Session, parameters: readonly string[], moments: boolean): StoredTensor[] {
  const stored: StoredTensor[] = []
  for (const { name, shape, tensor, trained } of plan.parameters) {
    if (parameters.includes(name)) stored.push({ name, shape, tensor })
    if (!moments || !trained) continue
    for (const [key, prefix] of Object.entries(MOMENTS)) {
      const moment = trained[key as keyof typeof MOMENTS]
      stored.push({ name: prefix + name, shape: plan.tensors[moment].shape, tensor: moment })
    }
  }
  return stored
}

async function* bytesOf(session: Session, tensors: readonly StoredTensor[]): AsyncGenerator<Uint8Array> {
  const probe = await session.read(tensors[0].tensor, 0, 1)
  const dtype: RowDtype = probe instanceof Float64Array ? 'F64' : 'F32'
  const entries: TensorEntry[] = []
  let end = 0
  for (const { name, shape } of tensors) {
    const begin = end
    end += shape.reduce((a, b) => a * b, ROW_BYTES[dtype])
    entries.push({ name, dtype, shape, begin, end })
  }
  yield formatHeader(entries, { format: 'pt' })
  for (const { name, tensor } of tensors) {
    const { size } = session.plan.tensors[tensor]
    for (let at = 0; at < size; at += CHUNK) {
      const values = Float64Array.from(await session.read(tensor, at, Math.min(CHUNK, size - at)))
      const bytes = new Uint8Array(values.length * ROW_BYTES[dtype])
      const wrong = encodeValues(dtype, values, bytes)
      if (wrong >= 0) {
        const what = `${name}: its value ${at + wrong} is ${values[wrong]}, and no checkpoint is made of that`
        throw new KoVocabError('diverged', what, 'go back to the last checkpoint with a lower --learning-rate')
      }
      yield bytes
    }
  }
}

async function loadTensors(session: Session, shard: Shard, moments: boolean): Promise<void> {
  const everything = session.plan.parameters.map(({ name }) => name)
  const known = new Map(storedTensors(session, everything, moments).map((stored) => [stored.name, stored]))
  const needed = new Set([...known.keys()].filter(isMoment))
  const hint = 'remove this checkpoint; an earlier one may be there'
  for (const entry of shard.entries) {
    const { name, dtype, shape } = entry
    const stored = known.get(name)
    if (!stored || stored.shape.join() !== shape.join() || !isRowDtype(dtype)) {
      throw new KoVocabError('mismatch', `${shard.path}: ${name} ${dtype} [${shape}] is not of this run`, hint)
    }
    await writeTensor(session, stored.tensor, { shard, entry, dtype })
    needed.delete(name)
  }
  const [missing] = needed
  if (missing !== undefined) throw new KoVocabError('bad-file', `${shard.path}: has no ${missing}`, hint)
}

const isMoment = (name: string): boolean => Object.values(MOMENTS).some((prefix) => name.startsWith(prefix))
