/** Parameters of a session as the bytes of a safetensors file, adapters merged into their weights. */
import { encodeValues, ROW_BYTES, type RowDtype } from '../checkpoint/row-values'
import { KoVocabError } from '../errors'
import { formatHeader, type TensorEntry } from '../init/safetensors-header'
import type { Session } from './backends/types'
import { adapterOf, mergeLora } from './forms/lora'
import type { Parameter } from './plan/types'

export interface NamedParameter {
  /** In the file. */
  name: string
  parameter: Parameter
}

/** Elements that are written at once. */
const CHUNK = 1 << 20

/**
 * The header, then the values.
 *
 * @throws KoVocabError `bad-file` for a value that is NaN, infinite or too large for the dtype
 */
export async function* weightBytes(
  session: Session,
  stored: readonly NamedParameter[],
  dtype: RowDtype,
): AsyncGenerator<Uint8Array> {
  const entries: TensorEntry[] = []
  let end = 0
  for (const { name, parameter } of stored) {
    const begin = end
    end += parameter.shape.reduce((a, b) => a * b, ROW_BYTES[dtype])
    entries.push({ name, dtype, shape: parameter.shape, begin, end })
  }
  // Without it transformers refuses the file.
  yield formatHeader(entries, { format: 'pt' })
  for (const { name, parameter } of stored) {
    for await (const { values, at } of mergedValues(session, parameter)) {
      const bytes = new Uint8Array(values.length * ROW_BYTES[dtype])
      const wrong = encodeValues(dtype, values, bytes)
      if (wrong >= 0) {
        const what = `${name}: its value ${at + wrong} is ${values[wrong]}, which ${dtype} cannot hold`
        throw new KoVocabError('bad-file', what, 'training has diverged; go back to the last checkpoint')
      }
      yield bytes
    }
  }
}

async function* mergedValues(
  session: Session,
  { name, shape, tensor }: Parameter,
): AsyncGenerator<{ values: Float64Array; at: number }> {
  const { plan } = session
  const { size } = plan.tensors[tensor]
  const adapter = adapterOf(plan, name)
  const columns = shape[shape.length - 1]
  // Whole rows, so that each has its row of B.
  const step = adapter ? Math.max(1, Math.floor(CHUNK / columns)) * columns : CHUNK
  const a = adapter ? await session.read(adapter.a.tensor) : null
  for (let at = 0; at < size; at += step) {
    const values = Float64Array.from(await session.read(tensor, at, Math.min(step, size - at)))
    if (adapter && a) {
      const { rank } = plan.lora!
      const b = await session.read(adapter.b.tensor, (at / columns) * rank, (values.length / columns) * rank)
      mergeLora(values, a, b, plan.lora!)
    }
    yield { values, at }
  }
}
