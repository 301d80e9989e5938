/**
 * What transformers' small files say about a tokenizer whose main file says less: tokenizer_config.json and
 * added_tokens.json beside a `.model` or a rank file.
 */
import type { AddedToken, Tokenizer } from '../types'
import { PieceKind } from '../types'
import { badFile, isObject, type JsonObject, MAX_ID, parseJsonObject, show } from './text'

/** transformers' class that takes tokenizer.json as it stands. */
export const GENERIC_CLASS = 'PreTrainedTokenizerFast'

export type Sidecars = Record<string, string>

/** tokenizer_config.json, or null when it is not there. */
export function tokenizerConfig(sidecars: Sidecars): JsonObject | null {
  const text = sidecars['tokenizer_config.json']
  return text === undefined ? null : parseJsonObject(text, 'tokenizer_config.json')
}

/** Added tokens listed in `added_tokens_decoder` of tokenizer_config.json and in added_tokens.json, by id. */
export function listedAddedTokens(sidecars: Sidecars): AddedToken[] {
  const tokens = new Map<number, AddedToken>()
  const older = sidecars['added_tokens.json']
  if (older !== undefined) {
    for (const [content, id] of Object.entries(parseJsonObject(older, 'added_tokens.json'))) {
      tokens.set(
        checkedId(id, `the id of ${show(content)}`, 'added_tokens.json'),
        plainToken(Number(id), content, false),
      )
    }
  }
  const decoder = tokenizerConfig(sidecars)?.added_tokens_decoder
  if (decoder !== undefined && !isObject(decoder)) {
    throw badFile('tokenizer_config.json', `added_tokens_decoder is ${show(decoder)}, an object is expected`)
  }
  for (const [key, entry] of Object.entries(decoder ?? {})) {
    const id = checkedId(Number(key), `key ${show(key)} of added_tokens_decoder`, 'tokenizer_config.json')
    if (!isObject(entry) || typeof entry.content !== 'string' || entry.content === '') {
      throw badFile('tokenizer_config.json', `added_tokens_decoder[${show(key)}] is ${show(entry)}, it needs "content"`)
    }
    tokens.set(id, {
      id,
      content: entry.content,
      singleWord: entry.single_word === true,
      lstrip: entry.lstrip === true,
      rstrip: entry.rstrip === true,
      normalized: entry.normalized === true,
      special: entry.special === true,
    })
  }
  return [...tokens.values()].sort((a, b) => a.id - b.id)
}

/**
 * Lays the listed added tokens over those read from the main file: flags of tokens that are there, and tokens that are
 * not there yet at ids above the vocabulary (Llama-2 with a `<pad>` at 32000).
 *
 * `normalized` is not taken over for tokens of the main file: it decides whether a token is found in raw text or in
 * text with `▁` for spaces, and old config files say true where the token would then no longer be found.
 *
 * @throws KoVocabError `bad-file` when a listed token stands at the id of another piece
 */
export function applyListedTokens(tokenizer: Tokenizer): Tokenizer {
  const listed = listedAddedTokens(tokenizer.sources.sidecars)
  if (listed.length === 0) return tokenizer
  const pieces = [...tokenizer.pieces]
  const kinds = Array.from(tokenizer.kinds)
  const byId = new Map(tokenizer.addedTokens.map((token) => [token.id, token]))
  for (const token of listed) {
    const file = 'tokenizer_config.json'
    const there = pieces[token.id] ?? ''
    if (there !== '' && there !== token.content) {
      throw badFile(
        file,
        `the added token ${show(token.content)} has id ${token.id}, which is the piece ${show(there)} of the vocabulary`,
        'the files of this folder do not belong together',
      )
    }
    const elsewhere = there === '' ? pieces.indexOf(token.content) : -1
    if (elsewhere >= 0) {
      throw badFile(
        file,
        `the added token ${show(token.content)} has id ${token.id}, the vocabulary has it at ${elsewhere}`,
      )
    }
    if (there === '') {
      while (pieces.length <= token.id) {
        pieces.push('')
        kinds.push(0)
      }
      pieces[token.id] = token.content
      kinds[token.id] = token.special ? PieceKind.Control : PieceKind.UserDefined
    }
    byId.set(token.id, { ...token, normalized: byId.get(token.id)?.normalized ?? false })
  }
  let { scores } = tokenizer
  if (scores && scores.length < pieces.length) {
    const longer = new Float32Array(pieces.length)
    longer.set(scores)
    scores = longer
  }
  const addedTokens = [...byId.values()].sort((a, b) => a.id - b.id)
  return { ...tokenizer, pieces, kinds: Uint8Array.from(kinds), scores, addedTokens }
}

export function plainToken(id: number, content: string, special: boolean): AddedToken {
  return { id, content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special }
}

function checkedId(id: unknown, what: string, file: string): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_ID) return id
  throw badFile(file, `${what} is ${show(id)}, an id from 0 to ${MAX_ID} is expected`)
}

/**
 * A tokenizer_config.json for a base that came without one: the class that takes tokenizer.json as it stands, and the
 * special tokens under transformers' names as far as they are known from their own names and the unknown piece.
 */
export function canonicalConfig(tokenizer: Tokenizer): string {
  const { pieces, unkId, addedTokens } = tokenizer
  const config: JsonObject = { tokenizer_class: GENERIC_CLASS, clean_up_tokenization_spaces: false }
  const names: [string, string[]][] = [
    ['bos_token', ['<s>', '<bos>', '<|begin_of_text|>', '<|startoftext|>']],
    ['eos_token', ['</s>', '<eos>', '<|end_of_text|>', '<|endoftext|>']],
    ['pad_token', ['<pad>', '<|pad|>']],
  ]
  for (const [key, candidates] of names) {
    const content = candidates.find((name) => addedTokens.some((token) => token.special && token.content === name))
    if (content !== undefined) config[key] = content
  }
  if (unkId >= 0) config.unk_token = pieces[unkId]
  return `${JSON.stringify(config, null, 2)}\n`
}
