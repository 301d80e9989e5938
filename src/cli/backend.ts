/** From --backend to a backend. */
import { KoVocabError } from '../errors'
import { cpuBackend } from '../trainer/backends/cpu/backend'
import { nodeWebGpuBackend } from '../trainer/backends/gpu-node'
import type { Backend } from '../trainer/backends/types'
import type { Storage } from '../trainer/plan/storage'

export type BackendName = 'auto' | 'webgpu' | 'cuda' | 'cpu'

/**
 * @param note gets which one was taken and why, where that was left open
 * @throws KoVocabError `unsupported` where the one that was asked for is not there, or cannot store what it should
 */
export async function openBackend(
  name: BackendName,
  note: (text: string) => void,
  storage: Storage = 'f32',
): Promise<Backend> {
  if (name === 'cpu') {
    if (storage === 'f16') throw noHalves('the backend cpu')
    return cpuBackend()
  }
  if (name === 'webgpu') return nodeWebGpuBackend({ storage })
  if (name === 'cuda') {
    const hint = '--backend webgpu computes on NVIDIA’s devices too, --backend cpu anywhere'
    throw new KoVocabError('unsupported', 'this build has no CUDA backend', hint)
  }
  try {
    const backend = await nodeWebGpuBackend({ storage })
    if (backend.traits.isSoftware && storage === 'f32') {
      // Measured: plain loops are as fast on one core as such a driver is on two, and sum in float64.
      note(`backend: cpu (${backend.description} computes on the processor, too; --backend webgpu takes it)\n`)
      backend.destroy()
      return cpuBackend()
    }
    note(`backend: webgpu, ${backend.description} (--backend cpu computes without it)\n`)
    return backend
  } catch (error) {
    if (!(error instanceof KoVocabError)) throw error
    if (storage === 'f16') throw noHalves(`the backend cpu, which is what is left here (${error.message}),`)
    note(`backend: cpu (no WebGPU: ${error.message})\n`)
    return cpuBackend()
  }
}

function noHalves(what: string): KoVocabError {
  const hint = 'leave --storage out, or give --backend webgpu'
  return new KoVocabError('unsupported', `${what} stores float32 alone, not --storage f16`, hint)
}
