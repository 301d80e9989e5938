import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { koreanText, llama2Json, llama2Model, llama3Json, mistralJson } from './fixtures'
import { findPython, openPython, runPython } from './python'
import { sharedDir, sharedLines } from './shared'

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

/** Hashes of the published files, so that a new version of a dependency cannot change what the tests stand on. */
describe('fixtures are the published tokenizers', () => {
  it.each([
    ['llama-2 tokenizer.json', llama2Json, 'bcd04f0eadf90287bd26e1a183ac487d8a141b09b06aecb7725bbdd343640f2e'],
    ['llama-2 tokenizer.model', llama2Model, '9e556afd44213b6bd1be2b850ebbbd98f5481437a8021afaf58ee7fb1818d347'],
    ['llama-3 tokenizer.json', llama3Json, 'c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78'],
    ['mistral-7b tokenizer.json', mistralJson, 'fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc'],
  ])('%s', async (_, make, hash) => {
    expect(sha256(await make())).toBe(hash)
  })

  it('koreanText holds Hangul in every line', async () => {
    const text = await koreanText()
    const lines = text.trimEnd().split('\n')
    expect(text.match(/[가-힣]/g)?.length).toBeGreaterThan(270_000)
    expect(lines.filter((line) => !/[가-힣]/.test(line))).toEqual([])
  })
})

it.skipIf(!sharedDir)(
  'sharedLines reads the head of a domain, and every n-th line of it (needs ../shared)',
  async () => {
    const lines = await sharedLines('dialogue', 6)
    expect(lines).toHaveLength(6)
    expect(await sharedLines('dialogue', 3, 2)).toEqual([lines[0], lines[2], lines[4]])
    expect(readFileSync(join(sharedDir ?? '', 'data/README.md'), 'utf8')).toContain('MANIFEST.tsv')
  },
)

const python = findPython(['json'])
describe.skipIf(!python.path)(`runPython (${python.reason})`, () => {
  it('hands JSON over and back', async () => {
    const script = 'import json, sys; print(json.dumps([x[::-1] for x in json.load(sys.stdin)]))'
    expect(await runPython(python.path ?? '', script, ['한글', 'ab'])).toEqual(['글한', 'ba'])
  })
  it('names a missing module, and fails with what Python said', async () => {
    expect(findPython(['json', 'no_such_module_'])).toEqual({
      path: null,
      reason: 'needs the Python modules no_such_module_',
    })
    await expect(runPython(python.path ?? '', 'raise SystemExit("no such luck")', [])).rejects.toThrow('no such luck')
  })
})

describe.skipIf(!python.path)(`openPython (${python.reason})`, () => {
  it('answers in order, whatever else is printed, and goes on behind an error', async () => {
    const ask = openPython<string, string>(
      python.path ?? '',
      'def answer(text):\n    print("noise")\n    return text[::-1] * (1 if len(text) < 3 else 100_000)',
    )
    const [first, wrong, long, last] = await Promise.allSettled([
      ask('한글'),
      ask(7 as never),
      ask('가나\n'),
      ask('ab'),
    ])
    expect(first).toMatchObject({ value: '글한' })
    expect(wrong).toMatchObject({ reason: { message: expect.stringMatching(/TypeError/) } })
    expect(long).toMatchObject({ value: '\n나가'.repeat(100_000) })
    expect(last).toMatchObject({ value: 'ba' })
  })
  it('a process that ends rejects what was asked, and what is asked then', async () => {
    const ask = openPython(python.path ?? '', 'raise SystemExit("no such luck")')
    await expect(ask(1)).rejects.toThrow('no such luck')
    await expect(ask(2)).rejects.toThrow('no such luck')
  })
})
