import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expandInputs } from '../../../src/corpus/files'
import { isHeldOut } from '../../../src/counts/held-out'
import { extendTokenizer } from '../../../src/extend/extend'
import { readLineBytes } from '../../../src/measure/plan/line-bytes'
import { parseMerges } from '../../../src/merges/merges-file'
import { type PlannedExtension, planExtension } from '../../../src/plan-extension'
import { decodeUtf8, encodeUtf8 } from '../../../src/text/utf8'
import { countTokens, createEncoder } from '../../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { koreanText, llama2Json } from '../../support/fixtures'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-plan-'))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))

const held = (line: string) => {
  const bytes = encodeUtf8(line)
  return isHeldOut(bytes, 0, bytes.length, 10)
}

let base: Tokenizer
let lines: string[]
beforeAll(async () => {
  base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
  lines = (await koreanText()).split('\n').slice(0, 4000)
  writeFileSync(at('all.txt'), lines.join('\n'))
  writeFileSync(at('rest.txt'), lines.filter((line) => !held(line)).join('\n'))
  writeFileSync(at('held.txt.gz'), gzipSync(lines.filter(held).join('\n')))
})

const small = { max: 700, model: '7b', trainingTokens: 10_000_000 }

describe('planExtension', () => {
  let planned: PlannedExtension
  beforeAll(async () => {
    planned = await planExtension({ base, corpus: [at('all.txt')], ...small, out: at('plan') })
  })

  it('measures lines that it has not learned from: as if they had been two files', async () => {
    const { plan, learned } = planned
    const apart = await planExtension({ base, corpus: [at('rest.txt')], test: [at('held.txt.gz')], ...small })
    expect(apart.learned.pieces).toEqual(learned.pieces)
    expect(apart.plan.rows).toEqual(plan.rows)
    expect(apart.plan.measured).toEqual(plan.measured)
    expect(plan.learned).toMatchObject({ pieces: 700, most: 700, leftOut: 10 })
    expect(apart.plan.learned).toEqual({ ...plan.learned, leftOut: null })
    expect(plan.measured.lines).toBe(lines.filter(held).filter((line) => line !== '').length)
  })

  it('has the tokens of real encoding at the proposed and at other sizes', () => {
    const { plan, learned } = planned
    const measured = lines.filter(held)
    for (const row of [plan.rows[0], plan.rows[2], plan.rows[plan.rows.length - 1]]) {
      const pieces = learned.pieces.slice(0, row.pieces)
      const encoder = createEncoder(extendTokenizer(base, { ...learned, pieces }))
      expect(row.tokens).toBe(measured.reduce((sum, line) => sum + countTokens(encoder, line), 0))
    }
    expect(plan.proposal).toMatchObject({ pieces: 384, vocabulary: 32_384, bound: 'rare' })
  })

  it('writes a folder whose merges go on to an extension, and the same bytes again', async () => {
    expect(readdirSync(at('plan')).sort()).toEqual([
      'merges.txt',
      'plan.csv',
      'plan.json',
      'plan.md',
      'report.html',
      'run.json',
    ])
    const read = (name: string) => readFileSync(join(at('plan'), name), 'utf8')
    expect(JSON.parse(read('plan.json'))).toEqual(planned.plan)
    const merges = parseMerges(read('merges.txt'), 'merges.txt')
    expect(merges.pieces).toEqual(planned.learned.pieces)
    expect(merges.meta).toMatchObject({ base: base.sha256 ?? planned.plan.base.sha256, left_out: '1 of 10 lines' })
    const [head, ...rows] = read('plan.csv').trimEnd().split('\r\n')
    expect(rows).toHaveLength(planned.plan.rows.length)
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([head.split(',').length]))
    expect(rows[1].split(',').slice(0, 3).map(Number)).toEqual([128, 32_128, planned.plan.rows[1].tokens])
    expect(read('plan.md')).toContain('## Proposal: 384 pieces')
    for (const sentence of planned.plan.why) expect(read('plan.md')).toContain(sentence)
    expect(JSON.parse(read('run.json'))).toMatchObject({ command: 'plan', options: { 'held-out': 10, max: 700 } })
    const again = await planExtension({ base, corpus: [at('all.txt')], ...small, threads: 1 })
    for (const name of ['plan.json', 'plan.csv', 'plan.md', 'merges.txt'])
      expect(again.files.get(name)).toBe(read(name))
  })

  it('takes all that a text gives when that is less than was asked for', async () => {
    writeFileSync(at('tiny.txt'), '한국어 한국어 한국어\n'.repeat(3))
    const { plan } = await planExtension({ base, corpus: [at('tiny.txt')], test: [at('tiny.txt')], model: '1b' })
    expect(plan.learned.pieces).toBeLessThan(10)
    expect(plan.rows.map(({ pieces }) => pieces)).toEqual([0, plan.learned.pieces])
    // No size makes a multiple of 128.
    expect(plan.proposal).toBeNull()
  })

  it('refuses what cannot be, and leaves nothing behind', async () => {
    const given = { base, corpus: [at('all.txt')], ...small }
    await expect(planExtension({ ...given, max: 0 })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(planExtension({ ...given, heldOut: 1 })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(planExtension({ ...given, model: '9b' })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(planExtension({ ...given, corpus: ['-'] })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(planExtension({ ...given, out: at('plan') })).rejects.toMatchObject({ code: 'io' })
    writeFileSync(at('en.txt'), 'no Hangul here\n')
    await expect(planExtension({ ...given, test: [at('en.txt')] })).rejects.toMatchObject({ code: 'bad-file' })
    const controller = new AbortController()
    const aborted = planExtension({
      ...given,
      out: at('aborted'),
      signal: controller.signal,
      onProgress: (stage) => stage === 'encode' && controller.abort(),
    })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    expect(existsSync(at('aborted'))).toBe(false)
  })
})

describe('readLineBytes', () => {
  it('gives lines without their ends, whatever they are, the empty ones passed over', async () => {
    writeFileSync(at('a.txt'), '\ufeff첫 줄\r\n\r\n둘째\n\n셋째\r\n마지막')
    writeFileSync(at('b.txt.gz'), gzipSync(`${'길다'.repeat(400_000)}\n끝\n`))
    const found: string[] = []
    for await (const line of readLineBytes(await expandInputs([at('a.txt'), at('b.txt.gz')]))) {
      found.push(decodeUtf8(line))
    }
    expect(found.map((line) => line.slice(0, 5))).toEqual(['첫 줄', '둘째', '셋째', '마지막', '길다길다길', '끝'])
    expect(found[4]).toHaveLength(800_000)
  })
})
