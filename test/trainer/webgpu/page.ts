/** What runs in a browser's page: operations and models on its WebGPU, the distances as the result. */
import { webgpuBackend } from '../../../src/trainer/backends/webgpu/backend'
import { errorsOf, type GoldenErrors, storedGolden } from '../support/golden'
import { allCases, distanceOf } from './cases'

export interface PageResult {
  description: string
  operations: { name: string; worst: number }[]
  models: { name: string; errors: GoldenErrors }[]
}

async function check(): Promise<PageResult> {
  const backend = await webgpuBackend()
  const operations = []
  for (const given of allCases()) operations.push({ name: given.name, worst: (await distanceOf(backend, given)).worst })
  const models = []
  for (const given of storedGolden()) models.push({ name: given.name, errors: await errorsOf(backend, given) })
  return { description: backend.description, operations, models }
}

Object.assign(globalThis, { check })
