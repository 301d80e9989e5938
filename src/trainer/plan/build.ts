/** From a model, a batch shape and what trains to the plan of a step. */
import { KoVocabError } from '../../errors'
import { loraName, projectionOf } from '../forms/lora-names'
import type { LlamaConfig } from '../model/config'
import { EMBEDDING, type ParameterShape, parameterShapes } from '../model/parameters'
import { ropeTables } from '../model/rope'
import { type Adapter, addActivation, addTensor, type Draft, wholeOf } from './draft'
import { headForward, headOf, headWithGradient } from './head'
import { placeTensors } from './memory'
import { modelBackward, modelForward } from './model'
import type { Operation } from './operations'
import { project } from './projection'
import { type Storage, settleHalves } from './storage'
import type { LoraShape, Parameter, Plan, PlanInputs, RowRange, TrainedParameter } from './types'
import { usedOperations } from './unused'
import { type AdamWOptions, updateOperations, zeroOperations } from './update'

export interface TrainSettings {
  /** Of a matrix; all by default. */
  rows?: RowRange
  /** Instead of the plan's. */
  weightDecay?: number
  /** Times the step's learning rate; 1 by default. */
  learningRateScale?: number
}

export interface PlanOptions extends Partial<AdamWOptions> {
  /** Blocks of a micro-batch. */
  batch: number
  /** Positions of a block. */
  length: number
  /**
   * What trains: all by default. `lm_head.weight` is never asked for where the head is tied. Adapters are asked for by the
   * names that PEFT gives them.
   */
  train?: (parameter: ParameterShape) => TrainSettings | boolean
  /** 0.01 by default, as torch's; never of norms. */
  weightDecay?: number
  /** Low-rank adapters beside projections: see {@link loraInitialValues} for what they begin with. */
  lora?: LoraShape
  /** Keep the residual stream alone, and compute a layer again on the way back: less memory, a third more work. */
  checkpointing?: boolean
  /** Adds the program `logits`, whose output [N, vocabulary] is stored whole. */
  logits?: boolean
  /** Most logits stored at once in the loss; 2^24 (64 MiB) by default. At least one row is. */
  logitsElements?: number
  /** Backend.bindingBytes; no limit by default. */
  bindingBytes?: number
  /** Backend.storage; `f32` by default. */
  storage?: Storage
  /** With `f16`: frozen weights that are stored in float32 all the same, because they have trained before. */
  keepWhole?: (name: string) => boolean
}

/**
 * @throws KoVocabError `bad-option`; `unsupported` where the batch does not fit the model or the device
 */
export function buildPlan(config: LlamaConfig, options: PlanOptions): Plan {
  checkShape(config, options)
  const draft = beginDraft(config, options)
  const { positions, inputs, parameters } = draft
  const trains = (name: string) => parameters.get(name)?.trained != null
  const anything = [...parameters.keys()].some(trains)
  const nll = addTensor(draft, 'output', 'nll', [positions])
  const loss = addTensor(draft, 'output', 'loss', [1])
  const normSquared = anything ? addTensor(draft, 'output', 'gradient norm squared', [1]) : null
  const allLogits = options.logits ? addTensor(draft, 'output', 'logits', [positions, config.vocabSize]) : null
  if (anything) inputs.step = addTensor(draft, 'input', 'step', [4])
  if (trains(EMBEDDING)) inputs.occurrences = occurrenceInputs(draft)

  const bare = modelForward(draft)
  const headBase = { nll, loss, chunkRows: chunkRows(config, options, draft.bindingElements) }
  const evaluate = [...bare.operations, ...headForward(draft, { ...headBase, hidden: bare.hidden })]
  const programs: Plan['programs'] = {
    ...{ zero: zeroOperations(draft, loss), evaluate, logits: [] },
    ...{ forward: evaluate, backward: [], update: [] },
  }
  const runs: Operation[][] = [evaluate]
  if (allLogits !== null) {
    const { operations, hidden } = modelForward(draft)
    const projection = { weight: headOf(draft), rows: positions }
    const [x, y] = [wholeOf(hidden, config.hiddenSize), wholeOf(allLogits, config.vocabSize)]
    programs.logits = [...operations, ...project(draft, projection, x, y)]
    runs.push(programs.logits)
  }
  if (normSquared !== null) {
    const forward = modelForward(draft)
    const gradient = addActivation(draft, 'gradient of hidden', positions, config.hiddenSize)
    const head = headWithGradient(draft, { ...headBase, hidden: forward.hidden }, gradient)
    const backward = modelBackward(draft, forward, gradient, options.checkpointing ?? false)
    const used = usedOperations(draft.tensors, [...forward.operations, ...head, ...backward])
    programs.forward = [...forward.operations, ...head].filter((operation) => used.has(operation))
    programs.backward = backward.filter((operation) => used.has(operation))
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, maxNorm = 1 } = options
    programs.update = updateOperations(draft, normSquared, inputs.step!, { beta1, beta2, epsilon, maxNorm })
    runs.push([...programs.forward, ...programs.backward], programs.update)
  }
  settleHalves(draft.tensors, runs.flat())
  const { cos, sin } = ropeTables(config, options.length)
  return {
    config,
    batch: options.batch,
    length: options.length,
    tensors: draft.tensors,
    buffers: placeTensors(draft.tensors, runs),
    constants: [
      { tensor: draft.cos, values: cos },
      { tensor: draft.sin, values: sin },
    ],
    parameters: [...parameters.values()],
    lora: options.lora ?? null,
    inputs,
    outputs: { nll, loss, normSquared, logits: allLogits },
    programs,
  }
}

function checkShape(config: LlamaConfig, options: PlanOptions): void {
  const { batch, length } = options
  for (const [name, value] of Object.entries({ batch, length })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new KoVocabError('bad-option', `${name} is ${value}, a whole number above 0 is expected`)
  }
  const { slidingWindow } = config
  if (slidingWindow !== null && slidingWindow < length) {
    const what = `sliding_window is ${slidingWindow}, shorter than blocks of ${length} positions`
    throw new KoVocabError('unsupported', what, `use blocks of at most ${slidingWindow} positions`)
  }
  for (const key of ['beta1', 'beta2'] as const) {
    const value = options[key] ?? 0
    if (!(value >= 0 && value < 1)) throw new KoVocabError('bad-option', `${key} is ${value}, expected 0 ≤ ${key} < 1`)
  }
  for (const key of ['epsilon', 'maxNorm', 'weightDecay'] as const) {
    const value = options[key] ?? 0
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new KoVocabError('bad-option', `${key} is ${value}, a number from 0 on is expected`)
  }
}

function beginDraft(config: LlamaConfig, options: PlanOptions): Draft {
  const { batch, length } = options
  const positions = batch * length
  const bindingElements = Math.floor((options.bindingBytes ?? Number.POSITIVE_INFINITY) / 4)
  const space = { tensors: [], bindingElements, halves: options.storage === 'f16' }
  const parameters = new Map<string, Parameter>()
  for (const shape of parameterShapes(config)) parameters.set(shape.name, addParameter(space, shape, options))
  const adapters = addAdapters(space, parameters, options)
  const indices = (name: string) => addTensor(space, 'input', name, [positions], 'i32')
  const inputs: PlanInputs = {
    ids: indices('ids'),
    positions: indices('positions'),
    documentStart: indices('document start'),
    labels: indices('labels'),
    weights: addTensor(space, 'input', 'weights', [positions]),
    occurrences: null,
    step: null,
  }
  const table = [length, config.headDim / 2]
  const cos = addTensor(space, 'constant', 'rope cos', table)
  const sin = addTensor(space, 'constant', 'rope sin', table)
  return { config, batch, length, positions, ...space, parameters, adapters, inputs, cos, sin }
}

function addParameter(
  space: Pick<Draft, 'tensors' | 'bindingElements'>,
  { name, shape }: ParameterShape,
  { train = () => true, weightDecay = 0.01, storage, keepWhole = () => false }: PlanOptions,
): Parameter {
  const tensor = addTensor(space, 'parameter', name, shape)
  const chosen = train({ name, shape })
  if (chosen === false) {
    // Vectors take no memory worth a second kind of norm; the host writes whole words.
    const isMatrix = shape.length === 2 && shape[1] % 4 === 0
    if (storage === 'f16' && isMatrix && !keepWhole(name)) space.tensors[tensor].half = true
    return { name, shape, tensor, trained: null }
  }
  const settings = chosen === true ? {} : chosen
  const isVector = shape.length === 1
  const most = isVector ? 1 : shape[0]
  const rows = settings.rows ?? { first: 0, count: most }
  const { first, count } = rows
  if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count > 0 && first + count <= most))
    throw new KoVocabError('bad-option', `${name} has ${most} rows: ${count} rows from ${first} on cannot train`)
  const part = isVector ? shape : [count, shape[1]]
  const trained: TrainedParameter = {
    rows,
    gradient: addTensor(space, 'gradient', `gradient of ${name}`, part),
    firstMoment: addTensor(space, 'state', `first moment of ${name}`, part),
    secondMoment: addTensor(space, 'state', `second moment of ${name}`, part),
    weightDecay: settings.weightDecay ?? (isVector ? 0 : weightDecay),
    learningRateScale: settings.learningRateScale ?? 1,
  }
  return { name, shape, tensor, trained }
}

/** The adapters' parameters come behind those of the model. */
function addAdapters(
  space: Pick<Draft, 'tensors' | 'bindingElements'>,
  parameters: Map<string, Parameter>,
  options: PlanOptions,
): Map<string, Adapter> {
  const adapters = new Map<string, Adapter>()
  if (!options.lora) return adapters
  const { rank, scale, targets } = options.lora
  if (!(Number.isSafeInteger(rank) && rank > 0)) {
    throw new KoVocabError('bad-option', `lora.rank is ${rank}, a whole number above 0 is expected`)
  }
  if (!Number.isFinite(scale)) throw new KoVocabError('bad-option', `lora.scale is ${scale}, a number is expected`)
  const weights = [...parameters.values()].map((weight) => ({ weight, projection: projectionOf(weight.name) }))
  const unknown = targets.find((target) => !weights.some(({ projection }) => projection === target))
  if (unknown !== undefined || targets.length === 0) {
    const what = unknown === undefined ? 'lora.targets is empty' : `lora.targets has ${unknown}, which no layer has`
    const known = [...new Set(weights.flatMap(({ projection }) => projection ?? []))]
    throw new KoVocabError('bad-option', what, `known: ${known.join(', ')}`)
  }
  for (const { weight, projection } of weights) {
    if (projection === null || !targets.includes(projection)) continue
    const [outputs, inputs] = weight.shape
    const a = addParameter(space, { name: loraName(weight.name, 'A'), shape: [rank, inputs] }, options)
    const b = addParameter(space, { name: loraName(weight.name, 'B'), shape: [outputs, rank] }, options)
    for (const parameter of [a, b]) parameters.set(parameter.name, parameter)
    adapters.set(weight.name, { a, b, scale })
  }
  return adapters
}

function occurrenceInputs(draft: Draft): PlanInputs['occurrences'] {
  const { positions } = draft
  return {
    tokens: addTensor(draft, 'input', 'occurring tokens', [positions], 'i32'),
    starts: addTensor(draft, 'input', 'occurrence starts', [positions + 1], 'i32'),
    order: addTensor(draft, 'input', 'occurrence order', [positions], 'i32'),
  }
}

function chunkRows({ vocabSize }: LlamaConfig, options: PlanOptions, bindingElements: number): number {
  const most = Math.min(options.logitsElements ?? 2 ** 24, bindingElements)
  return Math.min(options.batch * options.length, Math.max(1, Math.floor(most / vocabSize)))
}
