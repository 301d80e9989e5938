/** Programs as lists of dispatches, bound once and replayed every step. */
import type { Plan, ProgramName } from '../../plan/types'
import { USAGE } from './constants'
import type { Kernel } from './kernel'
import { launchesOf } from './kernels/index'
import type { Launch, LaunchContext, Traits } from './launch'
import type { GpuMemory } from './memory'
import type { Pipelines } from './pipelines'

export interface Command {
  /** The operation's kind: what profiles are sorted by. */
  kind: string
  /** The kernel's name. */
  kernel: string
  pipeline: GPUComputePipeline
  bindings: GPUBindGroup
  grid: [number, number, number]
  work: number
}

export interface Recording {
  programs: Record<ProgramName, Command[]>
  free: () => void
}

const PROGRAMS: readonly ProgramName[] = ['zero', 'forward', 'backward', 'update', 'evaluate', 'logits']

type Launched = Launch & { kind: string }

/** Compiles, allocates sizes and scratch memory, binds. */
export async function record(
  device: GPUDevice,
  { programs }: Plan,
  memory: GpuMemory,
  pipelines: Pipelines,
  traits: Traits,
): Promise<Recording> {
  const kernels = new Map<string, Kernel>()
  const context: LaunchContext = {
    ...{ traits, at: memory.at },
    kernel(name, build) {
      const kernel = kernels.get(name) ?? build(name)
      kernels.set(name, kernel)
      return kernel
    },
  }
  const launches = new Map<ProgramName, Launched[]>()
  for (const name of PROGRAMS) {
    const known = PROGRAMS.find((other) => launches.has(other) && programs[other] === programs[name])
    const list = known
      ? launches.get(known)!
      : programs[name].flatMap((op) => launchesOf(op, context).map((launch) => ({ ...launch, kind: op.kind })))
    launches.set(name, list)
  }
  await pipelines.compile(kernels.values())
  return bind(device, launches, pipelines)
}

function bind(device: GPUDevice, launches: Map<ProgramName, Launched[]>, pipelines: Pipelines): Recording {
  const lists = [...new Set(launches.values())]
  const all = lists.flat()
  const align = device.limits.minUniformBufferOffsetAlignment
  const [uniforms, places] = packParams(all, align)
  const sizes = device.createBuffer({
    ...{ label: 'sizes', size: Math.max(align, uniforms.byteLength), usage: USAGE.uniform | USAGE.copyDst },
  })
  device.queue.writeBuffer(sizes, 0, uniforms)
  const most = all.reduce((largest, { scratch = 0 }) => Math.max(largest, scratch), 4)
  const scratch = device.createBuffer({
    ...{ label: 'scratch', size: Math.ceil(most / 4) * 16, usage: USAGE.storage },
  })
  const bound = new Map<Launched, Command>()
  all.forEach((launch, i) => {
    const { kernel, operands, kind, grid, work } = launch
    const { pipeline, layout } = pipelines.get(kernel)
    const buffers = Object.keys(kernel.operands).map((name) => operands[name])
    const size = 4 * Object.keys(kernel.params).length
    const bindings = device.createBindGroup({
      label: kernel.name,
      layout,
      entries: [
        { binding: 0, resource: { buffer: sizes, offset: places[i], size } },
        ...buffers.map((operand, at) => ({
          binding: at + 1,
          resource: { buffer: operand === 'scratch' ? scratch : operand },
        })),
      ],
    })
    bound.set(launch, { kind, kernel: kernel.name, pipeline, bindings, grid, work })
  })
  const commandsOf = (name: ProgramName) => launches.get(name)!.map((launch) => bound.get(launch)!)
  return {
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, commandsOf(name)])) as Recording['programs'],
    free: () => {
      sizes.destroy()
      scratch.destroy()
    },
  }
}

/** Sizes of all dispatches in one buffer, each where a binding may begin; equal ones once. */
function packParams(launches: readonly Launch[], align: number): [bytes: ArrayBuffer, offsets: number[]] {
  const seen = new Map<string, number>()
  const blocks: ArrayBuffer[] = []
  const offsets = launches.map(({ kernel, params }) => {
    const names = Object.keys(kernel.params)
    const key = names.map((name) => `${kernel.params[name]}${params[name]}`).join()
    let at = seen.get(key)
    if (at === undefined) {
      const block = new ArrayBuffer(align)
      const view = new DataView(block)
      names.forEach((name, i) => {
        if (kernel.params[name] === 'f32') view.setFloat32(4 * i, params[name], true)
        else view.setUint32(4 * i, params[name], true)
      })
      at = (blocks.push(block) - 1) * align
      seen.set(key, at)
    }
    return at
  })
  const bytes = new Uint8Array(blocks.length * align)
  blocks.forEach((block, i) => {
    bytes.set(new Uint8Array(block), i * align)
  })
  return [bytes.buffer, offsets]
}
