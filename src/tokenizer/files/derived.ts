/** Pipeline nodes for formats that do not hold them, as transformers' converters write them. */
import type { JsonNode } from '../types'

/**
 * The split regex of tiktoken's cl100k_base, which Llama-3 took over. A rank file does not name its regex; this one is
 * assumed unless a companion file says otherwise.
 */
export const CL100K_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** Normalizer of a SentencePiece model with the identity rules: dummy prefix (maybe), spaces to `▁`. */
export function metaspaceNormalizer(dummyPrefix: boolean): JsonNode {
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
  return { type: 'Sequence', normalizers: dummyPrefix ? [{ type: 'Prepend', prepend: '▁' }, replace] : [replace] }
}

/** Decoder of a SentencePiece model with byte fallback. */
export function metaspaceDecoder(dummyPrefix: boolean): JsonNode {
  const decoders: JsonNode[] = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ]
  if (dummyPrefix) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 })
  return { type: 'Sequence', decoders }
}

/** Puts `bos` before and `eos` after each text; null when neither is given. */
export function templateProcessor(
  bos: { id: number; content: string } | null,
  eos: { id: number; content: string } | null,
): JsonNode | null {
  if (!bos && !eos) return null
  const around = (letter: 'A' | 'B', type_id: number) => [
    ...(bos ? [{ SpecialToken: { id: bos.content, type_id } }] : []),
    { Sequence: { id: letter, type_id } },
    ...(eos ? [{ SpecialToken: { id: eos.content, type_id } }] : []),
  ]
  const special_tokens: Record<string, unknown> = {}
  for (const token of [bos, eos]) {
    if (token) special_tokens[token.content] = { id: token.content, ids: [token.id], tokens: [token.content] }
  }
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens,
  }
}

/** Pre-tokenizer of a tiktoken encoding. */
export function splitByteLevel(pattern: string): JsonNode {
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  }
}

export function byteLevelPostProcessor(): JsonNode {
  return { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }
}

export function byteLevelDecoder(): JsonNode {
  return { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }
}
