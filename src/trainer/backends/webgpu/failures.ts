/** What goes wrong on a device is told later, in another place: gathered here, thrown by the next call. */
import { KoVocabError } from '../../../errors'

export interface DeviceWatch {
  /** @throws KoVocabError what has gone wrong since the device was opened; it is thrown by every call from then on */
  check: () => void
  /** Runs `make`, and throws what it caused on the device. */
  guard: <T>(what: string, make: () => T | Promise<T>) => Promise<T>
  /** Errors of other work on the device as well: whoever shares it should know. */
  fail: (error: KoVocabError) => void
}

const SMALLER = 'use a smaller batch or shorter blocks, switch checkpointing on, or train fewer parameters'

const watches = new WeakMap<GPUDevice, DeviceWatch>()

/** One watch a device. */
export function watchDevice(device: GPUDevice): DeviceWatch {
  const known = watches.get(device)
  if (known) return known
  let failure: KoVocabError | undefined
  const fail = (error: KoVocabError) => {
    failure ??= error
  }
  void device.lost.then(({ reason, message }) => {
    const why = reason === 'destroyed' ? 'it was destroyed' : message || 'the driver does not say why'
    const hint = `${SMALLER}; open the backend again and resume from the last checkpoint`
    fail(new KoVocabError('unsupported', `the WebGPU device was lost: ${why}`, hint))
  })
  device.addEventListener('uncapturederror', ({ error }) => fail(asError('on the WebGPU device', error)))
  const check = () => {
    if (failure) throw failure
  }
  // Error scopes are a stack of the device: two that overlap in time would take each other's errors.
  let last: Promise<unknown> = Promise.resolve()
  const watch: DeviceWatch = {
    check,
    fail,
    guard(what, make) {
      const mine = last.then(() => scoped(what, make))
      last = mine.catch(() => undefined)
      return mine
    },
  }
  const scoped = async <T>(what: string, make: () => T | Promise<T>): Promise<T> => {
    check()
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    device.pushErrorScope('internal')
    let made: T | undefined
    let thrown: unknown
    try {
      made = await make()
    } catch (error) {
      thrown = error
    }
    const errors = [await device.popErrorScope(), await device.popErrorScope(), await device.popErrorScope()]
    check()
    const found = errors.find((error) => error !== null)
    if (found) throw asError(what, found)
    if (thrown !== undefined) throw thrown
    return made as T
  }
  watches.set(device, watch)
  return watch
}

function asError(what: string, error: GPUError): KoVocabError {
  const name = error.constructor.name
  if (name === 'GPUOutOfMemoryError') {
    return new KoVocabError('unsupported', `out of GPU memory ${what}: ${error.message}`, SMALLER, { cause: error })
  }
  const hint =
    'this is a fault of ko-vocab or of the driver: please report it, and train with the backend cpu meanwhile'
  return new KoVocabError('unsupported', `WebGPU ${what}: ${error.message}`, hint, { cause: error })
}
