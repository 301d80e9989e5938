/** audit.json and run.json beside a tokenizer. Node only. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asIoError } from '../../corpus/atomic'
import type { RunRecord } from '../../corpus/run-types'
import type { AuditReport } from '../../extend/audit/types'
import { folderOf } from '../../extend/read-extension'
import type { Provenance } from '../bench/types'

const ids = z.object({ sha256: z.string(), size: z.number() })

const change = z.object({
  text: z.string(),
  lines: z.number(),
  changed: z.number(),
  tokens: z.object({ before: z.number(), after: z.number() }),
  examples: z.array(
    z.object({
      line: z.number(),
      content: z.string(),
      before: z.array(z.string()),
      after: z.array(z.string()),
    }),
  ),
})

const check = z.object({
  id: z.string(),
  title: z.string(),
  invariant: z.number(),
  passed: z.boolean(),
  counted: z.number(),
  failures: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.array(z.number()), z.boolean()]))),
  failureCount: z.number(),
  skipped: z.string().optional(),
  notes: z.array(z.string()).optional(),
  changes: z.array(change).optional(),
})

const audit: z.ZodType<AuditReport> = z.object({
  passed: z.boolean(),
  level: z.enum(['quick', 'full']),
  seed: z.number(),
  scope: z.string(),
  base: ids,
  extended: ids,
  newIds: z.object({ first: z.number(), count: z.number() }),
  checks: z.array(check),
  referees: z.array(z.object({ name: z.string(), version: z.string(), file: z.string() })),
  notes: z.array(z.string()),
})

const run: z.ZodType<RunRecord> = z.object({
  ko_vocab: z.string(),
  command: z.string(),
  options: z.record(z.string(), z.unknown()),
  seed: z.number(),
  inputs: z.array(z.object({ path: z.string(), size: z.number().nullable(), sha256: z.string().nullable() })),
})

/**
 * What {@link Provenance} holds, of a folder or of the one that a file lies in; null where neither file is there. Both
 * names are common ones: a file that is not ours is a note, no error.
 *
 * @throws KoVocabError `io` when a file is there and cannot be read
 */
export async function readProvenance(path: string): Promise<Provenance | null> {
  const folder = await folderOf(path)
  const notes: string[] = []
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T | null> => {
    const file = join(folder, name)
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw asIoError(error, file, 'read')
    })
    if (text === null) return null
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      const issue = error instanceof z.ZodError ? error.issues[0] : null
      const why = issue ? `${issue.path.join('.') || 'the whole'}: ${issue.message}` : (error as Error).message
      notes.push(`${name}: ${why}`)
      return null
    }
  }
  const found = { audit: await read('audit.json', audit), run: await read('run.json', run) }
  return found.audit || found.run || notes.length > 0 ? { ...found, notes } : null
}
