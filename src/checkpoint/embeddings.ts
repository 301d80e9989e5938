/** Which tensors of a checkpoint have a row for every id of the vocabulary. */
import { KoVocabError } from '../errors'
import type { TensorEntry } from '../init/safetensors-header'
import type { ModelConfig } from './config'
import { isRowDtype, type RowDtype } from './row-values'

/** A tensor that grows. A bias has rows of one value. */
export interface VocabTensor {
  name: string
  dtype: RowDtype
  rows: number
  columns: number
  /** Whose rows of the init map its new rows are. */
  side: 'input' | 'output'
}

export interface Embeddings {
  /** The input matrix first. */
  tensors: VocabTensor[]
  input: string
  /** null: tied, the input matrix serves. */
  output: string | null
  tied: boolean
  notes: string[]
}

/**
 * As the architectures of `transformers` name it, without `.weight`; what stands before (`model.`) is looked past, except
 * where `=` says that nothing may.
 */
const INPUT_STEMS = ['embed_tokens', 'wte', 'tok_embeddings', 'word_embeddings', 'embed_in', 'model.embeddings'].concat(
  ['backbone.embeddings', 'backbone.embedding'],
)
const OUTPUT_STEMS = ['lm_head', 'embed_out', 'output_layer', '=output', '=language_model.output']

/** Far above any model, and low enough to bound memory. */
const MAX_ROWS = 1 << 24
const MAX_COLUMNS = 1 << 20

export interface EmbeddingNames {
  inputTensor?: string
  outputTensor?: string
}

/**
 * @param entries of every shard
 * @param baseRows ids of the base tokenizer: a matrix may have more rows, never fewer
 * @throws KoVocabError `mismatch`: no such tensor, several, or shapes that do not fit the config or the map;
 * `unsupported`: a dtype that is no plain number, an encoder-decoder, a further tensor with a row an id
 */
export function findEmbeddings(
  entries: readonly TensorEntry[],
  config: ModelConfig,
  baseRows: number,
  given: EmbeddingNames,
  place: string,
): Embeddings {
  if (config.isEncoderDecoder) {
    const what = `${place}: is an encoder-decoder (model type ${config.modelType}), which shares its embeddings in its own way`
    throw new KoVocabError('unsupported', what, 'ko-vocab extends decoders')
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const inputName = given.inputTensor ?? only(entries, INPUT_STEMS, 'input', baseRows, place)
  const outputName = given.outputTensor ?? outputOf(entries, place)
  const input = vocabTensor(byName, inputName, 'input', place)
  const notes: string[] = []
  const isTied = outputName === null || config.tied === true
  if (outputName === null && config.tied === false) {
    notes.push('tie_word_embeddings is false and there is no output matrix: only the input matrix was extended')
  }
  if (outputName !== null && isTied) {
    notes.push(`tie_word_embeddings is true and ${outputName} is stored too: it was extended with the input rows`)
  }
  const side = isTied ? 'input' : 'output'
  const tensors = [input]
  if (outputName !== null) {
    const output = vocabTensor(byName, outputName, side, place)
    if (output.rows !== input.rows || output.columns !== input.columns) {
      const shapes = `[${input.rows}, ${input.columns}] and [${output.rows}, ${output.columns}]`
      throw new KoVocabError('mismatch', `${place}: ${inputName} and ${outputName} have the shapes ${shapes}`)
    }
    tensors.push(output)
    const bias = outputName.replace(/\.weight$/, '.bias')
    if (bias !== outputName && byName.has(bias)) tensors.push(vocabTensor(byName, bias, side, place))
  }
  checkShapes(tensors, config, baseRows, place)
  refuseOthers(entries, tensors, place)
  return { tensors, input: inputName, output: outputName, tied: isTied, notes }
}

function stemOf(name: string): string {
  return name.replace(/\.(weight|bias)$/, '')
}

function isNamed(stem: string, known: readonly string[]): boolean {
  // Layers have projections of the same names; `model.layers.3.…` never is the vocabulary's.
  return !/\.\d+\./.test(stem) && known.some((end) => end === `=${stem}` || stem === end || stem.endsWith(`.${end}`))
}

function only(entries: readonly TensorEntry[], known: readonly string[], side: string, rows: number, place: string) {
  const found = entries.filter(({ name }) => name.endsWith('.weight') && isNamed(stemOf(name), known))
  if (found.length === 1) return found[0].name
  const wide = entries.filter(({ shape }) => shape.length === 2 && shape[0] >= rows)
  const names = (found.length > 0 ? found : wide).slice(0, 8).map(({ name, shape }) => `${name} [${shape}]`)
  const what = found.length === 0 ? `no ${side} embedding by a known name` : `several ${side} embeddings`
  throw new KoVocabError(
    'mismatch',
    `${place}: ${what}; ${names.length > 0 ? `it may be one of ${names.join(', ')}` : `no matrix has ${rows} rows or more`}`,
    names.length > 0 ? `name it with --${side}-tensor` : 'use the checkpoint that belongs to the base tokenizer',
  )
}

function outputOf(entries: readonly TensorEntry[], place: string): string | null {
  const found = entries.filter(({ name }) => isNamed(name.replace(/\.[^.]*$/, ''), OUTPUT_STEMS))
  if (found.length === 0) return null
  if (!found.some(({ name }) => name.endsWith('.weight'))) {
    const names = found.map(({ name, dtype }) => `${name} (${dtype})`).join(', ')
    throw new KoVocabError(
      'unsupported',
      `${place}: the output matrix has no plain weights, only ${names}`,
      'extend the checkpoint it was quantized from, and quantize again',
    )
  }
  return only(entries, OUTPUT_STEMS, 'output', 0, place)
}

function vocabTensor(
  byName: ReadonlyMap<string, TensorEntry>,
  name: string,
  side: 'input' | 'output',
  place: string,
): VocabTensor {
  const entry = byName.get(name)
  if (!entry) throw new KoVocabError('mismatch', `${place}: has no tensor ${name}`, 'check its spelling')
  const { dtype, shape } = entry
  const isBias = shape.length === 1 && name.endsWith('.bias')
  if (shape.length !== 2 && !isBias)
    throw new KoVocabError(
      'mismatch',
      `${place}: ${name} has the shape [${shape}], which is no matrix with a row an id`,
    )
  if (!isRowDtype(dtype)) {
    throw new KoVocabError(
      'unsupported',
      `${place}: ${name} holds ${dtype}; rows can be made of F64, F32, F16 and BF16`,
      'extend the checkpoint it was quantized from, and quantize again',
    )
  }
  return { name, dtype, rows: shape[0], columns: isBias ? 1 : shape[1], side }
}

function checkShapes(tensors: readonly VocabTensor[], config: ModelConfig, baseRows: number, place: string): void {
  const [{ name, rows, columns }] = tensors
  const hint = 'use the checkpoint that belongs to the base tokenizer'
  if (rows < baseRows)
    throw new KoVocabError('mismatch', `${place}: ${name} has ${rows} rows, the base tokenizer ${baseRows} ids`, hint)
  if (columns === 0 || columns > MAX_COLUMNS || rows > MAX_ROWS) {
    const most = `${MAX_ROWS} rows of 1 to ${MAX_COLUMNS} values are handled`
    throw new KoVocabError('unsupported', `${place}: ${name} has the shape [${rows}, ${columns}]; up to ${most}`)
  }
  const odd = tensors.find((tensor) => tensor.rows !== rows)
  if (odd) throw new KoVocabError('mismatch', `${place}: ${name} has ${rows} rows, ${odd.name} ${odd.rows}`)
  if (config.vocabSize !== null && config.vocabSize !== rows) {
    const what = `config.json has vocab_size ${config.vocabSize}, ${name} ${rows} rows`
    throw new KoVocabError('mismatch', `${place}: ${what}`, 'transformers would not load it either')
  }
  if (config.embeddingSize !== null && config.embeddingSize !== columns) {
    const what = `config.json has rows of ${config.embeddingSize} values, ${name} of ${columns}`
    throw new KoVocabError('mismatch', `${place}: ${what}`, 'transformers would not load it either')
  }
}

/** A copy of the embeddings elsewhere (multi-token prediction) or their quantization scales would keep the old rows. */
function refuseOthers(entries: readonly TensorEntry[], tensors: readonly VocabTensor[], place: string): void {
  const names = new Set(tensors.map(({ name }) => name))
  const stems = new Set(tensors.map(({ name }) => stemOf(name)))
  const [{ rows, columns }] = tensors
  for (const { name, shape, dtype } of entries) {
    if (names.has(name)) continue
    const isPart = [...stems].some((stem) => name.startsWith(`${stem}.`))
    const isCopy = shape.length === 2 && shape[0] === rows && shape[1] === columns && /embed|wte|head/.test(name)
    if (!isPart && !isCopy) continue
    throw new KoVocabError(
      'unsupported',
      `${place}: ${name} (${dtype} [${shape}]) belongs to the vocabulary too, and ko-vocab does not know how it grows`,
      isPart
        ? 'extend the checkpoint it was quantized from, and quantize again'
        : 'remove it if the model runs without it',
    )
  }
}
