/**
 * tiktoken rank files: one line a token, `base64 rank`. Llama-3 ships one under the name tokenizer.model.
 *
 * The format holds neither the split regex nor the special tokens. They are written to a companion file,
 * `<name>.special.json`: `{ "pattern": string, "special_tokens": { token: id } }`, which is what tiktoken.Encoding takes
 * as `pat_str` and `special_tokens`.
 */
import { KoVocabError } from '../../errors'
import { bytesToPiece, pieceToBytes } from '../byte-alphabet'
import { mergesFromRanks } from '../merges-of'
import type { AddedToken, JsonNode, Tokenizer } from '../types'
import { PieceKind } from '../types'
import { byteLevelDecoder, byteLevelPostProcessor, CL100K_PATTERN, splitByteLevel, templateProcessor } from './derived'
import { badFile, isObject, MAX_ID, parseJsonObject, show } from './text'
import { listedAddedTokens, plainToken, type Sidecars, tokenizerConfig } from './tokenizer-config'

/** The name of the file that carries what a rank file cannot. */
export function companionName(name: string): string {
  return `${name}.special.json`
}

export interface TiktokenExtras {
  /** The split regex; {@link CL100K_PATTERN} when left out. */
  pattern?: string
  /** Token → id. */
  special?: Record<string, number>
}

/** Whether a file's first line looks like one of a rank file (a `.model` may be this or a protobuf). */
export function looksLikeTiktoken(bytes: Uint8Array): boolean {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 2048))
  return /^[A-Za-z0-9+/]+={0,2} \d+\r?(\n|$)/.test(head)
}

/** Reads a companion file. */
export function readCompanion(text: string, file: string): TiktokenExtras {
  const { pattern, special_tokens: special } = parseJsonObject(text, file)
  if (typeof pattern !== 'string') throw badFile(file, `pattern is ${show(pattern)}, a regex is expected`)
  if (!isObject(special)) throw badFile(file, `special_tokens is ${show(special)}, an object is expected`)
  for (const [token, id] of Object.entries(special)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw badFile(file, `special_tokens[${show(token)}] is ${show(id)}, an id from 0 to ${MAX_ID} is expected`)
    }
  }
  return { pattern, special: special as Record<string, number> }
}

/**
 * @param file its name, for messages; its last part becomes the name under which it is written again
 * @param extras pattern and special tokens; without them the regex is cl100k's (Llama-3's too) and the special tokens
 * are those of `added_tokens_decoder` in tokenizer_config.json
 * @throws KoVocabError `bad-file` naming the line
 */
export function readTiktoken(
  text: string,
  file: string,
  extras: TiktokenExtras = {},
  sidecars: Sidecars = {},
): Tokenizer {
  const pieces = readRanks(text, file)
  const kinds = new Uint8Array(pieces.length)
  pieces.forEach((piece, id) => {
    if (piece !== '') kinds[id] = PieceKind.Normal
  })
  const merges = mergesFromRanks(pieces, kinds)

  const addedTokens: AddedToken[] = extras.special
    ? Object.entries(extras.special).map(([content, id]) => plainToken(id, content, true))
    : listedAddedTokens(sidecars)
  addedTokens.sort((a, b) => a.id - b.id)
  const allKinds = Array.from(kinds)
  for (const { id, content, special } of addedTokens) {
    const there = pieces[id] ?? ''
    if (there !== '') {
      throw badFile(file, `the special token ${show(content)} has id ${id}, which is the rank of ${show(there)}`)
    }
    while (pieces.length <= id) {
      pieces.push('')
      allKinds.push(0)
    }
    pieces[id] = content
    allKinds[id] = special ? PieceKind.Control : PieceKind.UserDefined
  }
  return {
    form: 'byte-level',
    pieces,
    kinds: Uint8Array.from(allKinds),
    scores: null,
    merges,
    addedTokens,
    unkId: -1,
    byteFallback: false,
    fuseUnk: false,
    ignoreMerges: true,
    normalizer: null,
    preTokenizer: splitByteLevel(extras.pattern ?? CL100K_PATTERN),
    postProcessor: postProcessorOf(addedTokens, sidecars),
    decoder: byteLevelDecoder(),
    sources: { tiktoken: { name: file.split(/[\\/]/).pop() ?? file }, sidecars },
  }
}

/** Pieces in the byte alphabet by rank, '' at ranks that no token has. Throws `bad-file` naming the line. */
export function readRanks(text: string, file: string): string[] {
  const pieces: string[] = []
  const rankOf = new Map<string, number>()
  let start = 0
  for (let line = 1; start < text.length; line++) {
    let end = text.indexOf('\n', start)
    if (end < 0) end = text.length
    const entry = text.slice(start, end).trimEnd()
    start = end + 1
    if (entry === '') continue
    const match = /^([A-Za-z0-9+/]+={0,2}) (\d{1,10})$/.exec(entry)
    const bytes = match ? decodeBase64(match[1]) : null
    if (!match || !bytes || bytes.length === 0) {
      throw badFile(file, `line ${line} is ${show(entry)}, "base64 rank" is expected`)
    }
    const rank = Number(match[2])
    if (rank > MAX_ID) throw badFile(file, `line ${line} has the rank ${rank}, at most ${MAX_ID} is allowed`)
    const piece = bytesToPiece(bytes)
    const other = rankOf.get(piece)
    if (other !== undefined)
      throw badFile(file, `line ${line} gives ${show(piece)} the rank ${rank}, it has ${other} already`)
    if (pieces[rank])
      throw badFile(file, `line ${line} gives the rank ${rank} to ${show(piece)}, ${show(pieces[rank])} has it`)
    while (pieces.length < rank) pieces.push('')
    pieces[rank] = piece
    rankOf.set(piece, rank)
  }
  if (pieces.length === 0) throw badFile(file, 'no ranks: the file is empty')
  for (let byte = 0; byte < 256; byte++) {
    if (!rankOf.has(bytesToPiece(Uint8Array.of(byte)))) throw badFile(file, `byte 0x${byte.toString(16)} has no rank`)
  }
  return pieces
}

/** As Llama-3's first tokenizer.json did, a ByteLevel processor, unless tokenizer_config.json asks for bos or eos. */
function postProcessorOf(addedTokens: AddedToken[], sidecars: Sidecars): JsonNode {
  const config = tokenizerConfig(sidecars)
  const find = (key: string) => {
    const value = config?.[key]
    const content = isObject(value) ? value.content : value
    return addedTokens.find((token) => token.content === content) ?? null
  }
  const bos = config?.add_bos_token === true ? find('bos_token') : null
  const eos = config?.add_eos_token === true ? find('eos_token') : null
  const template = templateProcessor(bos, eos)
  return template ? { type: 'Sequence', processors: [byteLevelPostProcessor(), template] } : byteLevelPostProcessor()
}

/**
 * Rank lines by id (holes are skipped), and what goes into the companion file.
 *
 * @throws KoVocabError `unsupported` when tiktoken would not give the same ids: see {@link whyNotTiktoken}
 */
export function writeTiktoken(tokenizer: Tokenizer): {
  ranks: string
  special: Record<string, number>
  pattern: string
} {
  const reason = whyNotTiktoken(tokenizer)
  if (reason) throw new KoVocabError('unsupported', `not writable as a tiktoken rank file: ${reason}`)
  const special: Record<string, number> = {}
  for (const { content, id } of tokenizer.addedTokens) special[content] = id
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  const lines: string[] = []
  tokenizer.pieces.forEach((piece, id) => {
    if (piece !== '' && !added.has(id)) lines.push(`${encodeBase64(pieceToBytes(piece)!)} ${id}\n`)
  })
  return { ranks: lines.join(''), special, pattern: patternOf(tokenizer)! }
}

/** Why tiktoken could not give this tokenizer's ids, or null when it can. */
export function whyNotTiktoken(tokenizer: Tokenizer): string | null {
  if (tokenizer.form !== 'byte-level') return 'it is not byte-level'
  if (tokenizer.normalizer) return `tiktoken has no normalizer, this one has ${show(tokenizer.normalizer.type)}`
  if (patternOf(tokenizer) === null) return 'its pre-tokenizer is not one Split regex followed by ByteLevel'
  const added = new Set<number>()
  for (const token of tokenizer.addedTokens) {
    added.add(token.id)
    if (token.lstrip || token.rstrip || token.singleWord) {
      return `the added token ${show(token.content)} has lstrip, rstrip or single_word, tiktoken has no such flags`
    }
  }
  const ranked = tokenizer.pieces.map((piece, id) => (added.has(id) ? '' : piece))
  for (let id = 0; id < ranked.length; id++) {
    if (ranked[id] !== '' && !pieceToBytes(ranked[id])) return `piece ${id}, ${show(ranked[id])}, does not spell bytes`
  }
  return whyNotRanks(tokenizer, ranked)
}

/** tiktoken takes every split of every token, in order of rank; the merges must say the same. */
function whyNotRanks({ merges, pieces }: Tokenizer, ranked: string[]): string | null {
  const wanted = mergesFromRanks(
    ranked,
    Uint8Array.from(ranked, (piece) => (piece === '' ? 0 : PieceKind.Normal)),
  )
  const name = (left: number, right: number) => show(`${pieces[left]} ${pieces[right]}`)
  const pairs = new Set<number>()
  const key = (left: number, right: number) => left * MAX_ID * 2 + right
  for (let rank = 0; rank < merges.left.length; rank++) {
    if (rank > 0 && merges.result[rank] < merges.result[rank - 1]) {
      return `merge ${rank}, ${name(merges.left[rank], merges.right[rank])}, makes an id below that of the merge before it`
    }
    pairs.add(key(merges.left[rank], merges.right[rank]))
  }
  for (let i = 0; i < wanted.left.length; i++) {
    if (!pairs.has(key(wanted.left[i], wanted.right[i]))) {
      return `tiktoken would merge ${name(wanted.left[i], wanted.right[i])}, which is not among the merges`
    }
  }
  if (wanted.left.length < merges.left.length) return 'some merges name added tokens'
  return null
}

/** tiktoken's name for what HF's ByteLevel with `use_regex` splits by: GPT-2's regex. */
const GPT2_PATTERN = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

function patternOf({ preTokenizer }: Tokenizer): string | null {
  if (!preTokenizer) return null
  const nodes = preTokenizer.type === 'Sequence' ? (preTokenizer.pretokenizers as JsonNode[]) : [preTokenizer]
  const last = nodes[nodes.length - 1]
  if (last?.type !== 'ByteLevel' || last.add_prefix_space !== false) return null
  if (nodes.length === 1) return last.use_regex === false ? null : GPT2_PATTERN
  const [split] = nodes
  if (nodes.length !== 2 || last.use_regex !== false || split.type !== 'Split') return null
  if (split.behavior !== 'Isolated' || split.invert === true || !isObject(split.pattern)) return null
  return typeof split.pattern.Regex === 'string' ? split.pattern.Regex : null
}

function decodeBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
