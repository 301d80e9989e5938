/** Compiled kernels of a device: each once, whatever the number of plans. */
import { COMPUTE_STAGE } from './constants'
import type { Kernel } from './kernel'

export interface CompiledKernel {
  pipeline: GPUComputePipeline
  layout: GPUBindGroupLayout
}

export interface Pipelines {
  /** Compiles what is not compiled yet, in parallel. */
  compile: (kernels: Iterable<Kernel>) => Promise<void>
  get: (kernel: Kernel) => CompiledKernel
}

const known = new WeakMap<GPUDevice, Pipelines>()

export function pipelinesOf(device: GPUDevice): Pipelines {
  const found = known.get(device)
  if (found) return found
  const layouts = new Map<string, GPUBindGroupLayout>()
  const compiled = new Map<string, CompiledKernel>()

  const layoutOf = ({ operands }: Kernel): GPUBindGroupLayout => {
    const types = Object.values(operands).map(({ access }) => (access === 'read' ? 'read-only-storage' : 'storage'))
    const key = types.join()
    const layout =
      layouts.get(key) ??
      device.createBindGroupLayout({
        entries: (['uniform', ...types] as GPUBufferBindingType[]).map((type, binding) => ({
          ...{ binding, visibility: COMPUTE_STAGE, buffer: { type } },
        })),
      })
    layouts.set(key, layout)
    return layout
  }

  const pipelines: Pipelines = {
    async compile(kernels) {
      const missing = new Map([...kernels].filter(({ name }) => !compiled.has(name)).map((k) => [k.name, k]))
      await Promise.all(
        [...missing.values()].map(async (kernel) => {
          const layout = layoutOf(kernel)
          const pipeline = await device.createComputePipelineAsync({
            label: kernel.name,
            layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
            compute: { module: device.createShaderModule({ label: kernel.name, code: kernel.code }) },
          })
          compiled.set(kernel.name, { pipeline, layout })
        }),
      )
    },
    get: ({ name }) => compiled.get(name)!,
  }
  known.set(device, pipelines)
  return pipelines
}
