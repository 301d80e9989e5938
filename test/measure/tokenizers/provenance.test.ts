import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runRecord } from '../../../src/corpus/run-record'
import { auditExtension } from '../../../src/extend/audit/audit'
import { emptyBase } from '../../../src/extend/from-nothing'
import { openMeasured } from '../../../src/measure/tokenizers/open'
import { readProvenance } from '../../../src/measure/tokenizers/provenance'
import { scopeNamed } from '../../../src/text/scope'
import { saveTokenizer } from '../../../src/tokenizer/save'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-provenance-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what lies beside a tokenizer', () => {
  it('is the audit and the run as they were written, for a folder and for a file in it', async () => {
    const base = emptyBase('sentencepiece')
    await saveTokenizer(base, at('base'))
    const audit = await auditExtension({ base, extended: base, scope: scopeNamed('hangul'), level: 'quick' })
    const run = runRecord('extend', { add: 3, corpus: ['a.txt'] }, 1, [{ path: '-', size: null, sha256: null }])
    writeFileSync(at('base', 'audit.json'), JSON.stringify(audit))
    writeFileSync(at('base', 'run.json'), JSON.stringify(run))
    const expected = { audit: JSON.parse(JSON.stringify(audit)), run, notes: [] }
    expect(await readProvenance(at('base'))).toEqual(expected)
    const measured = await openMeasured(at('base', 'tokenizer.json'))
    expect(measured.provenance).toEqual(expected)
    expect(measured.sha256).toBe(audit.extended.sha256)
  })

  it('is nothing where there is nothing', async () => {
    await saveTokenizer(emptyBase('sentencepiece'), at('bare'))
    expect((await openMeasured(at('bare'))).provenance).toBeNull()
  })

  it('may be files of others, which are named', async () => {
    mkdirSync(at('foreign'))
    writeFileSync(at('foreign', 'run.json'), '{"job": 7}')
    writeFileSync(at('foreign', 'audit.json'), '{')
    const found = await readProvenance(at('foreign'))
    expect(found).toMatchObject({ audit: null, run: null })
    expect(found!.notes).toEqual([
      expect.stringMatching(/^audit\.json: /),
      expect.stringMatching(/^run\.json: ko_vocab/),
    ])
  })
})
