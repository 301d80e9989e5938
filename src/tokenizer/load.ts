/** Reads a tokenizer from disk (Node only): one file, or a folder as models are published. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { KoVocabError } from '../errors'
import { joined, requireAgreement } from './files/agree'
import { readSentencePiece } from './files/sentencepiece-model'
import { badFile } from './files/text'
import { companionName, looksLikeTiktoken, readCompanion, readTiktoken } from './files/tiktoken'
import { readTokenizerJson } from './files/tokenizer-json'
import type { Tokenizer } from './types'

/** Small files that travel with a tokenizer. Files that repeat its vocabulary (vocab.json, merges.txt) do not. */
export const SIDECARS = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.json',
  'chat_template.jinja',
  'generation_config.json',
]

/**
 * Reads tokenizer.json, a SentencePiece `.model`, a tiktoken rank file (Llama-3's tokenizer.model is one), or a folder
 * that holds any of them. When a folder holds tokenizer.json beside another one, both are read and must agree, and the
 * result keeps what each of them knows. Of a single file its folder's small companions (tokenizer_config.json, …) are
 * read too, since special tokens may only be named there.
 *
 * @throws KoVocabError `io` when nothing is there, `bad-file`, `unsupported`, or `mismatch` when two files disagree
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new KoVocabError('io', `${path}: ${reasonOf(cause)}`, 'give a tokenizer file or a folder that holds one', {
      cause,
    })
  })
  if (!info.isDirectory()) return loadFile(path, await readSidecars(dirname(path), basename(path)))

  const names = (await readdir(path)).sort()
  const jsonName = names.includes('tokenizer.json') ? 'tokenizer.json' : undefined
  const otherName = pickOther(names, path)
  if (!jsonName && !otherName) {
    throw new KoVocabError(
      'io',
      `${path}: no tokenizer in this folder; looked for tokenizer.json, tokenizer.model, *.model, *.tiktoken`,
      'tokenizers that come as vocab.json and merges.txt must be saved as tokenizer.json first',
    )
  }
  const sidecars = await readSidecars(path)
  const other = otherName ? await loadFile(join(path, otherName), sidecars) : undefined
  const json = jsonName ? await loadFile(join(path, jsonName), sidecars) : undefined
  if (!json || !other) return (json ?? other)!
  requireAgreement(json, join(path, jsonName!), other, join(path, otherName!))
  return joined(json, other)
}

/** The one `.model` or rank file of a folder; tokenizer.model goes first, several others are ambiguous. */
function pickOther(names: string[], folder: string): string | undefined {
  if (names.includes('tokenizer.model')) return 'tokenizer.model'
  const found = names.filter((name) => name.endsWith('.model') || name.endsWith('.tiktoken'))
  if (found.length > 1) {
    throw new KoVocabError(
      'mismatch',
      `${folder}: ${found.length} tokenizers in this folder: ${found.join(', ')}`,
      'give the file that is meant',
    )
  }
  return found[0]
}

async function loadFile(path: string, sidecars: Record<string, string>): Promise<Tokenizer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new KoVocabError('io', `${path}: ${reasonOf(cause)}`, undefined, { cause })
  })
  if (looksLikeTiktoken(bytes)) {
    const companion = await readText(join(dirname(path), companionName(basename(path))))
    const extras = companion === undefined ? {} : readCompanion(companion, companionName(path))
    return readTiktoken(utf8(bytes, path), path, extras, sidecars)
  }
  if (path.endsWith('.tiktoken')) return readTiktoken(utf8(bytes, path), path, {}, sidecars)
  const first = bytes.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
  // A ModelProto begins with the tag 0x0a of its first piece, a line end to the eye; then comes a length, never a brace
  // for the unk piece that stands first in all known models.
  if (path.endsWith('.json') || (!path.endsWith('.model') && first === 0x7b)) {
    return readTokenizerJson(utf8(bytes, path), path, sidecars)
  }
  return readSentencePiece(new Uint8Array(bytes), path, sidecars)
}

async function readSidecars(folder: string, except = ''): Promise<Record<string, string>> {
  const sidecars: Record<string, string> = {}
  for (const name of SIDECARS) {
    if (name === except) continue
    const text = await readText(join(folder, name))
    if (text !== undefined) sidecars[name] = text
  }
  return sidecars
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return utf8(await readFile(path), path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw error
  }
}

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badFile(path, 'not UTF-8 text')
  }
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'no such file or folder'
  return cause instanceof Error ? cause.message : String(cause)
}
