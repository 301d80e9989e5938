/** What a device computes at most, so that a product can be told as a share of it. */
import { MAP_READ, USAGE } from './constants'

export interface Peak {
  /** Multiplications and additions of float32 a second, in independent chains that never leave the registers. */
  flops: number
  /** Bytes a second, read and written, of a copy of 128 MiB (or what the device binds). */
  bytes: number
}

const THREADS = 256
const GROUPS = 4096
/**
 * Independent chains of an invocation, so that none waits for another: how many are best depends on the device's registers.
 */
const CHAINS = [4, 8]
/** Steps of a chain between two that touch its variable, which processors keep in memory. */
const DEPTH = 8
const ROUNDS = 5

const each = (chains: number, text: (i: number) => string, between: string): string =>
  Array.from({ length: chains }, (_, i) => text(i)).join(between)

/** `x * f + f` and not `fma`: GPUs make one instruction of it, and processors without one would emulate it. */
const multiply = (chains: number): string => `@group(0) @binding(0) var<storage, read_write> out: array<vec4<f32>>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let steps = u32(out[0].x);
  let factor = vec4<f32>(out[1].x);
${each(chains, (i) => `  var x${i} = vec4<f32>(f32(id.x) * ${i + 1}e-6);`, '\n')}
  for (var i = 0u; i < steps; i++) {
${each(chains, (i) => `    x${i} = ${'('.repeat(DEPTH)}x${i}${' * factor + factor)'.repeat(DEPTH)};`, '\n')}
  }
  let sum = ${each(chains, (i) => `x${i}`, ' + ')};
  // Never true, but no compiler knows it.
  if (sum.x == 12345.678) { out[2] = sum; }
}`

const COPY = `@group(0) @binding(0) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> source: array<vec4<f32>>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32) {
  let count = arrayLength(&source);
  for (var i = wid.x * ${THREADS}u + lane; i < count; i += grid.x * ${THREADS}u) { out[i] = source[i] + 1.0; }
}`

/** Takes about a second. */
export async function measurePeak(device: GPUDevice): Promise<Peak> {
  let flops = 0
  for (const chains of CHAINS) flops = Math.max(flops, await measureFlops(device, chains))
  return { flops, bytes: await measureBytes(device) }
}

async function measureFlops(device: GPUDevice, chains: number): Promise<number> {
  const out = device.createBuffer({ size: 48, usage: USAGE.storage | USAGE.copyDst | USAGE.copySrc })
  const run = await prepare(device, multiply(chains), [out])
  let steps = 4
  let groups = 4
  let best = 0
  // As many steps as take long enough to be timed.
  for (let round = 0, seconds = 0; round < ROUNDS; ) {
    device.queue.writeBuffer(out, 0, Float32Array.of(steps, 0, 0, 0, 0.5, 0, 0, 0))
    await run(groups)
    seconds = await run(groups)
    if (seconds < 0.05 && steps < 1e6) {
      if (groups < GROUPS) groups *= 4
      else steps *= 4
      continue
    }
    best = Math.max(best, (2 * DEPTH * 4 * chains * steps * groups * THREADS) / seconds)
    round += seconds < 0.5 ? 1 : ROUNDS
  }
  out.destroy()
  return best
}

async function measureBytes(device: GPUDevice): Promise<number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits
  const size = Math.min(2 ** 27, maxBufferSize, maxStorageBufferBindingSize)
  const [out, source] = [0, 1].map(() => device.createBuffer({ size, usage: USAGE.storage | USAGE.copySrc }))
  const run = await prepare(device, COPY, [out, source])
  await run(GROUPS)
  const once = await run(GROUPS)
  let best = (2 * size) / once
  // Several copies in a row: one alone may be shorter than the way to the device.
  const times = Math.min(50, Math.ceil(0.05 / once))
  for (let round = 0; round < ROUNDS && once < 0.5; round++)
    best = Math.max(best, (times * 2 * size) / (await run(GROUPS, times)))
  out.destroy()
  source.destroy()
  return best
}

/** Runs and waits; seconds. */
async function prepare(device: GPUDevice, code: string, buffers: GPUBuffer[]) {
  const module = device.createShaderModule({ code })
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  const back = device.createBuffer({ size: 4, usage: USAGE.mapRead | USAGE.copyDst })
  return async (groups: number, times = 1): Promise<number> => {
    const began = performance.now()
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindings)
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(groups)
    pass.end()
    encoder.copyBufferToBuffer(buffers[0], 0, back, 0, 4)
    device.queue.submit([encoder.finish()])
    await back.mapAsync(MAP_READ)
    back.unmap()
    return (performance.now() - began) / 1000
  }
}
