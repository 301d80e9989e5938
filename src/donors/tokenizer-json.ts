/** Hugging Face tokenizer.json as a donor: BPE, Unigram, WordPiece and WordLevel. */

import { bytesToKey, textToKey } from '../text/byte-key'
import { pieceToBytes } from '../tokenizer/byte-alphabet'
import {
  badFile,
  byteOfPiece,
  isObject,
  type JsonObject,
  parseJsonObject,
  show,
  unsupported,
} from '../tokenizer/files/text'
import { holdsByteLevel } from '../tokenizer/files/tokenizer-json'
import { bpePieces, type ListedPiece, unigramPieces, wordPieces } from './json-pieces'
import { normalizationNotes, ofJsonNode } from './normalization'
import { restorePieces } from './restore'
import type { Donor, DonorPiece, ReadDonorOptions } from './types'

/** How the strings of one vocabulary stand for text. */
interface Spelling {
  /** Each character is a byte of GPT-2's alphabet. */
  byteLevel: boolean
  /** The mark of a space, '' for none. */
  space: string
  /** The mark of the inside of a word (`##`), '' for none; without it a piece begins a word. */
  inside: string
  /** Pieces without the mark of the inside begin a word. */
  bareBegins: boolean
  /** The mark of a word's end (`</w>`), '' for none. */
  end: string
}

interface AddedText {
  special: boolean
  normalized: boolean
}

/**
 * @throws KoVocabError `bad-file` where the file contradicts its format, `unsupported` for a model type that is not one
 * of the four
 */
export function readTokenizerJsonDonor(text: string, name: string, options: ReadDonorOptions = {}): Donor {
  const document = parseJsonObject(text, name)
  const { model } = document
  if (!isObject(model)) {
    throw badFile(
      name,
      `no tokenizer: "model" is ${show(model)}, an object is expected`,
      'give a tokenizer.json as Hugging Face tokenizers writes it, or the pieces as a text list',
    )
  }
  const { format, orderedBy, listed, unk } = readModel(model, name)
  const added = readAdded(document.added_tokens, name)
  const spelling = spellingOf(document, model, format)
  const notes: string[] = []

  const pieces = listed
    .filter(({ piece }) => piece !== '')
    .map(({ piece, score }) => donorPiece(piece, score, piece === unk ? SPECIAL : added.get(piece), spelling))
  const inModel = new Set(listed.map(({ piece }) => piece))
  for (const [content, token] of added) {
    if (!inModel.has(content)) pieces.push(donorPiece(content, null, token, spelling))
  }

  const what = ofJsonNode(document.normalizer)
  notes.push(...normalizationNotes(what), ...spellingNotes(spelling, pieces))
  notes.push(...restorePieces(pieces, what, options.normalized !== 'keep'))
  return { name, format, pieces, orderedBy, normalizer: what.name, notes }
}

const SPECIAL: AddedText = { special: true, normalized: false }

function readModel(
  model: JsonObject,
  name: string,
): Pick<Donor, 'format' | 'orderedBy'> & { listed: ListedPiece[]; unk: string | null } {
  const unk = typeof model.unk_token === 'string' ? model.unk_token : null
  switch (typeOf(model)) {
    case 'BPE': {
      const listed = bpePieces(model, name)
      const orderedBy = listed.some(({ score }) => score !== null) ? 'rank' : 'order'
      return { format: 'tokenizer-json-bpe', orderedBy, listed, unk }
    }
    case 'Unigram': {
      const { pieces, unk } = unigramPieces(model, name)
      return { format: 'tokenizer-json-unigram', orderedBy: 'log probability', listed: pieces, unk }
    }
    case 'WordPiece':
      return { format: 'tokenizer-json-wordpiece', orderedBy: 'order', listed: wordPieces(model, name), unk }
    case 'WordLevel':
      return { format: 'tokenizer-json-wordlevel', orderedBy: 'order', listed: wordPieces(model, name), unk }
    default:
      throw unsupported(
        name,
        `model.type is ${show(model.type)}: BPE, Unigram, WordPiece and WordLevel are known`,
        'give its pieces as a text list, one a line',
      )
  }
}

/** Files before tokenizers 0.10 carry no type; each model has a field that no other has. */
function typeOf(model: JsonObject): unknown {
  if (model.type !== undefined) return model.type
  if (model.merges !== undefined) return 'BPE'
  if (Array.isArray(model.vocab)) return 'Unigram'
  return model.max_input_chars_per_word === undefined ? undefined : 'WordPiece'
}

/** Added tokens by content. Their ids do not matter here. */
function readAdded(value: unknown, name: string): Map<string, AddedText> {
  const added = new Map<string, AddedText>()
  if (value === undefined || value === null) return added
  if (!Array.isArray(value)) throw badFile(name, `added_tokens is ${show(value)}, a list is expected`)
  value.forEach((entry: unknown, index) => {
    if (!isObject(entry) || typeof entry.content !== 'string' || entry.content === '') {
      throw badFile(name, `added_tokens[${index}] is ${show(entry)}, an object with a "content" is expected`)
    }
    added.set(entry.content, { special: entry.special === true, normalized: entry.normalized === true })
  })
  return added
}

function spellingOf(document: JsonObject, model: JsonObject, format: Donor['format']): Spelling {
  const nodes = ['normalizer', 'pre_tokenizer', 'decoder'].map((key) => document[key])
  const byteLevel = model.byte_fallback !== true && nodes.some(holdsByteLevel)
  const wordPiece = format === 'tokenizer-json-wordpiece'
  const prefix = model.continuing_subword_prefix
  const inside = typeof prefix === 'string' ? prefix : wordPiece ? '##' : ''
  const mark = nodes.map(metaspaceOf).find((found) => found !== null) ?? null
  const end = typeof model.end_of_word_suffix === 'string' ? model.end_of_word_suffix : ''
  // A word of WordLevel is what lies between spaces, unless spaces are marked.
  const wholeWords = format === 'tokenizer-json-wordlevel' && !byteLevel && mark === null
  return {
    byteLevel,
    // BERT's vocabularies hold ▁ as a character like any other.
    space: byteLevel ? '' : (mark ?? (wordPiece || wholeWords ? '' : '▁')),
    inside,
    bareBegins: inside !== '' || wholeWords,
    end,
  }
}

/** The character that a Metaspace node inside this one puts for a space, or null. */
function metaspaceOf(node: unknown): string | null {
  if (Array.isArray(node)) return node.map(metaspaceOf).find((found) => found !== null) ?? null
  if (!isObject(node)) return null
  if (node.type === 'Metaspace') return typeof node.replacement === 'string' ? node.replacement : '▁'
  return metaspaceOf(Object.values(node).filter((value) => Array.isArray(value)))
}

function donorPiece(piece: string, score: number | null, token: AddedText | undefined, spelling: Spelling): DonorPiece {
  if (token?.special) return { spelled: piece, key: '', kind: 'special', score }
  if (token) {
    // Only tokens that are looked for in normalized text meet marks for spaces there.
    const text = token.normalized && spelling.space ? piece.replaceAll(spelling.space, ' ') : piece
    return { spelled: piece, key: textToKey(text), kind: 'added', score }
  }
  const byte = spelling.byteLevel ? -1 : byteOfPiece(piece)
  if (byte >= 0) return { spelled: piece, key: String.fromCharCode(byte), kind: 'byte', score }

  let text = piece
  let before = ''
  let after = ''
  if (spelling.inside && text.startsWith(spelling.inside) && text.length > spelling.inside.length) {
    text = text.slice(spelling.inside.length)
  } else if (spelling.bareBegins) {
    before = ' '
  }
  if (spelling.end && text.endsWith(spelling.end) && text.length > spelling.end.length) {
    text = text.slice(0, -spelling.end.length)
    after = ' '
  }
  if (!spelling.byteLevel) {
    if (spelling.space) text = text.replaceAll(spelling.space, ' ')
    return { spelled: piece, key: textToKey(before + text + after), kind: 'piece', score }
  }
  const bytes = pieceToBytes(text)
  const key = before + (bytes ? bytesToKey(bytes) : textToKey(text)) + after
  return { spelled: piece, key, kind: bytes && key.length === 1 ? 'byte' : 'piece', score }
}

function spellingNotes({ byteLevel, space, inside, bareBegins, end }: Spelling, pieces: DonorPiece[]): string[] {
  if (inside) return [`Its pieces without ${inside} begin a word and got a space in front.`]
  if (bareBegins) return ['Its pieces are whole words and got a space in front.']
  if (end) return [`Its pieces end in ${end} where a word ends and got a space behind in its place.`]
  if (byteLevel) return []
  const marked = pieces.some(({ kind, spelled }) => kind === 'piece' && spelled.includes(space))
  return marked ? [] : ['None of its pieces holds a mark for a space, so they are taken for the inside of words.']
}
