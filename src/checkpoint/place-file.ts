/** A file that stays as it is, in another folder: shared where the file system can, copied where not. Node only. */
import { constants, copyFile, link, open, realpath, rm } from 'node:fs/promises'
import { asIoError } from '../corpus/atomic'

/**
 * - `auto`: a copy that shares its blocks until one side changes (reflink: APFS, Btrfs, XFS), else a hard link, else a
 *   copy
 * - `hard`: a hard link; across devices a copy
 * - `copy`: a copy, with shared blocks where the file system can
 */
export type LinkMode = 'auto' | 'hard' | 'copy'

export type Placed = 'shared' | 'linked' | 'copied'

/** File systems say in several ways that they cannot. */
const CANNOT = ['EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'ENOTTY', 'EPERM', 'EACCES', 'EMLINK', 'EBADF']

/** @throws KoVocabError `io` */
export async function placeFile(source: string, target: string, mode: LinkMode): Promise<Placed> {
  try {
    // link(2) would link the link.
    const file = await realpath(source)
    if (mode === 'auto' && (await tried(copyFile(file, target, COPYFILE_SHARED), target))) {
      await syncFile(target)
      return 'shared'
    }
    if (mode !== 'copy' && (await tried(link(file, target), null))) return 'linked'
    await copyFile(file, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await syncFile(target)
    return 'copied'
  } catch (error) {
    throw asIoError(error, target, 'written')
  }
}

const COPYFILE_SHARED = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE

/** Whether it went; `leftover` is what an attempt that failed may have left. */
async function tried(attempt: Promise<void>, leftover: string | null): Promise<boolean> {
  try {
    await attempt
    return true
  } catch (error) {
    if (!CANNOT.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    if (leftover !== null) await rm(leftover, { force: true })
    return false
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
