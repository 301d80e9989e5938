/** WebGPU in Node, through the optional package `webgpu` (Dawn). Node only. */
import { createRequire } from 'node:module'
import { KoVocabError } from '../../errors'
import { type WebGpuBackend, type WebGpuOptions, webgpuBackend } from './webgpu/backend'

export interface NodeGpuOptions {
  /** Flags of Dawn: `adapter=NVIDIA H200`, `enable-dawn-features=…`. The first call's are kept. */
  flags?: readonly string[]
}

const HELD = Symbol.for('ko-vocab.gpu')

/**
 * Loads Dawn once. What it returns is held globally: were it collected, Dawn would be freed in the middle of its work.
 *
 * @throws KoVocabError `unsupported` where the package is not installed or does not load
 */
export async function openNodeGpu({ flags = [] }: NodeGpuOptions = {}): Promise<GPU> {
  const held = globalThis as { [HELD]?: GPU }
  const known = held[HELD]
  if (known) return known
  let create: (flags: string[]) => GPU
  try {
    create = (await import('webgpu')).create
  } catch (cause) {
    const isMissing = !isInstalled()
    const what = isMissing
      ? 'the package webgpu is not installed'
      : `the package webgpu does not load: ${String(cause)}`
    const hint = isMissing ? 'npm install webgpu, or train with the backend cpu' : 'train with the backend cpu'
    throw new KoVocabError('unsupported', what, hint, { cause })
  }
  const gpu = create([...flags])
  held[HELD] = gpu
  return gpu
}

function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('webgpu/package.json')
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
  }
}

export type NodeWebGpuOptions = Omit<WebGpuOptions, 'gpu'> & NodeGpuOptions

/**
 * {@link webgpuBackend} in Node.
 *
 * @throws KoVocabError `unsupported` without the package, an adapter or a device
 */
export async function nodeWebGpuBackend({ flags, ...options }: NodeWebGpuOptions = {}): Promise<WebGpuBackend> {
  const gpu = await openNodeGpu({ flags })
  const adapter = options.device
    ? undefined
    : (options.adapter ??
      (await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' })))
  if (adapter === null) {
    const hint =
      'install a Vulkan driver (on a server: libvulkan1 and the vendor’s ICD file, see VK_ICD_FILENAMES), or train with the backend cpu'
    throw new KoVocabError('unsupported', 'WebGPU finds no adapter on this machine', hint)
  }
  return webgpuBackend({ ...options, gpu, adapter })
}
