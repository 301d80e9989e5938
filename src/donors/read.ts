/** Reads a vocabulary whose pieces shall become pieces of a base, whatever file it comes in. */
import { KoVocabError } from '../errors'
import { badFile, show, unsupported } from '../tokenizer/files/text'
import { readListDonor } from './list'
import { readSentencePieceDonor } from './sentencepiece'
import { isTiktoken, readTiktokenDonor } from './tiktoken'
import { readTokenizerJsonDonor } from './tokenizer-json'
import type { Donor, ReadDonorOptions } from './types'

/**
 * A SentencePiece `.model` of any type, a tokenizer.json, a tiktoken rank file (Llama-3's tokenizer.model is one), or a
 * text list; told apart by content. The ends `.model`, `.json` and `.tiktoken` decide where the content does not.
 *
 * Unlike a base, a donor may be unigram, have any normalizer and no byte fallback: only its pieces are wanted.
 *
 * @param name path or name, for messages and reports
 * @throws KoVocabError `bad-file` for damaged files, `unsupported` for files of another kind, `bad-option`
 */
export function readDonor(bytes: Uint8Array, name: string, options: ReadDonorOptions = {}): Donor {
  checkOption('spelling', options.spelling, ['auto', 'words', 'pieces'])
  checkOption('normalized', options.normalized, ['undo', 'keep'])
  if (bytes.length === 0) throw badFile(name, 'the file is empty')
  const end = /\.(?:model|json|tiktoken|csv)$/i.exec(name)?.[0].toLowerCase()
  if (end === '.tiktoken' || isTiktoken(bytes)) return readTiktokenDonor(utf8(bytes, name), name, options)
  if (end === '.json' || (end !== '.model' && looksLikeJson(bytes))) {
    return readTokenizerJsonDonor(utf8(bytes, name), name, options)
  }
  if (end === '.model' || looksLikeModel(bytes)) return readSentencePieceDonor(bytes, name, options)
  if (end === '.csv') {
    throw unsupported(name, 'is a table with commas', 'give a list: a word a line, with a TAB before its count')
  }
  if (startsWith(bytes, '#version')) {
    throw unsupported(name, 'is a list of merges, not of pieces', 'give the tokenizer.json that it belongs to')
  }
  return readListDonor(bytes, name, options)
}

function checkOption(option: string, value: string | undefined, known: string[]): void {
  if (value === undefined || known.includes(value)) return
  throw new KoVocabError('bad-option', `${option} is ${show(value)}`, `choose one of ${known.join(', ')}`)
}

/** `{` and then a key or the end: a list may begin with the piece `{` as well. */
function looksLikeJson(bytes: Uint8Array): boolean {
  return /^(?:\xef\xbb\xbf)?\s*\{\s*["}]/.test(latin1(bytes, 64))
}

/**
 * A ModelProto begins with its first piece: tag 0x0A, length, and in it the tag 0x0A and length of the string, which
 * leave room for each other. Text may begin with line ends (0x0A) too, but then the lengths do not fit.
 */
function looksLikeModel(bytes: Uint8Array): boolean {
  const [tag, length, inner, stringLength] = bytes
  return tag === 0x0a && inner === 0x0a && stringLength > 0 && stringLength + 2 <= length && length + 2 < bytes.length
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return latin1(bytes, text.length) === text
}

function latin1(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length))
}

function utf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badFile(name, 'not UTF-8 text')
  }
}
