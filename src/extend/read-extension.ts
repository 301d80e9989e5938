/** extension.json as it lies on disk. Node only. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { asIoError } from '../corpus/atomic'
import { KoVocabError } from '../errors'

/** What later steps need of extension.json. */
const record = z.object({
  format: z.literal('ko-vocab-extension'),
  format_version: z.literal('1'),
  base_sha256: z.string(),
  extended_sha256: z.string(),
  scope: z.string(),
  user_defined_symbols: z.array(z.object({ id: z.int().min(0), piece: z.string() })),
  padding: z.array(z.object({ id: z.int().min(0), piece: z.string() })),
})

export type ReadExtensionRecord = z.output<typeof record>

/**
 * extension.json of a folder, or beside a file; null where there is none.
 *
 * @throws KoVocabError `bad-file`
 */
export async function readExtensionRecord(path: string): Promise<ReadExtensionRecord | null> {
  const file = join(await folderOf(path), 'extension.json')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw asIoError(error, file, 'read')
  }
  try {
    return record.parse(JSON.parse(text))
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined
    const what = issue ? `${issue.path.join('.')}: ${issue.message}` : String(cause)
    throw new KoVocabError('bad-file', `${file}: ${what}`, 'extend writes this file; move a foreign one away', {
      cause,
    })
  }
}

/** The folder itself, or the one that a file lies in. */
export async function folderOf(path: string): Promise<string> {
  const info = await stat(path).catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  return info.isDirectory() ? path : dirname(path)
}
