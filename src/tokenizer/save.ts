/** Writes a tokenizer's folder to disk (Node only), whole or not at all. */
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KoVocabError } from '../errors'
import { tokenizerFiles } from './files/formats'
import type { Tokenizer } from './types'

export interface SavedTokenizer {
  /** Names of the files written, inside the folder. */
  files: string[]
  /** Formats that were left out, and why. */
  notes: string[]
}

/**
 * Writes every format that the base came in and those that can be derived (see {@link tokenizerFiles}).
 *
 * All files go into a temporary folder beside the target, which is renamed at the end: killed at any moment, the target
 * is absent or whole.
 *
 * @param force replace a folder that is not empty; the old one is moved aside first and removed last
 * @param extraFiles more files for the same folder, name → content (an audit, an init map)
 * @throws KoVocabError `io` when the target exists and is not an empty folder, or cannot be written
 */
export async function saveTokenizer(
  tokenizer: Tokenizer,
  folder: string,
  { force = false, extraFiles = {} }: { force?: boolean; extraFiles?: Record<string, string | Uint8Array> } = {},
): Promise<SavedTokenizer> {
  const target = resolve(folder)
  const occupied = await isOccupied(target)
  if (occupied && !force) {
    throw new KoVocabError('io', `${folder}: exists and is not an empty folder`, 'choose another folder, or force')
  }
  const { files, notes } = tokenizerFiles(tokenizer)
  for (const [name, content] of Object.entries(extraFiles)) files.set(name, content)

  const beside = (purpose: string) =>
    join(dirname(target), `.${basename(target)}.${purpose}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`)
  const fresh = beside('new')
  try {
    await mkdir(fresh, { recursive: true })
    for (const [name, content] of files) await writeSynced(join(fresh, name), content)
    if (occupied) {
      const old = beside('old')
      await rename(target, old)
      await rename(fresh, target).catch(async (error: unknown) => {
        await rename(old, target)
        throw error
      })
      await rm(old, { recursive: true })
    } else {
      // rename(2) replaces an empty folder on POSIX; Windows wants it gone. rmdir never takes a file with it.
      await rmdir(target).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
      await rename(fresh, target)
    }
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true })
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KoVocabError('io', `${folder}: not written: ${reason}`, undefined, { cause })
  }
  return { files: [...files.keys()].sort(), notes }
}

async function isOccupied(target: string): Promise<boolean> {
  const info = await stat(target).catch(() => null)
  if (!info) return false
  if (info.isDirectory()) return (await readdir(target)).length > 0
  throw new KoVocabError('io', `${target}: is a file, a folder is expected`)
}

async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
