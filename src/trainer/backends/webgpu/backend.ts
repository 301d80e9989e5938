/** The WebGPU backend: kernels in WGSL, in a browser or in Node, on any GPU that WebGPU reaches. */

import type { Storage } from '../../plan/storage'
import type { Backend } from '../types'
import { describe, type OpenDeviceOptions, openDevice, traitsOf } from './device'
import { watchDevice } from './failures'
import type { Traits } from './launch'
import { createProfiler, type ProfileEntry } from './profile'
import { openSession } from './session'

export interface WebGpuOptions extends OpenDeviceOptions {
  /** One that is open already; it is not destroyed by `destroy`. */
  device?: GPUDevice
  /** Measures every dispatch: slower, see {@link WebGpuBackend.profile}. */
  profile?: boolean
  /** Splits tensors and bindings more than the device asks for; in bytes, a multiple of 256. */
  bindingBytes?: number
  /** What kernels are chosen by; of the device by default. */
  traits?: Partial<Traits>
  /**
   * `f16` stores frozen weights and what the forward keeps for the backward in 16 bits: less memory, a relative error of
   * up to 2^-11 of each of these values. No device lacks it. Arithmetic, trained weights and gradients stay float32, which
   * is the default for all.
   */
  storage?: Storage
}

export interface WebGpuBackend extends Backend {
  readonly device: GPUDevice
  /** The adapter's name, for people. */
  readonly description: string
  readonly traits: Traits
  /** Device time by kernel since the last call; empty without `profile`. */
  profile(): Promise<ProfileEntry[]>
  /** Gives the device back; sessions that are open fail. */
  destroy(): void
}

/**
 * @throws KoVocabError `unsupported` where there is no WebGPU, no adapter or no device
 */
export async function webgpuBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const device = options.device ?? (await openDevice(options))
  const watch = watchDevice(device)
  const profiler = options.profile ? createProfiler(device) : null
  const traits = { ...traitsOf(device), ...options.traits }
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits
  return {
    name: 'webgpu',
    bindingBytes: options.bindingBytes ?? Math.min(maxStorageBufferBindingSize, maxBufferSize),
    storage: options.storage ?? 'f32',
    device,
    description: device.adapterInfo ? describe(device.adapterInfo) : 'without a name',
    traits,
    open: (plan) => openSession(device, plan, watch, traits, profiler),
    profile: async () => profiler?.read() ?? [],
    destroy() {
      if (!options.device) device.destroy()
    },
  }
}
