/**
 * The model that the page adapts: a Llama of about 150,000 parameters with an English byte-level vocabulary, trained for a
 * moment on the project's own English pages. It is made when the server starts, in a minute, because weights do not
 * belong into git; ko-vocab does all of it.
 */
import { emptyBase, extendTokenizer, scopeNamed, tokenizerFiles, trainMerges } from 'ko-vocab'
import { cpuBackend } from 'ko-vocab/trainer'
import { configText, encodeWeights, readConfig } from './page/model-files.mjs'
import { openTraining } from './page/training.mjs'
import { countWords, ENGLISH_WORD } from './page/words-of.mjs'

const PIECES = 446
const SHAPE = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 176,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
}

/**
 * @param {string} text English
 * @param {{steps: number, onStep?: (step: number, loss: number) => void}} options
 * @returns {Promise<Map<string, string | Uint8Array>>} the files of a model folder
 */
export async function makeModel(text, { steps, onStep = () => {} }) {
  const bytes = emptyBase('byte-level', 'cl100k')
  const learned = trainMerges(bytes, countWords(text, ENGLISH_WORD), { add: PIECES, scope: scopeNamed('all') })
  const tokenizer = extendTokenizer(bytes, learned)
  const config = configText(SHAPE, tokenizer)
  const model = { tokenizer, config: readConfig(config), weights: null }
  const training = await openTraining(model, { backend: cpuBackend(), text, learningRate: 3e-3, steps })
  for (let step = 1; step <= steps; step++) onStep(step, (await training.step()).loss)
  const weights = await training.weights()
  training.close()
  return new Map([
    ...tokenizerFiles(tokenizer).files,
    ['config.json', config],
    ['model.safetensors', encodeWeights(weights)],
  ])
}
