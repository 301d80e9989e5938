import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePairs } from '../trainer/run/small-preferences'
import { layOutRun } from '../trainer/run/small-run'
import { koVocab } from './run'

let folder: string
const given =
  'pretrain --model model --data ko.txt --replay en.txt --length 24 --batch 2 --accumulate 1 --eval-bytes 300 --held-out 5 --backend cpu'
const run = (args: string) => koVocab(`${given} ${args}`.split(' '), { cwd: folder })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-pretrain-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const metricsOf = (out: string) =>
  readFileSync(join(folder, out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('pretrain', () => {
  it('says what it would do', async () => {
    const { code, stdout, stderr } = await run('--tokens 1k --recipe two-stage --dry-run --out dry')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('would train 13,648 parameters, 264 ids, on cpu\n1,000 tokens: 21 steps of 48, about ')
    expect(stdout).toContain('  embeddings: 6 steps, 8,448 parameters train at 0.00005, ')
    expect(stdout).toContain('  all: 15 steps, 13,648 parameters train at 0.00005, ')
    expect(stdout).toContain('replay (20 %)\n  en: en.txt, ')
    expect(stdout).toContain('recipe\n  name: two-stage\n')
    const json = await run('--tokens 1k --recipe two-stage --dry-run --json --out dry')
    expect(JSON.parse(json.stdout)).toMatchObject({
      dryRun: true,
      steps: 21,
      tokensPerStep: 48,
      stages: [{ steps: 6 }, {}],
    })
    expect(existsSync(join(folder, 'dry'))).toBe(false)
  })

  it('trains, tells, and leaves a model that evaluates as it said', async () => {
    const { code, stdout, stderr } = await run('--tokens 480 --learning-rate 0.01 --save-every 4 --out out')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('stage 1 of 1, all: 10 steps, 13,648 parameters train\n')
    expect(stderr).toMatch(/^step 0 {2}ko \d\.\d{4} {2}en \d\.\d{4} bits\/byte {2}en gate ok /m)
    expect(stderr).toMatch(/^trained {4}10 steps, 480 tokens, /m)
    expect(readdirSync(join(folder, 'out'))).toEqual(
      expect.arrayContaining(['config.json', 'curves.html', 'metrics.jsonl', 'model.safetensors', 'run.json']),
    )
    const metrics = metricsOf('out')
    expect(metrics.filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ])
    const again = await run('--tokens 480 --out out')
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--resume goes on with the run that it holds'),
    })
    const other = await run('--tokens 960 --learning-rate 0.01 --save-every 4 --resume --out out')
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the number of tokens was 480, now it is 960'),
    })
    const over = await run('--tokens 480 --learning-rate 0.01 --save-every 4 --resume --json --out out')
    expect(JSON.parse(over.stdout)).toMatchObject({ ended: 'done', step: 10, steps: 10, tokens: 480 })
  })

  it('learns preferences, measures those that are held out, and goes on', async () => {
    writePairs(join(folder, 'pairs.jsonl'), 0, 40)
    const dpo = (args: string) =>
      koVocab(
        `pretrain --model model --data pairs.jsonl --recipe dpo --chat-template llama-2 --guard en.txt --eval-bytes 2k
          --held-out 5 --length 160 --batch 2 --accumulate 1 --learning-rate 0.02 --tokens 3200 --backend cpu
          --token-cache cache --save-every 3 ${args}`.split(/\s+/),
        { cwd: folder },
      )
    const dry = await dpo('--dry-run --out dpo')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toContain('  objective:\n    kind: dpo\n    beta: 0.1\n')
    const refused = await dpo('--replay en.txt --out dpo')
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('learns from pairs alone, but --replay is'),
    })
    expect(existsSync(join(folder, 'dpo'))).toBe(false)
    const paused = await dpo('--max-steps 6 --out dpo')
    expect(paused).toMatchObject({ code: 0, stdout: '' })
    expect(paused.stderr).toMatch(/^preferences: 3\d pairs in \d+ blocks, which the run reads \d\.\d\d times$/m)
    expect(paused.stderr).toMatch(/^reference: what the model at the beginning says of 40 pairs$/m)
    expect(paused.stderr).toMatch(/^step 0 {2}pairs 0\.6931 right 0 % {2}en \d\.\d{4} bits\/byte {2}en gate ok /m)
    const { code, stderr } = await dpo('--resume --out dpo')
    expect(code).toBe(0)
    expect(stderr).not.toContain('reference:')
    expect(stderr).toContain('dpo: goes on after step 6 of 10')
    const metrics = metricsOf('dpo')
    const steps = metrics.filter(({ kind }) => kind === 'step')
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(steps[0].loss).toBeCloseTo(Math.LN2, 12)
    expect(steps.at(-1).loss).toBeLessThan(Math.LN2)
    const evaluations = metrics.filter(({ kind }) => kind === 'evaluation')
    expect(evaluations.at(-1).preferences[0].loss).toBeLessThan(evaluations[0].preferences[0].loss)
    expect(readdirSync(join(folder, 'dpo'))).toEqual(
      expect.arrayContaining(['best', 'config.json', 'model.safetensors', 'reference.json', 'run.json']),
    )
  })

  it('takes a recipe and options from files', async () => {
    writeFileSync(join(folder, 'mine.yaml'), 'extends: full\nstages:\n  - { name: all, train: [layers] }\n')
    writeFileSync(join(folder, 'run.yaml'), 'recipe: mine.yaml\ntokens: 96\nlearning-rate: 0.001\n')
    const { code, stdout } = await run('--config run.yaml --dry-run --out dry')
    expect(code).toBe(0)
    expect(stdout).toContain('all: 2 steps, 5,184 parameters train at 0.001')
  })

  it.skipIf(process.platform === 'win32')('Ctrl-C saves and exits 130; --resume takes every step once', async () => {
    const args = `${given} --tokens 20k --save-every 1000 --eval-every 100 --out stopped`.split(' ')
    const ended = await koVocab(args, {
      cwd: folder,
      onStart(child) {
        child.stdin?.end()
        const look = setInterval(() => {
          const path = join(folder, 'stopped', 'metrics.jsonl')
          if (!existsSync(path) || !readFileSync(path, 'utf8').includes('"step":40,')) return
          clearInterval(look)
          child.kill('SIGINT')
        }, 20)
        child.on('close', () => clearInterval(look))
      },
    })
    expect([ended.code, ended.signal]).toEqual([130, null])
    expect(ended.stderr).toMatch(/checkpoint: stopped\/checkpoints\/step-\d+\nko-vocab: interrupted\n$/)
    const before = metricsOf('stopped').filter(({ kind }) => kind === 'step')
    const { code, stderr } = await koVocab([...args, '--resume'], { cwd: folder })
    expect(code).toBe(0)
    expect(stderr).toContain(`all: goes on after step ${before.at(-1).step} of 417`)
    const steps = metricsOf('stopped').filter(({ kind }) => kind === 'step')
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 417 }, (_, i) => i + 1))
    expect(steps.slice(0, before.length)).toEqual(before)
  })

  it('says what is wrong with its options', async () => {
    const cases: [string, number, string][] = [
      ['--tokens 1k --recipe eve --out x', 2, 'did you mean eeve?'],
      ['--tokens many --out x', 2, 'expected a number such as 10M, 1.5B or 200k'],
      ['--tokens 1k --on-forget slw --out x', 2, 'did you mean slow?'],
      ['--tokens 1k --backend cuda --out x', 1, 'this build has no CUDA backend'],
      ['--tokens 1k --storage f16 --out x', 1, 'the backend cpu stores float32 alone, not --storage f16'],
      ['--out x', 2, '--tokens is missing'],
      ['--tokens 1k --guard-bound 2 --out x', 2, 'expected a share from 0 to 1'],
    ]
    for (const [args, code, said] of cases) {
      const ended = await run(args)
      expect({ args, code: ended.code, stderr: ended.stderr }).toEqual({
        args,
        code,
        stderr: expect.stringContaining(said),
      })
    }
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })
})
