/** Bits per byte: by hand on a model that is known, and the same whatever runs at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyBase } from '../../../src/extend/from-nothing'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { evaluateSet } from '../../../src/trainer/evaluate/evaluate'
import { evaluateModels } from '../../../src/trainer/evaluate/evaluate-models'
import { evaluationSet } from '../../../src/trainer/evaluate/sets'
import { loadParameters, openModel } from '../../../src/trainer/load'
import { buildPlan } from '../../../src/trainer/plan/build'
import { writeModel } from '../../checkpoint/model'
import { IDS, layOutRun, ROWS } from '../run/small-run'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-evaluate-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const texts = ['안녕하세요', '가', 'The quick brown fox jumps over the lazy dog. '.repeat(3), '글 😀 자']
const documents = texts.map((text) => new TextEncoder().encode(text))
const tokenizer = emptyBase('sentencepiece')

async function evaluated(shape: { batch: number; length: number }, stride?: number, zeroHead = false) {
  const model = await openModel(join(folder, 'model'))
  const plan = buildPlan(model.config, { ...shape, train: () => false })
  const session = await cpuBackend({ precision: 'f64' }).open(plan)
  await loadParameters(model, session)
  if (zeroHead) session.write(plan.parameters.at(-1)!.tensor, new Float64Array(ROWS * 16))
  return evaluateSet(session, await evaluationSet({ name: 'x', role: 'target', documents, tokenizer }), { stride })
}

describe('bits per byte', () => {
  it('of a model that knows nothing: every token costs log2 of the vocabulary', async () => {
    const bytes = documents.reduce((sum, { length }) => sum + length, 0)
    const found = await evaluated({ batch: 2, length: 16 }, undefined, true)
    // A token a byte, and the space in front of a text is ▁ of 1 token.
    expect(found).toMatchObject({ name: 'x', role: 'target', bytes, tokens: bytes + texts.length })
    expect(found.perplexity).toBeCloseTo(ROWS, 8)
    expect(found.bitsPerByte).toBeCloseTo((Math.log2(ROWS) * (bytes + texts.length)) / bytes, 8)
  })

  it('the batch does not matter, nor does what stands beside a document', async () => {
    const one = await evaluated({ batch: 1, length: 24 })
    for (const batch of [2, 5, 16]) {
      const other = await evaluated({ batch, length: 24 })
      expect(other.tokens).toBe(one.tokens)
      expect(Math.abs(other.bitsPerByte / one.bitsPerByte - 1)).toBeLessThan(1e-12)
    }
  })

  it('the length does, as long as documents do not fit', async () => {
    const short = await evaluated({ batch: 2, length: 8 })
    const whole = await evaluated({ batch: 2, length: 200 })
    const longer = await evaluated({ batch: 1, length: 256 })
    expect(short.bitsPerByte).not.toBe(whole.bitsPerByte)
    expect(Math.abs(longer.bitsPerByte / whole.bitsPerByte - 1)).toBeLessThan(1e-12)
  })

  it('takes no document more when it has enough bytes, and refuses a text without any', async () => {
    const set = await evaluationSet({ name: 'x', documents, tokenizer, maxBytes: 16 })
    expect(set.documents).toEqual(documents.slice(0, 2))
    await expect(evaluationSet({ name: 'empty', documents: [], tokenizer })).rejects.toThrow(/empty: holds no text/)
  })

  it('ends when it is told to', async () => {
    const model = await openModel(join(folder, 'model'))
    const session = await cpuBackend().open(buildPlan(model.config, { batch: 1, length: 8, train: () => false }))
    const set = await evaluationSet({ name: 'x', documents, tokenizer })
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    await expect(evaluateSet(session, set, { signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'aborted',
    })
  })
})

describe('models beside each other', () => {
  const options = () => ({
    data: [`ko=${join(folder, 'ko.txt')}`, join(folder, 'en.txt')],
    backend: cpuBackend(),
    ...{ maxBytes: 200, length: 32 },
  })

  it('each with its tokenizer, by name', async () => {
    const models = [join(folder, 'model'), `again=${join(folder, 'model')}`]
    const found = await evaluateModels({ ...options(), models })
    expect(found).toMatchObject({ length: 32, stride: 16 })
    expect(found.models.map(({ name, vocabulary }) => [name, vocabulary])).toEqual([
      ['model', IDS],
      ['again', IDS],
    ])
    expect(found.models[0].sets.map(({ name }) => name)).toEqual(['ko', 'en'])
    expect(found.models[0].sets).toEqual(found.models[1].sets)
    expect(
      (await evaluateModels({ ...options(), models: models.slice(0, 1), batch: 7 })).models[0].sets[0].bitsPerByte,
    ).toBeCloseTo(found.models[0].sets[0].bitsPerByte, 5)
  })

  it('refuses a tokenizer with more ids than the model has rows, windows beyond its positions, a folder without weights', async () => {
    const small = join(folder, 'small')
    writeModel(small, { rows: IDS - 1 })
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      writeFileSync(join(small, name), (await import('node:fs')).readFileSync(join(folder, 'model', name)))
    await expect(evaluateModels({ ...options(), models: [small] })).rejects.toMatchObject({
      code: 'mismatch',
      message: expect.stringContaining(`the tokenizer has ${IDS} ids, the model ${IDS - 1} rows`),
    })
    const models = [join(folder, 'model')]
    await expect(evaluateModels({ ...options(), models, length: 512 })).rejects.toThrow(/256 positions, fewer than/)
    await expect(evaluateModels({ ...options(), models, stride: 64 })).rejects.toThrow(
      /stride 64 is above the length 32/,
    )
    await expect(evaluateModels({ ...options(), models: [join(folder, 'nothing')] })).rejects.toMatchObject({
      code: 'io',
    })
  })
})
