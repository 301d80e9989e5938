/** Ids → text, following the decoder of tokenizer.json as Hugging Face `tokenizers` does. */
import { encodeUtf8 } from '../text/utf8'
import { type DecodePlan, decodePlan } from './decode-plan'
import { compileDecoderSteps, type Decodable, type DecodeOptions } from './decode-steps'
import { copyPieces, createDecodeTable, type DecodeTable } from './decode-table'

export type { DecodeOptions } from './decode-steps'

/** A tokenizer made ready to decode. Not for two threads at once: it keeps pieces and room between calls. */
export interface Decoder {
  tokenizer: Decodable
  /** The steps on strings: for decoders that cannot be taken apart by id, for odd pieces, and to name wrong ids. */
  steps: (ids: ArrayLike<number>, options?: DecodeOptions) => string
  /** null where `steps` has to do it all. */
  plan: DecodePlan | null
  /** By id the piece in UTF-16, for strings, and in UTF-8; made when first asked for. */
  utf16: DecodeTable<Uint16Array> | null
  utf8: DecodeTable<Uint8Array> | null
}

/**
 * Makes a decoder, at once: its tables are filled as pieces are met.
 *
 * @throws unsupported naming a kind of decoder that is not known
 */
export function createDecoder(tokenizer: Decodable): Decoder {
  const { pieces, addedTokens, decoder } = tokenizer
  const parts = { pieces, addedTokens, decoder }
  return { tokenizer: parts, steps: compileDecoderSteps(parts), plan: decodePlan(parts), utf16: null, utf8: null }
}

/**
 * Decodes one sequence. Bytes that make no character become U+FFFD: with byte fallback one for every byte of the whole
 * run, with byte-level pieces one for every maximal invalid part, as in Hugging Face `tokenizers`. No ids give `''`.
 * Spaces before punctuation stay (no `clean_up_tokenization_spaces`). Throws `mismatch` for an id that is not there.
 *
 * A tokenizer in place of a decoder gets one at the first call, which is kept for the next calls with the same object.
 */
export function decodeIds(from: Decoder | Decodable, ids: ArrayLike<number>, options: DecodeOptions = {}): string {
  const decoder = 'steps' in from ? from : decoderOf(from)
  const { tokenizer, plan, steps } = decoder
  if (!plan) return steps(ids, options)
  decoder.utf16 ??= createDecodeTable(tokenizer, plan, Uint16Array)
  const { utf16 } = decoder
  if (!copyPieces(utf16, ids, options.skipSpecialTokens ?? true)) return steps(ids, options)
  return utf16Text.decode(utf16.out.subarray(utf16.start, utf16.end))
}

/** The UTF-8 of what {@link decodeIds} gives, without making a string. A view that the next call overwrites. */
export function decodeBytes(decoder: Decoder, ids: ArrayLike<number>, options: DecodeOptions = {}): Uint8Array {
  const { tokenizer, plan, steps } = decoder
  if (!plan) return encodeUtf8(steps(ids, options))
  decoder.utf8 ??= createDecodeTable(tokenizer, plan, Uint8Array)
  const { utf8 } = decoder
  if (!copyPieces(utf8, ids, options.skipSpecialTokens ?? true)) return encodeUtf8(steps(ids, options))
  return utf8.out.subarray(utf8.start, utf8.end)
}

/** {@link decodeIds} with a decoder of its own. */
export function compileDecoder(tokenizer: Decodable): (ids: ArrayLike<number>, options?: DecodeOptions) => string {
  const decoder = createDecoder(tokenizer)
  return (ids, options) => decodeIds(decoder, ids, options)
}

/**
 * Of UTF-16 in memory: to make a string of it costs engines a fraction of what UTF-8 costs them. A byte order mark is
 * text here.
 */
const utf16Text = new TextDecoder(new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 'utf-16le' : 'utf-16be', {
  ignoreBOM: true,
})

/** Tokenizers are data that does not change; a part put in place of another is noticed all the same. */
const decoders = new WeakMap<Decodable, Decoder>()

function decoderOf(tokenizer: Decodable): Decoder {
  const kept = decoders.get(tokenizer)
  if (kept && isOf(kept, tokenizer)) return kept
  const made = createDecoder(tokenizer)
  decoders.set(tokenizer, made)
  return made
}

function isOf({ tokenizer: { pieces, addedTokens, decoder } }: Decoder, tokenizer: Decodable): boolean {
  return pieces === tokenizer.pieces && addedTokens === tokenizer.addedTokens && decoder === tokenizer.decoder
}
