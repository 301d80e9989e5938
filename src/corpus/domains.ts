/** Corpora with names: `name=path`, or a path whose files are a domain each. Node only. */
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type CorpusFile, expandInputs, requireRecords } from './files'
import type { ReadingOptions } from './format'

export interface CorpusDomain {
  name: string
  files: CorpusFile[]
}

/**
 * All files of `name=path` are one domain, as are those of a name that stands twice. Without a name each file is a
 * domain of its own, called after the file (`reviews.txt.gz`: reviews), or by its whole path where two would be called
 * alike. A file that is reached twice, also through a link, belongs to the first that reached it.
 *
 * @param overlapping of `options`: domains with names keep files that others have too: for measuring, where nothing counts twice
 * @throws KoVocabError as {@link expandInputs}
 */
export async function expandDomains(
  specs: readonly string[],
  { overlapping = false, ...reading }: ReadingOptions & { overlapping?: boolean } = {},
): Promise<CorpusDomain[]> {
  const named: { name: string; given: boolean; files: CorpusFile[] }[] = []
  const seen = new Set<string>()
  for (const spec of specs) {
    const [name, path] = await nameAndPath(spec)
    const files: CorpusFile[] = []
    for (const file of await expandInputs([path], { ...reading, fieldOptional: true })) {
      const identity = file.path === '-' ? '-' : await realpath(file.path).catch(() => file.path)
      if (name === null || !overlapping) {
        if (seen.has(identity)) continue
        seen.add(identity)
      }
      files.push(file)
    }
    if (name === null) {
      for (const file of files) named.push({ name: nameOfText(file.path), given: false, files: [file] })
      continue
    }
    const other = named.find((domain) => domain.given && domain.name === name)
    if (other) other.files.push(...files)
    else if (files.length > 0) named.push({ name, given: true, files })
  }
  if (!reading.fieldOptional) {
    requireRecords(
      named.flatMap(({ files }) => files),
      reading.field,
    )
  }
  const counts = new Map<string, number>()
  for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  return named.map(({ name, given, files }) => ({
    name: !given && counts.get(name)! > 1 ? files[0].path : name,
    files,
  }))
}

/** All files of `name=path` or a path as one text. */
export async function expandDomain(spec: string, reading?: ReadingOptions): Promise<CorpusDomain> {
  const [name, path] = await nameAndPath(spec)
  const files = await expandInputs([path], reading)
  return { name: name ?? nameOfText(files[0].path), files }
}

/** `name=rest` in two, unless a file of the whole name is there. */
export async function nameAndPath(spec: string): Promise<[name: string | null, path: string]> {
  const parts = /^([^=/\\]+)=(.+)$/s.exec(spec)
  const isThere = async () => (await stat(spec).catch(() => null)) !== null
  return parts && !(await isThere()) ? [parts[1], parts[2]] : [null, spec]
}

function nameOfText(path: string): string {
  if (path === '-') return 'stdin'
  return basename(path).replace(/(\.(txt|jsonl?|csv|tsv|md))?(\.(gz|zst))?$/, '') || basename(path)
}
