/** Domains to measure on, whose lines are read when they are asked for. Node only. */
import { type CorpusDomain, expandDomain, expandDomains } from '../../corpus/domains'
import type { CorpusFile } from '../../corpus/files'
import type { ReadingOptions } from '../../corpus/format'
import { readLines } from '../../corpus/lines'
import type { Domain } from './bench'

export type FileDomain = Domain & { corpus: CorpusFile[] }

/** @throws KoVocabError as {@link expandDomains} */
export async function readDomains(
  specs: readonly string[],
  signal?: AbortSignal,
  reading?: ReadingOptions,
): Promise<FileDomain[]> {
  return (await expandDomains(specs, { ...reading, overlapping: true })).map((domain) => readable(domain, signal))
}

/** All files of `name=path` or a path as one text. */
export async function readDomain(spec: string, signal?: AbortSignal, reading?: ReadingOptions): Promise<FileDomain> {
  return readable(await expandDomain(spec, reading), signal)
}

function readable({ name, files }: CorpusDomain, signal: AbortSignal | undefined): FileDomain {
  return { name, files: files.map(({ path }) => path), corpus: files, lines: () => readLines(files, { signal }) }
}
