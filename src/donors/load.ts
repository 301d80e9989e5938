/** Reads a donor from disk (Node only): one file, or a folder as models are published. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KoVocabError } from '../errors'
import { readDonor } from './read'
import type { Donor, ReadDonorOptions } from './types'

/**
 * In a folder tokenizer.json goes first (transformers reads that one too), then tokenizer.model, the one `*.model` or
 * `*.tiktoken`, and vocab.txt; a note names those that were left aside.
 *
 * @throws KoVocabError `io` when nothing is there, `mismatch` when a folder does not say which file is meant, and what
 * {@link readDonor} throws
 */
export async function loadDonor(path: string, options: ReadDonorOptions = {}): Promise<Donor> {
  const info = await stat(path).catch((cause: unknown) => {
    throw ioError(path, cause, 'give a tokenizer file, a text list, or a folder that holds a tokenizer')
  })
  if (!info.isDirectory()) return readDonor(await bytesOf(path), path, options)
  const names = (await readdir(path)).sort()
  const fixed = ['tokenizer.json', 'tokenizer.model'].filter((name) => names.includes(name))
  const others = names.filter(
    (name) => name.endsWith('.tiktoken') || (name.endsWith('.model') && name !== 'tokenizer.model'),
  )
  const words = names.filter((name) => name === 'vocab.txt')
  if (fixed.length === 0 && others.length > 1) {
    throw new KoVocabError(
      'mismatch',
      `${path}: ${others.length} tokenizers in this folder: ${others.join(', ')}`,
      'give the file that is meant',
    )
  }
  const [chosen, ...aside] = [...fixed, ...others, ...words]
  if (!chosen) {
    throw new KoVocabError(
      'io',
      `${path}: no donor in this folder; looked for tokenizer.json, tokenizer.model, *.model, *.tiktoken, vocab.txt`,
      'give the file itself, or several files',
    )
  }
  const donor = readDonor(await bytesOf(join(path, chosen)), join(path, chosen), options)
  if (aside.length > 0) donor.notes.push(`It was read from ${chosen}; ${aside.join(', ')} beside it was left aside.`)
  return donor
}

async function bytesOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw ioError(path, cause)
  })
}

function ioError(path: string, cause: unknown, hint?: string): KoVocabError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
  const reason = missing ? 'no such file or folder' : cause instanceof Error ? cause.message : String(cause)
  return new KoVocabError('io', `${path}: ${reason}`, hint, { cause })
}
