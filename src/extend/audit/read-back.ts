/** Reads emitted files again, from memory. */
import { decodeUtf8, encodeUtf8 } from '../../text/utf8'
import { readSentencePiece } from '../../tokenizer/files/sentencepiece-model'
import { companionName, looksLikeTiktoken, readCompanion, readTiktoken } from '../../tokenizer/files/tiktoken'
import { readTokenizerJson } from '../../tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../tokenizer/types'

export type Files = ReadonlyMap<string, Uint8Array | string>

/** Whether a file of a tokenizer's folder is a tiktoken rank file; Llama-3's is named tokenizer.model. */
export function isRankFile(name: string, content: Uint8Array | string): boolean {
  if (name.endsWith('.json')) return false
  return looksLikeTiktoken(typeof content === 'string' ? encodeUtf8(content.slice(0, 2048)) : content)
}

export function isSentencePieceFile(name: string, content: Uint8Array | string): boolean {
  return name.endsWith('.model') && typeof content !== 'string' && !isRankFile(name, content)
}

/** Names of the files that hold a vocabulary. */
export function vocabularyFiles(files: Files): string[] {
  return [...files.keys()].filter((name) => {
    const content = files.get(name)!
    return name === 'tokenizer.json' || isRankFile(name, content) || isSentencePieceFile(name, content)
  })
}

/** Reads one of {@link vocabularyFiles} with its companions. Throws as the readers do. */
export function readBack(name: string, files: Files): Tokenizer {
  const content = files.get(name)!
  const sidecars: Record<string, string> = {}
  for (const [other, value] of files) if (other.endsWith('.json') && other !== name) sidecars[other] = text(value)
  if (name === 'tokenizer.json') return readTokenizerJson(text(content), name, sidecars)
  if (isRankFile(name, content)) {
    const companion = files.get(companionName(name))
    const extras = companion === undefined ? {} : readCompanion(text(companion), companionName(name))
    return readTiktoken(text(content), name, extras, sidecars)
  }
  return readSentencePiece(content as Uint8Array, name, sidecars)
}

function text(content: Uint8Array | string): string {
  return typeof content === 'string' ? content : decodeUtf8(content)
}
