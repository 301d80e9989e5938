import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { koVocab, makeFolder } from './run'

let folder: string
const run = (args: string) => koVocab(args.split(' '), { cwd: folder })
const read = (...parts: string[]) => readFileSync(join(folder, ...parts), 'utf8')

beforeAll(async () => {
  folder = await makeFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('plan', () => {
  it('shows the curve and a proposal, and its merges make the size that it proposes', async () => {
    const ended = await run('plan --base llama-2 --corpus ko.txt --max 600 --threads 2 --out plan')
    expect(ended.code).toBe(0)
    expect(ended.stderr).toBe('files      plan: merges.txt, plan.csv, plan.json, plan.md, report.html, run.json\n')
    const plan = JSON.parse(read('plan', 'plan.json'))
    expect(plan.run).toEqual(JSON.parse(read('plan', 'run.json')))
    const { pieces, vocabulary } = plan.proposal
    expect(read('plan', 'report.html')).toContain(`${pieces} pieces, ${vocabulary.toLocaleString('en')} ids in all`)
    expect(vocabulary).toBe(32_000 + pieces)
    expect(vocabulary % 128).toBe(0)
    expect(ended.stdout).toContain(`\nproposal: ${pieces} pieces\n`)
    expect(ended.stdout).toMatch(/^pieces +ids +tok\/syllable +saved/m)
    expect(ended.stdout).toMatch(/^0 +32,000 +2\.\d{3} +0\.0 %/m)
    for (const sentence of plan.why) expect(ended.stdout).toContain(`${sentence}\n`)
    const made = await run(
      `extend --base llama-2 --merges plan/merges.txt --add ${pieces} --audit none --out ext --json`,
    )
    expect(made.code).toBe(0)
    expect(JSON.parse(made.stdout)).toMatchObject({ extendedSize: vocabulary })
  })

  it('prints JSON alone with --json, the same with any number of threads', async () => {
    const given = 'plan --base llama-2 --corpus ko.txt --max 300 --model 8b --held-out 5 --multiple-of 64 --json'
    const [one, four] = [await run(`${given} --threads 1`), await run(`${given} --threads 4`)]
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(four.stdout).toBe(one.stdout)
    const plan = JSON.parse(one.stdout)
    expect(plan).toMatchObject({
      format: 'ko-vocab-plan',
      multipleOf: 64,
      model: { name: '8b' },
      learned: { leftOut: 5 },
    })
    expect(plan.rows.map((row: { pieces: number }) => row.pieces)).toEqual([0, 64, 128, 192, 256, 300])
  })

  it('says what it would do, and refuses what it cannot', async () => {
    const dry = await run('plan --base small --corpus ko.txt --max 300 --dry-run --out dry')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toMatch(
      /^would learn up to 300 pieces for 260 ids in the scope hangul\+punctuation from\n {2}ko\.txt/,
    )
    expect(dry.stdout).toMatch(
      /1 line in 10 of them, left out of learning\nwould reckon with Llama-2-7B\nwould write dry\n$/,
    )
    expect(existsSync(join(folder, 'dry'))).toBe(false)
    const stream = await run('plan --base small --corpus - --max 300')
    expect(stream).toMatchObject({ code: 2, stdout: '' })
    expect(stream.stderr).toMatch(/the corpus is read twice/)
    expect((await run('plan --base small --corpus ko.txt --model 9b')).stderr).toMatch(/--model is "9b"/)
    expect((await run('plan --base small --corpus ko.txt --held-out 1')).code).toBe(2)
    expect((await run('plan --base none --corpus ko.txt')).stderr).toMatch(/plan needs a base, and --base is none/)
  })
})
