/** Frozen weights of a run that stores them in half, as they lie in the model's folder. Node only. */
import { open } from 'node:fs/promises'
import { readAt } from '../../checkpoint/open-checkpoint'
import { decodeValues, ROW_BYTES } from '../../checkpoint/row-values'
import { asIoError } from '../../corpus/atomic'
import type { Session } from '../backends/types'
import type { ParameterOrigin } from '../forms/block-expansion'
import type { ModelFolder, TensorPlace } from '../load'
import type { TensorId } from '../plan/types'

/**
 * The same session for those who save it: what it rounded to halves when it was loaded is read from where it came from,
 * so that what has not trained is saved as it was, to the last bit.
 */
export function withFrozenWeights(
  session: Session,
  model: ModelFolder,
  origins?: ReadonlyMap<string, ParameterOrigin>,
): Session {
  const { tensors, parameters } = session.plan
  const places = new Map<TensorId, TensorPlace>()
  for (const { name, tensor } of parameters) {
    const origin = origins?.get(name)
    const place = origin?.kind === 'zeros' ? undefined : model.places.get(origin?.name ?? name)
    if (tensors[tensor].half && place) places.set(tensor, place)
  }
  return {
    ...session,
    async read(tensor, offset = 0, length) {
      const place = places.get(tensor)
      return place
        ? readPlace(place, offset, length ?? tensors[tensor].size - offset)
        : session.read(tensor, offset, length)
    },
  }
}

async function readPlace({ shard, entry, dtype }: TensorPlace, offset: number, length: number) {
  const each = ROW_BYTES[dtype]
  const handle = await open(shard.path, 'r').catch((error: unknown) => {
    throw asIoError(error, shard.path, 'read')
  })
  try {
    const at = shard.dataStart + entry.begin + offset * each
    const values = dtype === 'F64' ? new Float64Array(length) : new Float32Array(length)
    decodeValues(dtype, await readAt(handle, at, length * each, shard.path), values)
    return values
  } finally {
    await handle.close()
  }
}
