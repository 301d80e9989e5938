/** Who takes part: each is opened in a process of its own, and loaded only there. */
import { provideGpu } from '../device.mjs'

/**
 * `gpu`: asks for WebGPU. `packages`: of npm, absent as a rule. `open` gives `run(batch, number, read)`, which does one
 * step (`number` from 1) and, with `read`, waits for it and resolves to {loss, norm}.
 *
 * @type {Record<string, {gpu: boolean, hidden?: boolean, packages: string[], open: (workload: any) => Promise<any>}>}
 */
export const CONTENDERS = {
  'ko-vocab webgpu': {
    gpu: true,
    packages: [],
    async open(workload) {
      const { webgpuBackend } = await import('../../../src/trainer/backends/webgpu/backend.ts')
      const { openOurs } = await import('./ours.mjs')
      return openOurs(workload, await webgpuBackend())
    },
  },
  /** For profile.mjs: every dispatch is timed by the device. */
  'ko-vocab webgpu, profiled': {
    gpu: true,
    hidden: true,
    packages: [],
    async open(workload) {
      const { webgpuBackend } = await import('../../../src/trainer/backends/webgpu/backend.ts')
      const { openOurs } = await import('./ours.mjs')
      const backend = await webgpuBackend({ profile: true })
      return { backend, ...(await openOurs(workload, backend)) }
    },
  },
  'ko-vocab cpu': {
    gpu: false,
    packages: [],
    async open(workload) {
      const { cpuBackend } = await import('../../../src/trainer/index.ts')
      const { openOurs } = await import('./ours.mjs')
      return openOurs(workload, cpuBackend())
    },
  },
  'jax-js webgpu': {
    gpu: true,
    packages: ['@jax-js/jax'],
    open: async (workload) => (await import('./jax.mjs')).openJax(workload, 'webgpu'),
  },
  'jax-js wasm': {
    gpu: false,
    packages: ['@jax-js/jax'],
    open: async (workload) => (await import('./jax.mjs')).openJax(workload, 'wasm'),
  },
  'tfjs webgpu': {
    gpu: true,
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'],
    open: async (workload) => (await import('./tfjs.mjs')).openTfjs(workload),
  },
}

/** What jax-js and tfjs find in a browser. */
export async function provideBrowser({ gpu }) {
  if (gpu) return provideGpu()
  globalThis.navigator ??= { userAgent: `Node ${process.version}` }
  return 'CPU'
}
