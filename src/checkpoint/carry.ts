/** What becomes of every file of the base's folder besides weights in use: carried over, replaced, or left behind. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { asIoError } from '../corpus/atomic'
import { SIDECARS } from '../tokenizer/load'

export interface Carried {
  /** From the base's folder, name there → name in the new one. */
  base: Map<string, string>
  /** From the folder of the extended tokenizer, the same name. */
  extension: string[]
  /** Facts for the user, a sentence each. */
  notes: string[]
}

/** Written anew. */
const OURS = ['config.json', 'model.safetensors.index.json', 'rows.json', 'run.json', 'extension.json']
/** They hold the vocabulary: the base's must not outlive the extension. params.json goes with consolidated weights. */
const VOCABULARY =
  /^(tokenizer\.json|vocab\.(json|txt)|merges\.txt|tekken\.json|params\.json)$|\.(model|tiktoken|special\.json)$/
const WEIGHTS = /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf|ggml|ot|npz)$|\.index\.json$/
/** Small files that say how the model is used rather than what its vocabulary is: the base's serve if need be. */
const COMPANIONS = SIDECARS.filter((name) => name !== 'generation_config.json')

/**
 * @param inUse the shards
 * @throws KoVocabError `io`
 */
export async function planCarried(base: string, extension: string, inUse: ReadonlySet<string>): Promise<Carried> {
  const notes: string[] = []
  const baseNames = await visibleFiles(base, notes)
  const extensionNames = await visibleFiles(extension, [])
  const fromExtension = extensionNames.filter(
    (name) =>
      (VOCABULARY.test(name) && name !== 'merges.txt') || COMPANIONS.includes(name) || name === 'extension.json',
  )
  if (!baseNames.includes('generation_config.json') && extensionNames.includes('generation_config.json')) {
    fromExtension.push('generation_config.json')
  }
  const carried = new Map<string, string>()
  const left: string[] = []
  for (const name of baseNames) {
    if (inUse.has(name) || OURS.includes(name) || fromExtension.includes(name)) continue
    if (VOCABULARY.test(name)) notes.push(`${name} was left out: it holds the vocabulary of the base`)
    else if (WEIGHTS.test(name)) left.push(name)
    else carried.set(name, name === 'README.md' ? freeReadme(baseNames) : name)
  }
  if (left.length > 0) notes.push(`other weights were left out: ${left.join(', ')}`)
  return { base: carried, extension: fromExtension, notes }
}

/** README.md of the base stays readable beside the new one. */
function freeReadme(names: readonly string[]): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'README.base.md' : `README.base.${n}.md`
    if (!names.includes(name)) return name
  }
}

/**
 * Regular files, and links to such that stay in the folder or lead into the `blobs` of the Hub's cache. A link to
 * anywhere else could carry a private file into a model that is published; it is left out and named.
 */
async function visibleFiles(folder: string, notes: string[]): Promise<string[]> {
  try {
    const real = await realpath(folder)
    const roots = [real, join(dirname(dirname(real)), 'blobs')]
    const names: string[] = []
    const folders: string[] = []
    for (const name of (await readdir(folder)).sort()) {
      if (name.startsWith('.')) continue
      const path = join(folder, name)
      const info = await stat(path).catch(() => null)
      if (info?.isDirectory()) folders.push(name)
      if (!info?.isFile()) continue
      const target = await realpath(path)
      if (roots.some((root) => target.startsWith(root + sep))) names.push(name)
      else if (WEIGHTS.test(name)) names.push(name)
      else notes.push(`${name} was left out: it is a link to ${target}, outside the folder`)
    }
    if (folders.length > 0) notes.push(`folders were left out: ${folders.join(', ')}`)
    return names
  } catch (error) {
    throw asIoError(error, folder, 'read')
  }
}
