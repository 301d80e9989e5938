import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readInitMap } from '../../src/init/init-map-file'
import { initMethods } from '../../src/init/methods'
import { encodeSafeTensors } from '../../src/init/safetensors'
import { koVocab, makeFolder } from './run'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string, input?: string) => koVocab(args.split(' '), { cwd: folder, input })

beforeAll(async () => {
  folder = await makeFolder()
  const made = await run('extend --base small --corpus ko.txt --add 300 --audit none --out ext --json')
  const { baseSize } = JSON.parse(made.stdout)
  const matrix = (rows: number, phase: number) => ({
    dtype: 'F32' as const,
    shape: [rows, 8],
    data: Float32Array.from({ length: rows * 8 }, (_, i) => Math.sin(i * 12.9898 + phase)),
  })
  const tensors = { 'model.embed_tokens.weight': matrix(baseSize, 0), 'lm_head.weight': matrix(baseSize, 1) }
  mkdirSync(at('model'))
  writeFileSync(at('model', 'model.safetensors'), encodeSafeTensors({ tensors, metadata: { format: 'pt' } }))
  const config = { model_type: 'llama', hidden_size: 8, vocab_size: baseSize, tie_word_embeddings: false }
  writeFileSync(at('model', 'config.json'), JSON.stringify(config))
  writeFileSync(at('hidden.safetensors'), encodeSafeTensors({ tensors: { hidden: matrix(20, 2) }, metadata: {} }))
  writeFileSync(at('wide.safetensors'), encodeSafeTensors({ tensors: { ...tensors }, metadata: {} }))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pair = '--base small --extended ext'

describe('init-map', () => {
  it('counts in a corpus, says what it found, and records the corpus', async () => {
    const made = await run(`init-map ${pair} --corpus ko.txt --input omp --output align --k 3 --out maps`)
    expect(made).toMatchObject({ code: 0, stdout: '' })
    expect(made.stderr).toMatch(/corpus +[\d,]+ lines/)
    const map = readInitMap(readFileSync(at('maps', 'init-map.safetensors')), 'map')
    expect([map.inputMethod, map.outputMethod, map.newIds.length]).toEqual(['omp', 'align', 300])
    const sizes = map.newIds.map((_, row) => map.input.indptr[row + 1] - map.input.indptr[row])
    expect(sizes.filter((size) => size === 3).length).toBeGreaterThan(0)
    const record = JSON.parse(readFileSync(at('maps', 'init-map.safetensors.run.json'), 'utf8'))
    expect(record.options).toMatchObject({ input: 'omp', output: 'align', corpus: ['ko.txt'], k: 3 })
    expect(record.inputs.map(({ path }: { path: string }) => path)).toContain('ko.txt')
  })

  it('reads the corpus from a pipe, with the same result', async () => {
    const text = readFileSync(at('ko.txt'), 'utf8')
    const piped = await run(`init-map ${pair} --corpus - --input omp --output align --k 3 --out piped --json`, text)
    expect(JSON.parse(piped.stdout).corpus).toMatchObject({ unaligned: 0 })
    const [one, other] = ['maps', 'piped'].map((name) => readFileSync(at(name, 'init-map.safetensors')))
    expect(one.equals(other)).toBe(true)
  })

  it('the same seed gives the same random rows, another one others', async () => {
    for (const [name, seed] of [
      ['one', 1],
      ['again', 1],
      ['two', 2],
    ])
      await run(`init-map ${pair} --input mean_resizing --output randn --seed ${seed} --out ${name}`)
    const [one, again, two] = ['one', 'again', 'two'].map((name) => readFileSync(at(name, 'init-map.safetensors')))
    expect(one.equals(again)).toBe(true)
    expect(one.equals(two)).toBe(false)
  })

  it('without the corpus that a method needs nothing is done', async () => {
    const refused = await run(`init-map ${pair} --input focus --out none`)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('the init method focus needs a corpus')
    expect(refused.stderr).toContain('--corpus')
    expect(existsSync(at('none'))).toBe(false)
  })
})

describe('extend', () => {
  it('counts in its own corpus', async () => {
    const made = await run('extend --base small --corpus ko.txt --add 100 --audit none --input align --out aligned')
    expect(made.code).toBe(0)
    const map = readInitMap(readFileSync(at('aligned', 'init-map.safetensors')), 'map')
    expect(map.inputMethod).toBe('align')
  })

  it('refuses before any work what it could not count for', async () => {
    const text = readFileSync(at('ko.txt'), 'utf8')
    const piped = await run('extend --base small --corpus - --add 100 --audit none --input align --out no', text)
    expect(piped.code).toBe(2)
    expect(piped.stderr).toContain('the init method align counts in the corpus once pieces are learned')
    expect(piped.stderr).toContain('ko-vocab init-map --corpus')
  })
})

describe('compare-init', () => {
  it('has a line for every method and side, and for the base', async () => {
    const compared = await run(
      `compare-init ${pair} --checkpoint model --corpus ko.txt --hidden-states hidden.safetensors`,
    )
    expect(compared.code).toBe(0)
    const lines = compared.stdout.split('\n')
    for (const name of Object.keys(initMethods))
      expect(
        lines.filter((line) => line.startsWith(`${name} `)),
        name,
      ).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('base rows '))).toHaveLength(2)
    expect(lines[0]).toMatch(/^input +norm +± +cos mean +cos nearest$/)
    expect(compared.stdout).toMatch(/\noutput .* new mass +most +bits lost\n/)
    expect(compared.stdout).toContain('the mass of new ids is over 20 hidden states')
    expect(compared.stdout).toMatch(/\nfirst +.* 1\.000\n/)
  })

  it('says what it left out', async () => {
    const compared = await run(`compare-init ${pair} --checkpoint model`)
    expect(compared.stdout).toContain('the mass of new ids was not taken: it needs --hidden-states')
    expect(compared.stdout).toContain('left out without --corpus: weighted_frequency, align, focus, omp\n')
    expect(compared.stdout).not.toMatch(/^align /m)
  })

  it('--json, --dry-run', async () => {
    const json = JSON.parse((await run(`compare-init ${pair} --checkpoint model --json`)).stdout)
    expect(json).toMatchObject({ dim: 8, tied: false, corpus: false, states: null })
    expect(Object.keys(json.methods)).toEqual(Object.keys(initMethods).filter((name) => !json.skipped.includes(name)))
    expect(json.methods.zero.output).toMatchObject({ rows: 300, norm: 0, cosineToMean: null })
    const dry = await run(`compare-init ${pair} --checkpoint nowhere --dry-run`)
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('would compare mean, first') })
  })

  it.each([
    ['--checkpoint nowhere', 1, 'nowhere'],
    ['', 2, '--checkpoint is missing'],
    ['--checkpoint model --hidden-states wide.safetensors', 1, 'wide.safetensors: holds'],
    ['--checkpoint model --hidden-states ko.txt', 1, 'ko.txt: '],
  ])('%s is refused', async (args, code, message) => {
    const refused = await run(`compare-init ${pair} ${args}`.trim())
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).toContain(message)
  })
})
