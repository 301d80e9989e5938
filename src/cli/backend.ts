/** From --backend to a backend. */
import { KoVocabError } from '../errors'
import { cpuBackend } from '../trainer/backends/cpu/backend'
import { nodeWebGpuBackend } from '../trainer/backends/gpu-node'
import type { Backend } from '../trainer/backends/types'

export type BackendName = 'auto' | 'webgpu' | 'cuda' | 'cpu'

/**
 * @param note gets which one was taken and why, where that was left open
 * @throws KoVocabError `unsupported` where the one that was asked for is not there
 */
export async function openBackend(name: BackendName, note: (text: string) => void): Promise<Backend> {
  if (name === 'cpu') return cpuBackend()
  if (name === 'webgpu') return nodeWebGpuBackend()
  if (name === 'cuda') {
    const hint = '--backend webgpu computes on NVIDIA’s devices too, --backend cpu anywhere'
    throw new KoVocabError('unsupported', 'this build has no CUDA backend', hint)
  }
  try {
    const backend = await nodeWebGpuBackend()
    note(`backend: webgpu, ${backend.description} (--backend cpu computes without it)\n`)
    return backend
  } catch (error) {
    if (!(error instanceof KoVocabError)) throw error
    note(`backend: cpu (no WebGPU: ${error.message})\n`)
    return cpuBackend()
  }
}
