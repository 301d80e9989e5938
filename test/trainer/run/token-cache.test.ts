/** Encoded texts in a folder of their own: several runs on the same texts encode them once. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { presetRecipe } from '../../../src/trainer/recipes/read'
import type { RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { lasting, layOutRun, told, twoStages } from './small-run'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-token-cache-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('runs at the same time, and after them, share it; each is what it would be alone', async () => {
  const tokenCache = join(folder, 'cache')
  const run = async (out: string, changes: Partial<RunPretrainOptions> = {}) => {
    const encoded = new Set<string>()
    const onProgress = (stage: string) => stage.startsWith('encode') && encoded.add(stage)
    const { metrics } = await told({ ...twoStages(folder, out), maxSteps: 3, onProgress, ...changes })
    return { metrics: lasting(metrics), encoded: [...encoded].sort() }
  }
  const alone = await run('alone')
  expect(alone.encoded).toEqual(['encode en', 'encode ko'])
  const together = await Promise.all(['a', 'b'].map((out) => run(out, { tokenCache })))
  for (const { metrics } of together) expect(metrics).toEqual(alone.metrics)
  const names = readdirSync(tokenCache)
  expect(names.sort()).toEqual(readdirSync(join(folder, 'alone', 'tokens')).sort())
  expect(names.filter((name) => name.startsWith('.'))).toEqual([])
  for (const name of names) {
    const path = ['tokens.bin', 'tokens.idx'].map((file) => (tree: string) => readFileSync(join(tree, name, file)))
    for (const read of path) expect(read(tokenCache)).toEqual(read(join(folder, 'alone', 'tokens')))
  }
  const written = names.map((name) => statSync(join(tokenCache, name)).mtimeMs)
  const later = await run('c', { tokenCache, recipe: presetRecipe('full') })
  expect(later.encoded).toEqual([])
  // It goes on by the cache too, and beginning anew leaves what is not in its folder.
  const more = await run('a', { tokenCache, resume: true, maxSteps: 4 })
  expect(more.encoded).toEqual([])
  expect(more.metrics[0]).toMatchObject({ kind: 'step', step: 4 })
  expect((await run('b', { tokenCache, force: true })).encoded).toEqual([])
  expect(names.map((name) => statSync(join(tokenCache, name)).mtimeMs)).toEqual(written)
  for (const out of ['a', 'b', 'c']) expect(existsSync(join(folder, out, 'tokens'))).toBe(false)
  expect(JSON.parse(readFileSync(join(folder, 'a', 'run.json'), 'utf8')).options).toMatchObject({
    'token-cache': tokenCache,
  })
})
