/** An adapter and its device, with every limit that training can use. */
import { KoVocabError } from '../../../errors'
import type { Traits } from './launch'

export interface OpenDeviceOptions {
  /** Where adapters come from: `navigator.gpu` by default. In Node, see `openNodeGpu`. */
  gpu?: GPU
  adapter?: GPUAdapter
  /** Of a laptop's two GPUs; `high-performance` by default. */
  powerPreference?: GPUPowerPreference
}

/** Asked for where the adapter has them; none is needed. */
const FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'subgroups']

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

/** Of a subgroup: the size that SwiftShader has, for which such kernels are tested. Others work by workgroups. */
const LANES = 4

/** Storage buffers of the kernel that has most. */
const STORAGE_BUFFERS = 8

/**
 * @throws KoVocabError `unsupported` where there is no WebGPU, no adapter, or too small a one
 */
export async function openDevice({
  gpu,
  adapter: given,
  powerPreference = 'high-performance',
}: OpenDeviceOptions): Promise<GPUDevice> {
  const source = gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu
  if (!given && !source) {
    const hint = 'open the page in a browser with WebGPU, over https or on localhost; in Node use nodeWebGpuBackend'
    throw new KoVocabError('unsupported', 'there is no WebGPU here: navigator.gpu is missing', hint)
  }
  const adapter = given ?? (await source!.requestAdapter({ powerPreference }))
  if (!adapter) {
    const hint = 'update the graphics driver, or train with the backend cpu'
    throw new KoVocabError('unsupported', 'WebGPU finds no adapter on this machine', hint)
  }
  const most = adapter.limits.maxStorageBuffersPerShaderStage
  if (most < STORAGE_BUFFERS) {
    const what = `this adapter offers a shader ${most} storage buffers, ${STORAGE_BUFFERS} are needed`
    throw new KoVocabError('unsupported', what, 'use another adapter, or train with the backend cpu')
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]))
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name))
  try {
    return await adapter.requestDevice({ requiredLimits, requiredFeatures })
  } catch (cause) {
    const what = `the adapter ${describe(adapter.info)} gives no device: ${String(cause)}`
    throw new KoVocabError('unsupported', what, 'update the graphics driver, or train with the backend cpu', { cause })
  }
}

/** `nvidia hopper, NVIDIA H200`. */
export function describe({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return [`${vendor} ${architecture}`.trim(), description || device].filter(Boolean).join(', ') || 'without a name'
}

/** WebGPU does not tell how many cores there are: enough workgroups for a large GPU, and few for the processor. */
export function traitsOf({ limits, adapterInfo, features }: GPUDevice): Traits {
  const isSoftware = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i.test(
    `${adapterInfo?.architecture} ${adapterInfo?.device} ${adapterInfo?.description}`,
  )
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = adapterInfo ?? {}
  const hasSubgroups = features.has('subgroups') && least === LANES && most === LANES
  return {
    sharedBytes: limits.maxComputeWorkgroupStorageSize,
    invocations: limits.maxComputeInvocationsPerWorkgroup,
    parallelism: isSoftware ? 2 : 128,
    isSoftware,
    subgroup: isSoftware && hasSubgroups ? LANES : 0,
  }
}
