/** From the base model to one whose vocabulary has Korean pieces, with rows made of the rows that spelled them before. */
import {
  applyInitMap,
  buildInitMap,
  countTokens,
  createEncoder,
  extendTokenizer,
  scopeNamed,
  segmentPiece,
  trainMerges,
} from 'ko-vocab'
import { configText, readConfig } from './model-files.mjs'
import { countWords, KOREAN_WORD } from './words-of.mjs'

const EMBEDDING = 'model.embed_tokens.weight'

/**
 * @param {{tokenizer: object, configJson: object, weights: Map<string, {shape: number[], values: Float32Array}>}} base
 * @param {string} text
 * @param {number} add pieces at most
 * @returns {{model: {tokenizer: object, config: object, weights: Map}, configJson: object, added: number, tokensBefore: number, tokensAfter: number}}
 */
export function extendModel({ tokenizer: base, configJson, weights }, text, add) {
  const words = countWords(text, KOREAN_WORD)
  if (words.counts.length === 0) return unchanged(base, configJson, weights, text)
  const learned = trainMerges(base, words, { add, scope: scopeNamed('hangul'), syllables: 'seen' })
  if (learned.pieces.length === 0) return unchanged(base, configJson, weights, text)
  const tokenizer = extendTokenizer(base, learned)
  const encoder = createEncoder(base)
  const map = buildInitMap({
    base,
    extended: tokenizer,
    inputMethod: 'mean',
    outputMethod: 'mean',
    segment: (id) => segmentPiece(encoder, tokenizer.pieces[id]),
  })
  const { shape, values } = weights.get(EMBEDDING)
  const [rows, columns] = shape
  const table = new Float32Array(tokenizer.pieces.length * columns)
  table.set(values)
  table.set(applyInitMap(map, values, columns, 'input'), rows * columns)
  const config = configText(configJson, tokenizer)
  const extended = new Map(weights).set(EMBEDDING, { shape: [tokenizer.pieces.length, columns], values: table })
  return {
    model: { tokenizer, config: readConfig(config), weights: extended },
    configJson: JSON.parse(config),
    added: learned.pieces.length,
    tokensBefore: countTokens(encoder, text),
    tokensAfter: countTokens(createEncoder(tokenizer), text),
  }
}

/** A text without Korean words: the model learns it with the vocabulary that it has. */
function unchanged(tokenizer, configJson, weights, text) {
  const tokens = countTokens(createEncoder(tokenizer), text)
  const model = { tokenizer, config: readConfig(JSON.stringify(configJson)), weights }
  return { model, configJson, added: 0, tokensBefore: tokens, tokensAfter: tokens }
}
