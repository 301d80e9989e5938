/** A folder beside an output in which the work on it goes on where a killed process left it. Node only. */
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { KoVocabError } from '../errors'
import { asIoError, putInPlace, requireFreeFolder, temporaryName } from './atomic'

export interface WorkFolderOptions {
  /** Put the new folder in the place of an existing one that is not empty. Off: that is an error. */
  replace?: boolean
  /** Asked when `fill` throws: whether the folder stays for the next try. Never without a key. */
  isWorthKeeping?: (error: unknown) => boolean
}

/**
 * Runs `fill` on a folder beside `target`, and renames `out` in it to `target` when `fill` is done, so that `target` never
 * holds half of the output. The folder is called by the key: the next process that does the same work finds it. One
 * process at a time works in it.
 *
 * @param key of all that the output depends on, in hex; null for work that cannot go on, which gets a new folder
 * @throws KoVocabError `io` as requireFreeFolder, when another process is at work, or nothing can be written
 */
export async function withWorkFolder<T>(
  target: string,
  key: string | null,
  fill: (work: string, out: string) => Promise<T>,
  { replace, isWorthKeeping = () => false }: WorkFolderOptions = {},
): Promise<T> {
  const place = resolve(target)
  const occupied = await requireFreeFolder(target, replace)
  const work = key === null ? temporaryName(place) : join(dirname(place), `.${basename(place)}.${key}.work`)
  const out = join(work, 'out')
  let release = async () => {}
  try {
    await mkdir(out, { recursive: true })
    release = await lock(join(work, 'lock'), target)
  } catch (error) {
    throw asIoError(error, target, 'written')
  }
  try {
    const result = await fill(work, out)
    await putInPlace(out, place, occupied)
    await rm(work, { recursive: true, force: true })
    return result
  } catch (error) {
    if (key === null || !isWorthKeeping(error)) await rm(work, { recursive: true, force: true })
    throw asIoError(error, target, 'written')
  } finally {
    await release()
  }
}

/** Locks of this process. */
const held = new Set<string>()

const BEAT_MS = 10_000
/**
 * Of another machine's process: when its last sign of life is older, it is taken for dead. Clustering a hundred million
 * documents gives no sign for some minutes.
 */
const DEAD_MS = 300_000

/** @returns gives the lock back */
async function lock(path: string, target: string): Promise<() => Promise<void>> {
  const holder = await holderOf(path)
  if (holder) {
    const hint = 'wait for it, or name another --out; a machine that is gone is given five minutes'
    throw new KoVocabError('io', `${target}: another process is at work on it (${holder})`, hint)
  }
  await rm(path, { force: true })
  const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new KoVocabError('io', `${target}: another process has just begun to work on it`, 'wait for it')
  })
  await handle.writeFile(JSON.stringify({ host: hostname(), pid: process.pid, start: await startOf(process.pid) }))
  await handle.close()
  held.add(path)
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS)
  beat.unref()
  return async () => {
    clearInterval(beat)
    held.delete(path)
    await rm(path, { force: true })
  }
}

/** The process that holds the lock, in words; null when nobody does, or who did is dead. */
async function holderOf(path: string): Promise<string | null> {
  let holder: { host?: unknown; pid?: unknown; start?: unknown }
  let age: number
  try {
    age = Date.now() - (await stat(path)).mtimeMs
    holder = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return null
  }
  const { host, pid, start } = holder
  if (host !== hostname()) return age < DEAD_MS ? `on ${host}, last seen ${Math.round(age / 1000)} s ago` : null
  // A container that starts again has the same name and numbers its processes anew.
  if (typeof pid !== 'number' || (pid === process.pid && !held.has(path))) return null
  return isAlive(pid) && (await startOf(pid)) === (start ?? null) ? `process ${pid}` : null
}

/** When a process began, as Linux tells it, since numbers are given again; null elsewhere (proc_pid_stat(5), field 22). */
async function startOf(pid: number): Promise<string | null> {
  const facts = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
