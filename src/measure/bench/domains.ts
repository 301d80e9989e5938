/** Corpora with names: `name=path`, or a path whose files are a domain each. Node only. */
import { basename } from 'node:path'
import { type CorpusFile, expandInputs } from '../../corpus/files'
import { readLines } from '../../corpus/lines'
import { nameAndPath } from '../tokenizers/open'
import type { Domain } from './bench'

export type FileDomain = Domain & { corpus: CorpusFile[] }

/**
 * All files of `name=path` are one domain, as are those of a name that stands twice. Without a name each file is a
 * domain of its own, called after the file (`reviews.txt.gz`: reviews), or by its whole path where two would be called
 * alike.
 *
 * @throws KoVocabError as {@link expandInputs}
 */
export async function readDomains(specs: readonly string[], signal?: AbortSignal): Promise<FileDomain[]> {
  const named: { name: string; given: boolean; files: CorpusFile[] }[] = []
  const seen = new Set<string>()
  for (const spec of specs) {
    const [name, path] = await nameAndPath(spec)
    const files = await expandInputs([path])
    if (name !== null) {
      const other = named.find((domain) => domain.given && domain.name === name)
      if (other) other.files.push(...files)
      else named.push({ name, given: true, files })
      continue
    }
    for (const file of files) {
      if (seen.has(file.path)) continue
      seen.add(file.path)
      named.push({ name: nameOf(file.path), given: false, files: [file] })
    }
  }
  const counts = new Map<string, number>()
  for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  return named.map(({ name, given, files }) => ({
    name: !given && counts.get(name)! > 1 ? files[0].path : name,
    files: files.map((file) => file.path),
    corpus: files,
    lines: () => readLines(files, { signal }),
  }))
}

/** All files of `name=path` or a path as one text. */
export async function readDomain(spec: string, signal?: AbortSignal): Promise<FileDomain> {
  const [name, path] = await nameAndPath(spec)
  const files = await expandInputs([path])
  return {
    name: name ?? nameOf(files[0].path),
    files: files.map((file) => file.path),
    corpus: files,
    lines: () => readLines(files, { signal }),
  }
}

function nameOf(path: string): string {
  if (path === '-') return 'stdin'
  return basename(path).replace(/(\.(txt|jsonl?|csv|tsv|md))?(\.(gz|zst))?$/, '') || basename(path)
}
