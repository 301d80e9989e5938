/** `--model`: a name, or a folder with config.json. Node only. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asIoError } from '../../corpus/atomic'
import { knownModelShape, readModelShape, unknownModel } from './model-shape'
import type { ModelShape } from './types'

/** @throws KoVocabError `bad-option` for a name that is not known, `io`, `bad-file`, `unsupported` */
export async function openModelShape(name: string): Promise<ModelShape> {
  const known = knownModelShape(name)
  if (known) return known
  const info = await stat(name).catch(() => null)
  if (!info) throw unknownModel(name)
  const file = info.isDirectory() ? join(name, 'config.json') : name
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw asIoError(error, file, 'read')
  })
  return readModelShape(text, file)
}
