/** init-map.safetensors: the tensors and metadata of an {@link InitMap}, checked whole when they are read. */
import { KoVocabError } from '../errors'
import type { InitMap, SparseRows } from './init-map'
import { decodeSafeTensors, encodeSafeTensors, type SafeTensors, type Tensor } from './safetensors'

/** Values of the metadata key `format_version`: sparse rows alone, and those with `mean` or `noise` beside them. */
const SPARSE_FORMAT = '1'
const DENSE_FORMAT = '2'

/** Value of `input_noise` and `output_noise`: how the noise is drawn, see philox.ts. */
const NOISE = 'gaussian-philox4x32-10'

/**
 * The bytes of init-map.safetensors. Tensors: `input.indptr`, `input.indices`, `output.indptr`, `output.indices`,
 * `new_ids` (I32), `input.weights`, `output.weights` (F32). Metadata, all strings: `format` (`ko-vocab-init-map`),
 * `format_version`, `base_sha256`, `extended_sha256`, `input_method`, `output_method`, `base_rows`, `new_rows`,
 * `padding_rows` (how many), `padding_ids` (a JSON list), `seed`.
 *
 * Format version 2, only where a method needs it: for each side that has them `input.mean`, `input.noise` (F32 [new]),
 * and beside the noise the metadata `input_noise`, its kind. A reader that knows 1 alone refuses such a file rather than
 * give rows that lack a part.
 */
export function writeInitMap(map: InitMap): Uint8Array {
  const i32 = (data: Int32Array): Tensor => ({ dtype: 'I32', shape: [data.length], data })
  const f32 = (data: Float32Array): Tensor => ({ dtype: 'F32', shape: [data.length], data })
  const dense: Record<string, Tensor> = {}
  const noises: Record<string, string> = {}
  for (const side of ['input', 'output'] as const) {
    const { mean, noise } = map[side]
    if (mean) dense[`${side}.mean`] = f32(mean)
    if (noise) {
      dense[`${side}.noise`] = f32(noise)
      noises[`${side}_noise`] = NOISE
    }
  }
  return encodeSafeTensors({
    tensors: {
      new_ids: i32(map.newIds),
      'input.indptr': i32(map.input.indptr),
      'input.indices': i32(map.input.indices),
      'input.weights': f32(map.input.weights),
      'output.indptr': i32(map.output.indptr),
      'output.indices': i32(map.output.indices),
      'output.weights': f32(map.output.weights),
      ...dense,
    },
    metadata: {
      format: 'ko-vocab-init-map',
      format_version: Object.keys(dense).length > 0 ? DENSE_FORMAT : SPARSE_FORMAT,
      base_sha256: map.baseSha256,
      extended_sha256: map.extendedSha256,
      input_method: map.inputMethod,
      output_method: map.outputMethod,
      base_rows: String(map.baseRows),
      new_rows: String(map.newIds.length),
      padding_rows: String(map.paddingIds.length),
      padding_ids: JSON.stringify(map.paddingIds),
      seed: String(map.seed),
      ...noises,
    },
  })
}

/**
 * Reads init-map.safetensors back and holds it to its promises: shapes that fit, base ids in range and rising within a
 * row, finite weights, new ids after the base's and rising. That rows sum to 1 is the method's matter.
 *
 * @param name the file, for errors
 * @throws KoVocabError `bad-file`; `unsupported` for a later format
 */
export function readInitMap(file: Uint8Array, name: string): InitMap {
  const contents = decodeSafeTensors(file, name)
  const fail = (what: string): never => {
    throw new KoVocabError('bad-file', `${name}: ${what}`, 'init maps are written by ko-vocab init-map')
  }
  const text = (key: string): string => {
    if (!Object.hasOwn(contents.metadata, key)) fail(`metadata has no ${key}`)
    return contents.metadata[key]
  }
  const whole = (key: string): number => {
    const value = Number(text(key))
    return Number.isSafeInteger(value) && value >= 0 && /^\d+$/.test(text(key))
      ? value
      : fail(`metadata ${key} is ${text(key)}, no whole number`)
  }
  if (contents.metadata.format !== 'ko-vocab-init-map') fail('is no init map')
  const version = text('format_version')
  const unsupported = (what: string): never => {
    throw new KoVocabError('unsupported', `${name}: ${what}`, 'read it with a newer ko-vocab')
  }
  if (version !== SPARSE_FORMAT && version !== DENSE_FORMAT)
    unsupported(`is in init map format ${version}; ${SPARSE_FORMAT} and ${DENSE_FORMAT} are known`)
  const known = version === DENSE_FORMAT ? [...SPARSE_TENSORS, ...DENSE_TENSORS] : SPARSE_TENSORS
  const unknown = Object.keys(contents.tensors).find((tensor) => !known.includes(tensor))
  if (unknown !== undefined) unsupported(`has the tensor ${unknown}, which format ${version} does not know`)
  for (const side of ['input', 'output']) {
    const kind = contents.metadata[`${side}_noise`]
    if (`${side}.noise` in contents.tensors && kind !== NOISE)
      unsupported(`has ${side} noise of the kind ${kind}; ${NOISE} is known`)
  }
  const baseRows = whole('base_rows')
  const newIds = int32(contents, 'new_ids', fail)
  const paddingIds = paddingOf(text('padding_ids'), fail)
  if (newIds.length !== whole('new_rows'))
    fail(`new_ids has ${newIds.length} values, metadata new_rows is ${text('new_rows')}`)
  if (paddingIds.length !== whole('padding_rows'))
    fail(`padding_ids has ${paddingIds.length} ids, padding_rows is ${text('padding_rows')}`)
  checkRising(newIds, baseRows, 'new_ids', fail)
  checkRising(paddingIds, baseRows, 'padding_ids', fail)
  return {
    newIds,
    input: rowsOf(contents, 'input', newIds.length, baseRows, fail),
    output: rowsOf(contents, 'output', newIds.length, baseRows, fail),
    inputMethod: text('input_method'),
    outputMethod: text('output_method'),
    baseSha256: text('base_sha256'),
    extendedSha256: text('extended_sha256'),
    baseRows,
    paddingIds,
    seed: whole('seed'),
  }
}

const SPARSE_TENSORS = [
  ...['new_ids', 'input.indptr', 'input.indices', 'input.weights'],
  ...['output.indptr', 'output.indices', 'output.weights'],
]
const DENSE_TENSORS = ['input.mean', 'output.mean', 'input.noise', 'output.noise']

type Fail = (what: string) => never

function rowsOf(file: SafeTensors, side: string, rows: number, baseRows: number, fail: Fail): SparseRows {
  const indptr = int32(file, `${side}.indptr`, fail)
  const indices = int32(file, `${side}.indices`, fail)
  const weights = file.tensors[`${side}.weights`]
  if (weights?.dtype !== 'F32' || weights.shape.length !== 1) return fail(`has no tensor ${side}.weights of F32 [nnz]`)
  if (weights.data.length !== indices.length)
    fail(`${side}.weights has ${weights.data.length} values, ${side}.indices ${indices.length}`)
  if (indptr.length !== rows + 1) fail(`${side}.indptr has ${indptr.length} values for ${rows} rows`)
  if (indptr[0] !== 0 || indptr[rows] !== indices.length)
    fail(`${side}.indptr runs from ${indptr[0]} to ${indptr[rows]}, not 0 to ${indices.length}`)
  const fall = indptr.findIndex((start, row) => row < rows && indptr[row + 1] < start)
  if (fall >= 0) fail(`${side}.indptr falls at row ${fall}`)
  for (let row = 0; row < rows; row++) {
    for (let k = indptr[row]; k < indptr[row + 1]; k++) {
      const id = indices[k]
      if (id < 0 || id >= baseRows) fail(`${side} row ${row}: ${id} is no base id (0 to ${baseRows - 1})`)
      if (k > indptr[row] && id <= indices[k - 1])
        fail(`${side} row ${row}: base ids ${indices[k - 1]}, ${id} do not rise`)
      if (!Number.isFinite(weights.data[k])) fail(`${side} row ${row}: the weight of ${id} is ${weights.data[k]}`)
    }
  }
  const dense: Pick<SparseRows, 'mean' | 'noise'> = {}
  for (const part of ['mean', 'noise'] as const) {
    const values = denseOf(file, `${side}.${part}`, rows, fail)
    if (values) dense[part] = values
  }
  const negative = dense.noise?.findIndex((deviation) => deviation < 0) ?? -1
  if (negative >= 0) fail(`${side}.noise row ${negative}: ${dense.noise?.[negative]} is no standard deviation`)
  return { indptr, indices, weights: weights.data, ...dense }
}

/** A tensor of one finite value a row, null where there is none. */
function denseOf(file: SafeTensors, name: string, rows: number, fail: Fail): Float32Array | null {
  const tensor = file.tensors[name]
  if (!tensor) return null
  if (tensor.dtype !== 'F32' || tensor.shape.length !== 1 || tensor.data.length !== rows)
    return fail(`${name} is ${tensor.dtype} [${tensor.shape}], not F32 [${rows}]`)
  const odd = tensor.data.findIndex((value) => !Number.isFinite(value))
  if (odd >= 0) fail(`${name} row ${odd} is ${tensor.data[odd]}`)
  return tensor.data
}

function int32(file: SafeTensors, name: string, fail: Fail): Int32Array {
  const tensor = file.tensors[name]
  return tensor?.dtype === 'I32' && tensor.shape.length === 1
    ? tensor.data
    : fail(`has no tensor ${name} of I32 and one dimension`)
}

function paddingOf(text: string, fail: Fail): number[] {
  let ids: unknown
  try {
    ids = JSON.parse(text)
  } catch {
    ids = null
  }
  return Array.isArray(ids) && ids.every(Number.isSafeInteger)
    ? ids
    : fail(`metadata padding_ids is no list of ids: ${text}`)
}

function checkRising(ids: ArrayLike<number>, least: number, what: string, fail: Fail): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < least) fail(`${what}: ${ids[i]} is an id of the base (0 to ${least - 1})`)
    if (i > 0 && ids[i] <= ids[i - 1]) fail(`${what}: ${ids[i - 1]}, ${ids[i]} do not rise`)
  }
}
