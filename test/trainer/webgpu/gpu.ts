/**
 * A GPU for tests in Node: the one that is there, else SwiftShader, which Chromium brings along. KO_VOCAB_VULKAN_ICD names
 * another Vulkan driver's file. Tests skip by name where there is none:
 *
 *     const gpu = await findGpu()
 *     describe.skipIf(!gpu.found)(`… (${gpu.reason})`, …)
 */
import { existsSync } from 'node:fs'
import { nodeWebGpuBackend, openNodeGpu } from '../../../src/trainer/backends/gpu-node'
import type { WebGpuBackend, WebGpuOptions } from '../../../src/trainer/backends/webgpu/backend'

export interface FoundGpu {
  found: boolean
  /** For the test's title: what runs, or what is missing. */
  reason: string
}

const SWIFTSHADER = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json']

let backend: Promise<WebGpuBackend> | undefined

/** The driver is read when the module loads: nothing may have loaded it before. */
export async function findGpu(): Promise<FoundGpu> {
  const chosen = process.env.KO_VOCAB_VULKAN_ICD ?? process.env.VK_ICD_FILENAMES
  const file = chosen ?? SWIFTSHADER.find((path) => existsSync(path))
  if (chosen && !existsSync(chosen)) return { found: false, reason: `needs a Vulkan driver, no file ${chosen}` }
  if (file) process.env.VK_ICD_FILENAMES = file
  try {
    const { description } = await sharedBackend()
    return { found: true, reason: description }
  } catch (error) {
    return { found: false, reason: `needs a GPU or SwiftShader: ${(error as Error).message}` }
  }
}

/** One device for all tests of a file, so that kernels are compiled once. */
export function sharedBackend(): Promise<WebGpuBackend> {
  backend ??= nodeWebGpuBackend()
  return backend
}

/** The same device, otherwise used. */
export async function sharedDevice(options: Omit<WebGpuOptions, 'device'>): Promise<WebGpuBackend> {
  return nodeWebGpuBackend({ ...options, device: (await sharedBackend()).device })
}

/** A device of the test's own, to be spoiled. */
export async function ownBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  return nodeWebGpuBackend({ ...options, gpu: await openNodeGpu() } as WebGpuOptions)
}
