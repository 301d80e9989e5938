/**
 * Outputs that are either whole or not there: written under a temporary name beside the target, then renamed.
 * Node only.
 */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KoVocabError } from '../errors'

export type FileData = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Writes a file so that `path` holds either what it held before or all of `data`, even after kill -9 or a power cut:
 * temporary name in the same folder, fsync, rename, fsync of the folder. Strings are written as UTF-8.
 * The folder is made when it is missing. An iterable is written chunk by chunk; when it throws, nothing is left behind
 * and its error passes through unchanged.
 *
 * @throws KoVocabError `io` when the file cannot be written.
 */
export async function writeFileAtomic(path: string, data: FileData): Promise<void> {
  const folder = dirname(path)
  const temporary = temporaryName(path)
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      if (typeof data === 'string') await writeAll(handle, new TextEncoder().encode(data))
      else if (data instanceof Uint8Array) await writeAll(handle, data)
      else for await (const chunk of data) await writeAll(handle, chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncFolder(folder)
  } catch (error) {
    await rm(temporary, { force: true })
    throw asIoError(error, path, 'written')
  }
}

export interface TemporaryFolderOptions {
  /** Put the new folder in the place of an existing one that is not empty. Off: that is an error. */
  replace?: boolean
}

/**
 * Runs `fill` on a new, empty folder beside `target` and renames that to `target` when `fill` is done, so that `target`
 * never holds half of the output. When `fill` throws, the temporary folder is removed and the error passes through.
 *
 * POSIX has no rename over a folder that is not empty. With `replace` the old folder is moved aside first: a process
 * killed between those two renames leaves the old folder whole under `.<name>.<random>.old`, and no `target`.
 *
 * @throws KoVocabError `io` when `target` exists and is not an empty folder (without `replace`), or cannot be written.
 */
export async function withTemporaryFolder<T>(
  target: string,
  fill: (folder: string) => Promise<T>,
  options: TemporaryFolderOptions = {},
): Promise<T> {
  const place = resolve(target)
  const occupied = await requireFreeFolder(target, options.replace)
  const temporary = temporaryName(place)
  try {
    await mkdir(dirname(place), { recursive: true })
    await mkdir(temporary)
  } catch (error) {
    throw asIoError(error, target, 'written')
  }
  try {
    const result = await fill(temporary)
    await putInPlace(temporary, place, occupied)
    return result
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw asIoError(error, target, 'written')
  }
}

/**
 * @returns whether `target` is there and not an empty folder, which `replace` allows
 * @throws KoVocabError `io` when it is and `replace` is off
 */
export async function requireFreeFolder(target: string, replace = false): Promise<boolean> {
  const occupied = await isOccupied(resolve(target))
  if (!occupied || replace) return occupied
  throw new KoVocabError(
    'io',
    `${target}: exists and is not empty`,
    'choose another folder, or allow it to be replaced',
  )
}

/**
 * What killed runs have left beside `target`: halves of it (`.tmp`), and whole old folders that were about to be
 * replaced (`.old`). Another run that goes on at this moment looks the same, so nothing is removed.
 */
export async function leftoversOf(target: string): Promise<string[]> {
  const place = resolve(target)
  const names = await readdir(dirname(place)).catch(() => [])
  const start = `.${basename(place)}.`
  const isLeftover = (name: string) =>
    name.startsWith(start) && /^[0-9a-f]{12}\.(tmp|old)$/.test(name.slice(start.length))
  return names.filter(isLeftover).map((name) => join(dirname(place), name))
}

/** Renames a whole folder to `place`; an old one there goes, when `occupied`. */
export async function putInPlace(temporary: string, place: string, occupied: boolean): Promise<void> {
  await syncFolder(temporary)
  const aside = occupied ? temporaryName(place).replace(/\.tmp$/, '.old') : null
  if (aside) await rename(place, aside)
  try {
    await rename(temporary, place)
  } catch (error) {
    if (aside) await rename(aside, place)
    throw error
  }
  await syncFolder(dirname(place))
  if (aside) await rm(aside, { recursive: true, force: true })
}

async function isOccupied(place: string): Promise<boolean> {
  try {
    if (!(await lstat(place)).isDirectory()) return true
    return (await readdir(place)).length > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw asIoError(error, place, 'read')
  }
}

/** Hidden, so that a folder listing or a glob that runs meanwhile does not take it for an input. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten
  }
}

/** Makes the rename itself durable. Windows cannot open a folder for this and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The data is in place already; durability of the name is best effort.
  }
}

/** System errors become `io` with the path; errors of callers and KoVocabErrors pass unchanged. */
export function asIoError(error: unknown, path: string, verb: 'read' | 'written'): unknown {
  if (error instanceof KoVocabError) return error
  const { code, syscall } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof syscall !== 'string') return error
  const reason = REASONS[code] ?? (error as Error).message
  return new KoVocabError('io', `${path}: cannot be ${verb}: ${reason} (${code})`, HINTS[code], { cause: error })
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
}

const HINTS: Record<string, string> = {
  ENOENT: 'check the path',
  EACCES: 'check the permissions of the file and its folder',
  EPERM: 'check the permissions of the file and its folder',
  ENOSPC: 'free some space or choose another folder',
}
