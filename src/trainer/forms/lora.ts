/** What adapters begin with, and how they go into the weights. */
import { philox } from '../../init/philox'
import type { Session } from '../backends/types'
import type { Parameter, Plan } from '../plan/types'
import { loraName, loraWeightOf } from './lora-names'

/** Philox keys of the init methods end in 0 or 1, of the data's shuffle in 2. */
const PURPOSE = 3

/**
 * A as PEFT begins it: torch's `kaiming_uniform_(a=√5)`, which for [rank, inputs] is uniform between -1/√inputs and
 * 1/√inputs. The numbers are Philox's, 4i to 4i + 3 at counter (i, index, 0, 0) and key (seed, 3): (w + 0.5) / 2^31 - 1.
 *
 * @param index of the adapter among all, in the order of the model
 */
export function loraInitialValues(rank: number, inputs: number, seed: number, index: number): Float32Array {
  const bound = 1 / Math.sqrt(inputs)
  const values = new Float32Array(rank * inputs)
  for (let at = 0; at < values.length; at += 4) {
    const words = philox([at / 4, index, 0, 0], [seed | 0, PURPOSE])
    for (let i = 0; i < 4 && at + i < values.length; i++) values[at + i] = ((words[i] + 0.5) / 2 ** 31 - 1) * bound
  }
  return values
}

/** Writes every A, and zeros to every B, so that the model computes what it did without adapters. */
export function beginLora(session: Session, seed: number): void {
  let index = 0
  for (const { name, shape, tensor } of session.plan.parameters) {
    const part = loraWeightOf(name)?.part
    if (part === 'A') session.write(tensor, loraInitialValues(shape[0], shape[1], seed, index++))
    if (part === 'B') session.write(tensor, new Float32Array(shape[0] * shape[1]))
  }
}

/** The two parameters beside a weight; null where it has no adapter. */
export function adapterOf({ parameters, lora }: Plan, weight: string): { a: Parameter; b: Parameter } | null {
  if (!lora) return null
  const find = (part: 'A' | 'B') => parameters.find(({ name }) => name === loraName(weight, part))
  const [a, b] = [find('A'), find('B')]
  return a && b ? { a, b } : null
}

/**
 * `W += scale · B · A`, in place, for some rows of W.
 *
 * @param weight [rows, inputs]
 * @param a [rank, inputs]
 * @param b [rows, rank]
 */
export function mergeLora(
  weight: Float64Array,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { rank, scale }: { rank: number; scale: number },
): void {
  const inputs = a.length / rank
  for (let row = 0; row * inputs < weight.length; row++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[row * rank + r]
      if (factor === 0) continue
      const [to, from] = [row * inputs, r * inputs]
      for (let c = 0; c < inputs; c++) weight[to + c] += factor * a[from + c]
    }
  }
}
