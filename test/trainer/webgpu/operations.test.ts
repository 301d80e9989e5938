/** Each operation on WebGPU against float64 and finite differences, and across the borders of its tiles. */
import { describe, expect, it } from 'vitest'
import { differences } from '../support/differences'
import { relativeDistance } from '../support/golden'
import { attending, matmulWithin, type OperationCase, smallCases } from '../support/operation-cases'
import { runCase } from '../support/run-case'
import { alignedProduct, allCases, distanceOf } from './cases'
import { findGpu, sharedBackend, sharedDevice } from './gpu'

const gpu = await findGpu()
/** Compiling is slow on a processor. */
const PATIENCE = 300_000
const BY_WORKGROUPS = { subgroup: 0 }

/** Operations that the processor computes by other kernels. */
const hasTwoForms = ({ name }: OperationCase): boolean =>
  /^(RMSNorm|projection|product|attention|cross|fill)/.test(name)

describe.skipIf(!gpu.found)(`operations on WebGPU (${gpu.reason})`, () => {
  it.each(allCases().map((given) => [given.name, given] as const))(
    'are those of float64: %s',
    async (_, given) => {
      const { worst, tensor } = await distanceOf(await sharedBackend(), given)
      expect(worst, tensor).toBeLessThan(2e-6)
    },
    PATIENCE,
  )

  it.skipIf(!/swiftshader/i.test(gpu.reason))('on SwiftShader they ran by subgroups', async () => {
    expect((await sharedBackend()).traits).toMatchObject({ isSoftware: true, subgroup: 4 })
  })

  // The other kernels of those operations that have two.
  it.each(
    smallCases()
      .filter(hasTwoForms)
      .map((given) => [given.name, given] as const),
  )(
    'are those of float64 by workgroups, as on a GPU: %s',
    async (_, given) => {
      const { worst, tensor } = await distanceOf(await sharedDevice({ traits: BY_WORKGROUPS }), given)
      expect(worst, tensor).toBeLessThan(2e-6)
    },
    PATIENCE,
  )

  it.each(smallCases().map((given) => [given.name, given] as const))(
    'have the gradients of finite differences: %s',
    async (_, given) => {
      const [, after] = await runCase(await sharedBackend(), given)
      for (const [operand, gradient] of given.gradients!)
        expect(relativeDistance(after.get(gradient)!, await differences(given, operand)), operand).toBeLessThan(2e-6)
    },
    PATIENCE,
  )

  const [crooked, aligned] = [productsOf(matmulWithin), productsOf(alignedProduct)]
  // 0 to 4: those that are chosen from on a GPU.
  it.each([0, 1, 2, 3, 4])(
    'products with tiles of shape %i, whole and cut along the inner sum',
    async (matmulShape) => {
      for (const parallelism of [1, 1000]) {
        const backend = await sharedDevice({ traits: { ...BY_WORKGROUPS, matmulShape, parallelism } })
        for (const given of [...crooked, ...aligned]) {
          const { worst } = await distanceOf(backend, given)
          expect(worst, given.name).toBeLessThan(2e-6)
        }
      }
    },
    2 * PATIENCE,
  )

  it.each([
    ['tiles of 32', { isSoftware: true }],
    ['tiles of 64', { isSoftware: false, parallelism: 1 }],
    ['little memory', { isSoftware: true, sharedBytes: 16_384 }],
  ])(
    'attention across the borders of %s',
    async (_, traits) => {
      const backend = await sharedDevice({ traits: { ...BY_WORKGROUPS, ...traits } })
      for (const given of [
        attending([[], [3, 64, 65, 100]], 131, 4, 2, 8),
        attending([[1, 2, 63]], 64, 2, 2, 70),
        attending([[31, 32]], 33, 6, 2, 36),
      ]) {
        const { worst, tensor } = await distanceOf(backend, given)
        expect(worst, `${given.name}: ${tensor}`).toBeLessThan(2e-6)
      }
    },
    2 * PATIENCE,
  )
})

function productsOf(make: (m: number, n: number, k: number, a: boolean, b: boolean) => OperationCase): OperationCase[] {
  return [
    make(132, 72, 200, false, true),
    make(68, 140, 68, false, false),
    make(4, 132, 264, true, false),
    make(64, 64, 128, true, true),
  ]
}
