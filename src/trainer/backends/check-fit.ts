import { KoVocabError } from '../../errors'
import type { Tensor } from '../plan/types'
import type { Values } from './types'

/** @throws KoVocabError `bad-option` when `data` is of another kind than the tensor, or reaches beyond its end */
export function checkFit({ name, dtype, shape, size }: Tensor, data: Values, offset: number): void {
  const isInteger = data instanceof Int32Array
  if (isInteger !== (dtype === 'i32')) {
    throw new KoVocabError('bad-option', `${name} holds ${dtype}, not the values of a ${data.constructor.name}`)
  }
  if (Number.isSafeInteger(offset) && offset >= 0 && offset + data.length <= size) return
  const what = `${data.length} values from ${offset} on do not fit into ${name} [${shape}]`
  throw new KoVocabError('bad-option', what)
}
