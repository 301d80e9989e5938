/** Every base and its extension, in all formats that they can be written in. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param {{onlyExtended: boolean}} query leave the bases themselves out
 * @returns {Promise<{tokenizers: {label: string, folder: string, json: string, model: string | null,
 *   ranks: string | null}[], addedTokens: Set<string>}>} `model` is SentencePiece's, `ranks` are tiktoken's
 */
export async function makeTokenizers({ bases, corpus, folder, threads, add, onlyExtended }) {
  const { countUnordered, expandInputs, extendTokenizer, loadTokenizer, saveTokenizer, trainMerges } = await import(
    '../../dist/node.js'
  )
  const inputs = await expandInputs(corpus.files)
  const tokenizers = []
  const addedTokens = new Set()
  mkdirSync(join(folder, 'tokenizers'), { recursive: true })
  for (const { name, path } of bases) {
    process.stderr.write(`extending ${name}\n`)
    const base = await loadTokenizer(path)
    for (const { content } of base.addedTokens) addedTokens.add(content)
    const words = await countUnordered(inputs, { base, threads })
    const extended = extendTokenizer(base, trainMerges(base, words, { add }))
    const labelled = Object.entries({ [name]: base, [`${name} + ${add}`]: extended })
    for (const [label, tokenizer] of onlyExtended ? labelled.slice(1) : labelled) {
      const target = join(folder, 'tokenizers', label.replaceAll(' ', ''))
      const { files } = await saveTokenizer(tokenizer, target)
      const companion = files.find((file) => file.endsWith('.special.json'))
      const model = join(target, 'tokenizer.model')
      tokenizers.push({
        label,
        folder: target,
        json: join(target, 'tokenizer.json'),
        // Llama-3 has its ranks in a file of this name.
        model: !companion && existsSync(model) ? model : null,
        ranks: companion ? join(target, companion.replace('.special.json', '')) : null,
      })
    }
  }
  return { tokenizers, addedTokens }
}
