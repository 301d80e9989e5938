/**
 * Reads Hugging Face tokenizer.json (the serialisation of https://github.com/huggingface/tokenizers, version "1.0").
 */
import type { AddedToken, Form, JsonNode, Merges, Tokenizer } from '../types'
import { PieceKind } from '../types'
import type { JsonObject } from './text'
import { badFile, byteOfPiece, isObject, MAX_ID, parseJsonObject, requireBytePieces, show, unsupported } from './text'

/**
 * @param text the file's text
 * @param file its name, for messages
 * @throws KoVocabError `bad-file` when the file contradicts itself or its format, `unsupported` for models that are not
 * plain BPE over characters with byte fallback or over bytes
 */
export function readTokenizerJson(text: string, file: string, sidecars: Record<string, string> = {}): Tokenizer {
  const document = parseJsonObject(text, file)
  const model = document.model
  if (!isObject(model)) {
    throw badFile(
      file,
      `no tokenizer: "model" is ${show(model)}, an object is expected`,
      'give a tokenizer.json as Hugging Face tokenizers writes it',
    )
  }
  refuseOtherModels(model, file)
  const byteFallback = model.byte_fallback === true
  const form = formOf(document, byteFallback, file)

  const { pieces, idOf } = readVocab(model.vocab, file)
  const { addedTokens, outsideVocab } = readAddedTokens(document.added_tokens, pieces, idOf, file)
  const { merges, mergesAs } = readMerges(model.merges, idOf, file)
  const unkId = readUnk(model.unk_token, idOf, file)
  if (form === 'sentencepiece') requireBytePieces((piece) => idOf.has(piece), file)

  return {
    form,
    pieces,
    kinds: kindsOf(pieces, addedTokens, unkId, form),
    scores: null,
    merges,
    addedTokens,
    unkId,
    byteFallback,
    fuseUnk: model.fuse_unk === true,
    ignoreMerges: model.ignore_merges === true,
    normalizer: readNode(document, 'normalizer', file),
    preTokenizer: readNode(document, 'pre_tokenizer', file),
    postProcessor: readNode(document, 'post_processor', file),
    decoder: readNode(document, 'decoder', file),
    sources: {
      json: {
        document: { ...document, added_tokens: null, model: { ...model, vocab: null, merges: null } },
        mergesAs,
        outsideVocab,
      },
      sidecars,
    },
  }
}

function refuseOtherModels(model: JsonObject, file: string): void {
  // Files before tokenizers 0.10 carry no type; only BPE has merges.
  const type = model.type ?? (model.merges === undefined ? undefined : 'BPE')
  const reasons: Record<string, string> = {
    Unigram: 'a unigram model chooses pieces by probability and has no merges that could be continued',
    WordPiece: 'WordPiece takes the longest piece first and has no merges that could be continued',
    WordLevel: 'a word-level model has whole words only and no merges that could be continued',
  }
  if (type !== 'BPE') {
    const reason = typeof type === 'string' && reasons[type] ? reasons[type] : 'only BPE can be extended'
    throw unsupported(file, `model.type is ${show(type)}: ${reason}`, 'use a base model with a BPE tokenizer')
  }
  if (typeof model.dropout === 'number' && model.dropout > 0) {
    throw unsupported(file, `model.dropout is ${model.dropout}: its ids are random`, 'set model.dropout to null')
  }
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model[key] === undefined || model[key] === null || model[key] === '') continue
    throw unsupported(file, `model.${key} is ${show(model[key])}: pieces that change with their place are not handled`)
  }
}

function formOf(document: JsonObject, byteFallback: boolean, file: string): Form {
  if (byteFallback) return 'sentencepiece'
  for (const key of ['pre_tokenizer', 'decoder', 'normalizer']) if (holdsByteLevel(document[key])) return 'byte-level'
  throw unsupported(
    file,
    'neither byte fallback (model.byte_fallback) nor a ByteLevel pre-tokenizer: characters outside the vocabulary would become unknown',
  )
}

/** Whether a node of a tokenizer.json, or one inside it, is ByteLevel. */
export function holdsByteLevel(node: unknown): boolean {
  if (!isObject(node)) return false
  if (node.type === 'ByteLevel') return true
  return Object.values(node).some((value) => Array.isArray(value) && value.some(holdsByteLevel))
}

function readVocab(vocab: unknown, file: string): { pieces: string[]; idOf: Map<string, number> } {
  if (!isObject(vocab)) throw badFile(file, `model.vocab is ${show(vocab)}, an object is expected`)
  const idOf = new Map<string, number>()
  let highest = -1
  for (const [piece, id] of Object.entries(vocab)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw badFile(file, `model.vocab[${show(piece)}] is ${show(id)}, an id from 0 to ${MAX_ID} is expected`)
    }
    if (piece === '') throw badFile(file, `model.vocab holds the empty piece at id ${id}`)
    idOf.set(piece, id)
    if (id > highest) highest = id
  }
  if (highest < 0) throw badFile(file, 'model.vocab is empty')
  const pieces = new Array<string>(highest + 1).fill('')
  for (const [piece, id] of idOf) {
    if (pieces[id] !== '') throw badFile(file, `model.vocab gives id ${id} to ${show(pieces[id])} and ${show(piece)}`)
    pieces[id] = piece
  }
  return { pieces, idOf }
}

/** Puts the added tokens that the vocabulary lacks into `pieces` (not into `idOf`: merges cannot name them). */
function readAddedTokens(value: unknown, pieces: string[], idOf: Map<string, number>, file: string) {
  const addedTokens: AddedToken[] = []
  const outsideVocab: number[] = []
  if (value === undefined || value === null) return { addedTokens, outsideVocab }
  if (!Array.isArray(value)) throw badFile(file, `added_tokens is ${show(value)}, a list is expected`)
  const seen = new Map<string, number>()
  value.forEach((entry: unknown, index) => {
    const place = `added_tokens[${index}]`
    if (!isObject(entry)) throw badFile(file, `${place} is ${show(entry)}, an object is expected`)
    const { id, content } = entry
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw badFile(file, `${place}.id is ${show(id)}, an id from 0 to ${MAX_ID} is expected`)
    }
    if (typeof content !== 'string' || content === '') {
      throw badFile(file, `${place}.content is ${show(content)}, a string that is not empty is expected`)
    }
    const other = idOf.get(content) ?? seen.get(content)
    if (other !== undefined && other !== id) {
      throw badFile(file, `${place} gives ${show(content)} the id ${id}, which has id ${other} already`)
    }
    const holder = pieces[id]
    if (holder !== undefined && holder !== '' && holder !== content) {
      throw badFile(file, `${place} gives ${show(content)} the id ${id}, which is the id of ${show(holder)}`)
    }
    if (!idOf.has(content) && !seen.has(content)) outsideVocab.push(id)
    seen.set(content, id)
    while (pieces.length < id) pieces.push('')
    pieces[id] = content
    addedTokens.push({
      id,
      content,
      singleWord: entry.single_word === true,
      lstrip: entry.lstrip === true,
      rstrip: entry.rstrip === true,
      normalized: entry.normalized === true,
      special: entry.special === true,
    })
  })
  return { addedTokens, outsideVocab }
}

function readMerges(value: unknown, idOf: Map<string, number>, file: string) {
  if (!Array.isArray(value)) throw badFile(file, `model.merges is ${show(value)}, a list is expected`)
  const merges: Merges = {
    left: new Int32Array(value.length),
    right: new Int32Array(value.length),
    result: new Int32Array(value.length),
  }
  const mergesAs: 'strings' | 'pairs' = Array.isArray(value[0]) ? 'pairs' : 'strings'
  for (let rank = 0; rank < value.length; rank++) {
    const entry: unknown = value[rank]
    const [left, right] = splitMerge(entry) ?? []
    if (left === undefined || right === undefined) {
      throw badFile(file, `model.merges[${rank}] is ${show(entry)}, two pieces are expected`)
    }
    const result = left + right
    const l = idOf.get(left)
    const r = idOf.get(right)
    const made = idOf.get(result)
    if (l === undefined || r === undefined || made === undefined) {
      const lacking = l === undefined ? left : r === undefined ? right : result
      throw badFile(file, `model.merges[${rank}] is ${show(entry)}, but model.vocab has no piece ${show(lacking)}`)
    }
    merges.left[rank] = l
    merges.right[rank] = r
    merges.result[rank] = made
  }
  refuseTwice(merges, value, file)
  return { merges, mergesAs }
}

/** The two pieces of an entry of `model.merges`, which is `"left right"` or a pair; null when it is neither. */
export function splitMerge(entry: unknown): [string, string] | null {
  if (typeof entry === 'string') {
    const space = entry.indexOf(' ')
    if (space <= 0 || space === entry.length - 1 || entry.indexOf(' ', space + 1) >= 0) return null
    return [entry.slice(0, space), entry.slice(space + 1)]
  }
  if (!Array.isArray(entry) || entry.length !== 2) return null
  const [left, right] = entry as unknown[]
  return typeof left === 'string' && typeof right === 'string' && left && right ? [left, right] : null
}

/** A pair with two ranks has no defined order: readers differ in which rank they keep. */
function refuseTwice(merges: Merges, value: unknown[], file: string): void {
  const seen = new Map<number, number>()
  for (let rank = 0; rank < merges.left.length; rank++) {
    const key = merges.left[rank] * (MAX_ID * 2) + merges.right[rank]
    const first = seen.get(key)
    if (first !== undefined) {
      throw badFile(file, `model.merges[${rank}] is ${show(value[rank])}, which is model.merges[${first}] already`)
    }
    seen.set(key, rank)
  }
}

function readUnk(unk: unknown, idOf: Map<string, number>, file: string): number {
  if (unk === undefined || unk === null) return -1
  const id = typeof unk === 'string' ? idOf.get(unk) : undefined
  if (id === undefined) throw badFile(file, `model.unk_token is ${show(unk)}, which is not in model.vocab`)
  return id
}

function readNode(document: JsonObject, key: string, file: string): JsonNode | null {
  const node = document[key]
  if (node === undefined || node === null) return null
  if (!isObject(node) || typeof node.type !== 'string') {
    throw badFile(file, `${key} is ${show(node)}, null or an object with a "type" is expected`)
  }
  return node as JsonNode
}

function kindsOf(pieces: string[], addedTokens: AddedToken[], unkId: number, form: Form): Uint8Array {
  const kinds = new Uint8Array(pieces.length)
  for (let id = 0; id < pieces.length; id++) {
    if (pieces[id] === '') continue
    const isByte = form === 'sentencepiece' && byteOfPiece(pieces[id]) >= 0
    kinds[id] = isByte ? PieceKind.Byte : PieceKind.Normal
  }
  for (const token of addedTokens) kinds[token.id] = token.special ? PieceKind.Control : PieceKind.UserDefined
  if (unkId >= 0) kinds[unkId] = PieceKind.Unknown
  return kinds
}
