import { describe, expect, it } from 'vitest'
import { formatAudit } from '../../../src/extend/audit/format'
import { audit, bytesExtended, hex, spmExtended } from './small'

describe('formatAudit', () => {
  it('a line a check, with counts and notes', async () => {
    const text = formatAudit(await audit(bytesExtended(), { paddingIds: [], referees: 'all' }))
    expect(text).toMatch(/^audit passed: \d+ checks\n/)
    expect(text).toContain('\n  scope hangul, level quick, seed 1\n')
    expect(text).toMatch(/\nok {3}7-agree-tiktoken +tokenizer\.tiktoken gives the same ids as our encoder \(2,007\)\n/)
    expect(text).toMatch(/\nskip 8-padding .*\(there are none\)\n/)
    expect(text).toContain('\nnote: 3-scope-sweep was not made, as asked\n')
  })

  it('failures in readable values, three of them, control characters escaped', async () => {
    const broken = formatAudit(await audit(bytesExtended([hex('be'), hex('80'), hex('be80')])))
    expect(broken).toMatch(/^audit FAILED: 1 of \d+ checks\n/)
    expect(broken).toMatch(/\nFAIL 3-scope-proof .*\(1 of 14 failed\)\n {7}id 265, piece "be 80", bytes "be 80", why/)
    const extended = spmExtended()
    extended.scores!.fill(0, extended.pieces.length - 5)
    const text = formatAudit(await audit(extended, { skip: ['3-scope-sweep', '6-round-trip-sweep', '1-files'] }))
    expect(text).toContain('       and 2 more\n')
    expect([...text].every((char) => char === '\n' || char >= ' ')).toBe(true)
  })
})
