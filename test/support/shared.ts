/**
 * Real tokenizers and corpora that lie beside a checkout, in ../shared or where KO_VOCAB_SHARED says. Tests that use
 * them skip by name without them: `it.skipIf(!sharedDir)('… (needs ../shared)', …)`.
 */
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'

const folder = process.env.KO_VOCAB_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))

export const sharedDir: string | null = existsSync(join(folder, 'tokenizers')) ? folder : null

export type SharedTokenizer = 'llama-2' | 'llama-3' | 'mistral-7b-v0.1' | 'yi-6b'

/** The folders of the real base tokenizers that are there; empty without ../shared. */
export const sharedTokenizers: { name: SharedTokenizer; folder: string }[] = (
  ['llama-2', 'llama-3', 'mistral-7b-v0.1', 'yi-6b'] as const
)
  .map((name) => ({ name, folder: join(folder, 'tokenizers', name) }))
  .filter((base) => existsSync(base.folder))

export const koreanDomains = [
  'dialogue',
  'encyclopedia',
  'general',
  'legal',
  'literature',
  'petitions',
  'reviews',
  'tech_docs',
] as const
export const otherDomains = ['code', 'en', 'ja_zh'] as const
export type SharedDomain = (typeof koreanDomains)[number] | (typeof otherDomains)[number]

/**
 * Up to `n` non-empty lines of one domain of ../shared/data, every `every`-th of them from the start. Streams, so that
 * a few lines of a file of 100 MB cost little.
 */
export async function sharedLines(domain: SharedDomain, n: number, every = 1): Promise<string[]> {
  if (!sharedDir) throw new Error('../shared is absent: guard the test with skipIf(!sharedDir)')
  const part = (otherDomains as readonly string[]).includes(domain) ? 'other' : 'ko'
  const file = createReadStream(join(sharedDir, 'data', part, `${domain}.txt.gz`))
  const lines: string[] = []
  let seen = 0
  for await (const line of createInterface({ input: file.pipe(createGunzip()), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '' || seen++ % every !== 0) continue
    lines.push(line)
    if (lines.length >= n) break
  }
  file.destroy()
  return lines
}
