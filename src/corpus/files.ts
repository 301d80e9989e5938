/**
 * From what a user names on the command line (files, folders, globs, `-`) to the list of corpus files. Node only.
 */
import { lstatSync } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { isKoVocabError, KoVocabError } from '../errors'
import { asIoError } from './atomic'
import type { CorpusFile } from './corpus-file'
import { documentFiles, snapshotsOf } from './dataset-folder'
import { refuseForeignKinds, SNIFF_BYTES, sniffCompression } from './file-kind'
import type { ReadingOptions } from './format'
import { isParquet, recordReading } from './record-reading'
import { noneSkipped } from './skipped'

export type { CorpusFile }

export interface ExpandOptions extends ReadingOptions {
  /** Lines of JSON Lines as they stand there, for conversations. */
  jsonLines?: boolean
}

/**
 * The files that `patterns` stand for, in a deterministic order: as given, and within a folder or a glob by the UTF-8
 * bytes of the path. A file that is reached twice (also through a link) is listed once, where it came first.
 *
 * - an existing file stands for itself, whatever characters its name holds;
 * - an existing folder stands for all files below it, hidden ones (`.git`, `.DS_Store`) apart;
 * - `*`, `**`, `?`, `[x]` and `{a,b}` are globs, hidden names apart;
 * - `-` is standard input.
 *
 * Every file is opened and its first bytes looked at, so that a wrong one is named before hours of work, and the field
 * with the text is chosen. Of the folder of a dataset the files that hold documents are taken (see documentFiles).
 *
 * @throws KoVocabError `io`: nothing matches, missing, empty folder, unreadable; `unsupported`: a kind that is not read;
 * `bad-option`: no such field, or none that is clear; `bad-file`: damaged at its beginning. With `onError: 'skip'` such
 * files are left out, unless none is left, and kept in `opened` only.
 */
export async function expandInputs(patterns: readonly string[], options: ExpandOptions = {}): Promise<CorpusFile[]> {
  if (patterns.length === 0)
    throw new KoVocabError('bad-option', 'no corpus files were named', 'name files, folders or globs')
  const files: CorpusFile[] = []
  const seen = new Set<string>()
  let first: unknown
  for (const pattern of patterns) {
    for (const path of await pathsOf(pattern)) {
      // A pipe has no real path.
      const identity = path === '-' ? '-' : await realpath(path).catch(() => path)
      if (seen.has(identity)) continue
      seen.add(identity)
      try {
        const file = await describe(path, options)
        files.push(file)
        options.opened?.push(file)
      } catch (error) {
        if (options.onError !== 'skip' || !isKoVocabError(error) || error.code === 'bad-option') throw error
        first ??= error
        options.opened?.push(leftOut(path, error))
      }
    }
  }
  if (files.length === 0) throw first
  if (!options.fieldOptional) requireRecords(files, options.field)
  return files
}

/** @throws KoVocabError `bad-option` for a field although all files are running text */
export function requireRecords(files: readonly CorpusFile[], field: string | undefined): void {
  if (field === undefined || files.some(({ records }) => records)) return
  const what = `the field ${field} is asked for, and all files are running text`
  throw new KoVocabError('bad-option', what, 'leave --field out, or say what they are with --input-format')
}

/** Bytes of all files; 0, which progress takes for unknown, where a stream is among them. */
export function totalBytes(files: readonly CorpusFile[]): number {
  return files.some(({ stream }) => stream) ? 0 : files.reduce((sum, { size }) => sum + size, 0)
}

function leftOut(path: string, error: KoVocabError): CorpusFile {
  const skipped = { ...noneSkipped(), parts: 1, examples: [{ offset: null, message: error.message }] }
  return { path, size: 0, compression: 'none', onError: 'skip', skipped }
}

async function pathsOf(pattern: string): Promise<string[]> {
  if (pattern === '-') return ['-']
  if (pattern === '') throw new KoVocabError('bad-option', 'a corpus path is empty', 'check the quoting of your shell')
  const info = await stat(pattern).catch(() => null)
  if (info?.isDirectory()) {
    const paths = documentFiles(pattern, (await filesBelow(pattern, new Set())).sort(compareUtf8))
    if (paths.length === 0)
      throw new KoVocabError('io', `${pattern}: the folder holds no files`, 'name a folder with text files')
    return paths
  }
  if (info) return [pattern]
  if (isDynamicPattern(pattern)) {
    const paths = await glob(pattern, {
      expandDirectories: false,
      onlyFiles: true,
      dot: false,
      absolute: isAbsolute(pattern),
    })
    if (paths.length > 0) return paths.sort(compareUtf8)
    throw new KoVocabError('io', `${pattern}: no file matches`, 'check the pattern; hidden files are not matched')
  }
  const dangling = lstatSync(pattern, { throwIfNoEntry: false })?.isSymbolicLink()
  const what = dangling ? 'a link to a file that does not exist' : 'no such file or folder'
  throw new KoVocabError('io', `${pattern}: ${what}`, 'check the path')
}

/** Follows links; `parents` holds the real paths of the folders above, so that a loop ends. */
async function filesBelow(folder: string, parents: ReadonlySet<string>): Promise<string[]> {
  const real = await realpath(folder).catch((error) => throwIo(error, folder))
  if (parents.has(real)) return []
  const below = new Set(parents).add(real)
  const paths: string[] = []
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => throwIo(error, folder))
  const snapshots = await snapshotsOf(
    folder,
    entries.map(({ name }) => name),
  )
  if (snapshots) {
    for (const snapshot of snapshots) paths.push(...(await filesBelow(snapshot, below)))
    return paths
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    const info = entry.isSymbolicLink() ? await stat(path).catch((error) => throwIo(error, path)) : entry
    if (info.isDirectory()) paths.push(...(await filesBelow(path, below)))
    else if (info.isFile()) paths.push(path)
  }
  return paths
}

async function describe(path: string, options: ExpandOptions): Promise<CorpusFile> {
  const onError = options.onError === 'skip' ? { onError: 'skip' as const } : {}
  try {
    // Opening a pipe waits for its writer, and closing it again ends the writer: leave that to the reader.
    if (path === '-' || !(await stat(path)).isFile()) {
      const file: CorpusFile = { path, size: 0, compression: 'none', stream: true, ...onError }
      return withRecords(file, new Uint8Array(0), options)
    }
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      const sample = new Uint8Array(Math.min(SNIFF_BYTES, size))
      const { bytesRead } = await handle.read(sample, 0, sample.length, 0)
      const head = sample.subarray(0, bytesRead)
      const file: CorpusFile = { path, size, compression: sniffCompression(head), ...onError }
      return await withRecords(file, head, options)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
}

/** @param head the first bytes as they lie on disk; empty for a stream, which is looked at when it is read */
async function withRecords(file: CorpusFile, head: Uint8Array, options: ExpandOptions): Promise<CorpusFile> {
  const asLines = options.jsonLines || options.format === 'text'
  if (asLines || !isParquet(head)) refuseForeignKinds(file.path, head)
  const records = asLines ? null : await recordReading(file, head, options)
  return records ? { ...file, records } : file
}

function throwIo(error: unknown, path: string): never {
  throw asIoError(error, path, 'read')
}

/**
 * Order of the UTF-8 bytes, which is code point order. JavaScript's own order is by UTF-16 unit, where U+1F600 comes
 * before U+FB01; the order must not depend on the language a tool is written in.
 */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    // Surrogates stand for code points above all other units, so lift them over U+E000..U+FFFF.
    if (x !== y) return (isSurrogate(x) ? x + 0x10000 : x) - (isSurrogate(y) ? y + 0x10000 : y)
  }
  return a.length - b.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
