import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layOutRun } from '../trainer/run/small-run'
import { koVocab } from './run'

let folder: string
const given = 'evaluate --data ko=ko.txt odd.txt --max-bytes 200 --length 32 --backend cpu'
const run = (args: string) => koVocab(`${given} ${args}`.trim().split(' '), { cwd: folder })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-evaluate-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('evaluate', () => {
  it('prints models beside each other, text by text', async () => {
    const { code, stdout, stderr } = await run('--model one=model model')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^text {2}model {2}bits\/byte +±% {2}tokens\/byte {2}perplexity {2}bytes {2}tokens$/)
    expect(lines.slice(1, 5).map((line) => line.slice(0, 11))).toEqual([
      'ko    one  ',
      'ko    model',
      'odd   one  ',
      'odd   model',
    ])
    expect(lines[2]).toContain('+0.00')
    expect(lines[5]).toBe('windows of 32 tokens, one every 16')
  })

  it('prints JSON, the same for any batch to rounding', async () => {
    const [one, many] = await Promise.all([
      run('--model model --batch 1 --json'),
      run('--model model --batch 9 --json'),
    ])
    const [a, b] = [one, many].map(({ stdout }) => JSON.parse(stdout))
    expect(a).toMatchObject({ length: 32, stride: 16, models: [{ name: 'model', vocabulary: 260 }] })
    for (const i of [0, 1]) expect(a.models[0].sets[i].bitsPerByte).toBeCloseTo(b.models[0].sets[i].bitsPerByte, 5)
  })

  it('says what is wrong', async () => {
    expect(await run('')).toMatchObject({ code: 2, stderr: expect.stringContaining('--model is missing') })
    expect(await run('--model none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none: cannot be read'),
    })
    expect(await run('--model model --stride 33')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('stride 33'),
    })
  })
})
