/** Adapters against PEFT: it loads ours and computes the same, in logits, merged logits, loss and gradients. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Session } from '../../src/trainer/backends/types'
import { loraWeightOf } from '../../src/trainer/forms/lora-names'
import { saveAdapter } from '../../src/trainer/forms/save-adapter'
import { EMBEDDING, HEAD } from '../../src/trainer/model/parameters'
import type { PlanOptions } from '../../src/trainer/plan/build'
import { batchInputs } from '../../src/trainer/plan/step-inputs'
import { PROJECTIONS } from '../../src/trainer/recipes/schema'
import { saveModel } from '../../src/trainer/save'
import { findPython, runPython } from '../support/python'
import {
  batchOf,
  fiveSteps,
  type GoldenCase,
  gradientsOf,
  openCase,
  readGradients,
  readLoss,
  relativeDistance,
  storedGolden,
  unpack,
} from '../trainer/support/golden'

const python = findPython(['peft', 'transformers', 'torch'])
const script = fileURLToPath(new URL('lora_peft.py', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-peft-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const [untied, tied] = storedGolden() as GoldenCase[]
const encoder = new TextEncoder()

/** A base as it was before five steps, and the adapter after them. */
async function trained(name: string, golden: GoldenCase, options: Partial<PlanOptions>) {
  const plain = { ...golden, documents: undefined }
  const base = join(temporary, `${name}-base`)
  const adapter = join(temporary, `${name}-adapter`)
  const session = await openCase(cpuBackend({ precision: 'f64' }), plain, { logits: true, ...options })
  await saveBase(session, base, plain)
  await fiveSteps(session, plain)
  await saveAdapter(session, adapter, { base, dtype: 'F64' })
  const batch = batchOf(plain, session.plan.config.vocabSize, 0)
  const ids = Array.from({ length: plain.batch }, (_, row) =>
    Array.from(batch.ids.subarray(row * plain.length, (row + 1) * plain.length)),
  )
  return { session, base, adapter, batch, ids }
}

/** The model without its adapters. */
async function saveBase(session: Session, folder: string, golden: GoldenCase): Promise<void> {
  const plain = await openCase(cpuBackend({ precision: 'f64' }), golden)
  for (const { name, tensor } of plain.plan.parameters) {
    const own = session.plan.parameters.find((parameter) => parameter.name === name)!
    plain.write(tensor, await session.read(own.tensor))
  }
  const config = encoder.encode(JSON.stringify(golden.config))
  await saveModel(plain, folder, { config, tokenizer: null, dtype: 'F64' })
}

const adapters = ({ name }: { name: string }) => loraWeightOf(name) !== null
const whole = { rank: 4, scale: 2, targets: PROJECTIONS }
const cases: [string, GoldenCase, Partial<PlanOptions>][] = [
  ['all projections', untied, { lora: whole, train: adapters }],
  ['queries and values', untied, { lora: { rank: 2, scale: 0.5, targets: ['q_proj', 'v_proj'] }, train: adapters }],
  [
    'embedding and head too',
    untied,
    { lora: whole, train: ({ name }) => adapters({ name }) || name === EMBEDDING || name === HEAD },
  ],
  ['a tied head', tied, { lora: whole, train: ({ name }) => adapters({ name }) || name === EMBEDDING }],
]

describe.skipIf(!python.path)(`adapters (${python.reason})`, () => {
  it('PEFT gives the same logits, merged or not, the same loss, and the same gradients', async () => {
    const models = []
    for (const [name, golden, options] of cases) models.push(await trained(name.replaceAll(' ', '-'), golden, options))
    const pairs = models.map(({ base, adapter, ids }) => [base, adapter, ids])
    const answer = await runPython<{
      logits: [string, string][]
      gradients: { loss: number; gradients: Record<string, string> }[]
    }>(python.path!, script, { pairs, gradients: pairs })
    for (const [i, { session, batch }] of models.entries()) {
      const [name] = cases[i]
      await session.run('logits', batchInputs(session.plan, batch))
      const own = await session.read(session.plan.outputs.logits!)
      for (const theirs of answer.logits[i]) expect(relativeDistance(own, unpack(theirs)), name).toBeLessThan(1e-5)
      await gradientsOf(session, [batch])
      expect(Math.abs((await readLoss(session)) - answer.gradients[i].loss), name).toBeLessThan(1e-5)
      const gradients = [...(await readGradients(session))].filter(([parameter]) => adapters({ name: parameter }))
      expect(gradients.map(([parameter]) => parameter).sort()).toEqual(
        Object.keys(answer.gradients[i].gradients).sort(),
      )
      for (const [parameter, values] of gradients)
        expect(relativeDistance(values, unpack(answer.gradients[i].gradients[parameter])), parameter).toBeLessThan(1e-5)
    }
  }, 300_000)
})
