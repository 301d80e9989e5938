import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))

function speed(...args: string[]) {
  return spawnSync(process.execPath, [path('speed.mjs'), '--quick', ...args], {
    encoding: 'utf8',
    env: { ...process.env, KO_VOCAB_PYTHON: 'no-python-of-this-name' },
  })
}

it('bench/speed.mjs: Llama-2 and an extension beside @huggingface/tokenizers, and peers that are absent', () => {
  const run = speed('--only', 'encode,decode', '--base', 'llama-2', '--peer', '@huggingface', '--rounds', '2')
  expect(run.stderr).toContain('round 2/2')
  expect(run.status).toBe(0)
  expect(run.stdout).toContain('Absent: tokenizers (Python module; no-python-of-this-name), sentencepiece (Python')
  const { machine, results } = JSON.parse(readFileSync(path('results/speed-quick.json'), 'utf8'))
  expect(machine.loadAtStart).toBeGreaterThanOrEqual(0)
  expect(results.map(({ stage }: { stage: string }) => stage)).toEqual(['encode', 'decode'])
  for (const { match, passes, runs } of results) {
    expect(match).toEqual({ equal: true, text: expect.stringMatching(/^all \d{3,} lines$/) })
    expect(passes).toHaveLength(2)
    expect(passes[0].times.n).toBe(2)
    expect(runs.ours).toHaveLength(2)
  }
}, 180_000)

it('bench/speed.mjs: a stage or a base that is not there', () => {
  expect(speed('--only', 'encoding').stderr).toContain('--only names encoding: there are count, train, encode, decode')
  expect(speed('--base', 'llama-9').stderr).toContain(
    '--base names llama-9: there are llama-2, llama-3, mistral-7b-v0.1',
  )
})
