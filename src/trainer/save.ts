/** A trained model as a folder that transformers loads. Node only. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { membersOf, withMember } from '../checkpoint/json-edit'
import { INDEX } from '../checkpoint/open-checkpoint'
import { placeFile } from '../checkpoint/place-file'
import { ROW_BYTES, type RowDtype } from '../checkpoint/row-values'
import { asIoError, withTemporaryFolder, writeFileAtomic } from '../corpus/atomic'
import { KoVocabError } from '../errors'
import { SIDECARS } from '../tokenizer/load'
import type { Session } from './backends/types'
import { loraWeightOf } from './forms/lora-names'
import { readLlamaConfig } from './model/config'
import { type ParameterShape, parameterShapes } from './model/parameters'
import type { Parameter } from './plan/types'
import { type NamedParameter, weightBytes } from './weight-bytes'

export interface SaveModelOptions {
  /** The text of config.json; the name of the dtype in it is changed. */
  config: Uint8Array
  /** A folder whose tokenizer, generation_config.json and rows.json are copied; null for none. */
  tokenizer: string | null
  /** What the weights are rounded to. */
  dtype: RowDtype
  /** Most bytes of weights a file; 5 GB by default, as transformers does. */
  shardBytes?: number
  /** Put the new folder in the place of one that is not empty. */
  replace?: boolean
}

/** The tokenizer's own files, whatever the format, and what came with an extension. */
const CARRIED =
  /^(tokenizer\.json|vocab\.(json|txt)|merges\.txt|.*\.(model|tiktoken|jinja)|extension\.json|rows\.json)$/
const TORCH_NAMES: Readonly<Record<RowDtype, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
}

/**
 * Writes config.json, the weights (one file, or shards with an index), the tokenizer and generation_config.json, under a
 * temporary name that is renamed when all is there. Adapters are merged into the weights: `W + scale · B · A`, rounded
 * once.
 *
 * @throws KoVocabError `io`; `mismatch` where config.json is another model's; `bad-file` for a value that is NaN, infinite or too large for the dtype
 */
export async function saveModel(session: Session, folder: string, options: SaveModelOptions): Promise<void> {
  const { config, tokenizer, dtype, shardBytes = 5e9, replace } = options
  requireSameShapes(session, config)
  await withTemporaryFolder(
    folder,
    async (temporary) => {
      await writeFileAtomic(join(temporary, 'config.json'), configWith(config, dtype))
      if (tokenizer !== null) await carry(tokenizer, temporary)
      const shards = dealOut(session, dtype, shardBytes)
      const nameOf = (i: number) =>
        shards.length === 1
          ? 'model.safetensors'
          : `model-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`
      for (const [i, shard] of shards.entries())
        await writeFileAtomic(join(temporary, nameOf(i)), weightBytes(session, shard, dtype))
      if (shards.length > 1) await writeFileAtomic(join(temporary, INDEX), formatIndex(shards, nameOf, dtype))
    },
    { replace },
  )
}

function requireSameShapes(session: Session, config: Uint8Array): void {
  const shapes = parameterShapes(readLlamaConfig(new TextDecoder().decode(config), 'config.json'))
  const show = ({ name, shape }: ParameterShape) => `${name} [${shape}]`
  const [asked, had] = [shapes.map(show), modelParameters(session).map(show)]
  const longer = asked.length > had.length ? asked : had
  const at = longer.findIndex((_, i) => asked[i] !== had[i])
  if (at < 0) return
  const what = `config.json has ${asked[at] ?? 'nothing more'} where the model has ${had[at] ?? 'nothing more'}`
  throw new KoVocabError('mismatch', what, 'give the config.json of the model that was trained')
}

/** transformers 5 calls it `dtype`, before it was `torch_dtype`; which of them stands there is changed. */
function configWith(config: Uint8Array, dtype: RowDtype): Uint8Array {
  const members = membersOf(config, 'config.json')!
  const key = members.spans.has('torch_dtype') ? 'torch_dtype' : 'dtype'
  return withMember(members, key, TORCH_NAMES[dtype])
}

async function carry(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch((error: unknown) => {
    throw asIoError(error, from, 'read')
  })
  for (const name of names) {
    if (CARRIED.test(name) || SIDECARS.includes(name)) await placeFile(join(from, name), join(to, name), 'copy')
  }
}

/** Adapters go into the weights. */
function modelParameters({ plan }: Session): Parameter[] {
  return plan.parameters.filter(({ name }) => loraWeightOf(name) === null)
}

/** In the order of the model, a new file when the next tensor would make one too large. */
function dealOut(session: Session, dtype: RowDtype, shardBytes: number): NamedParameter[][] {
  const shards: NamedParameter[][] = []
  let end = 0
  for (const parameter of modelParameters(session)) {
    const bytes = bytesOf(parameter, dtype)
    if (shards.length === 0 || (end > 0 && end + bytes > shardBytes)) {
      shards.push([])
      end = 0
    }
    shards[shards.length - 1].push({ name: parameter.name, parameter })
    end += bytes
  }
  return shards
}

function bytesOf({ shape }: Parameter, dtype: RowDtype): number {
  return shape.reduce((a, b) => a * b, ROW_BYTES[dtype])
}

function formatIndex(
  shards: readonly (readonly NamedParameter[])[],
  nameOf: (i: number) => string,
  dtype: RowDtype,
): string {
  const total = shards.flat().reduce((sum, { parameter }) => sum + bytesOf(parameter, dtype), 0)
  const metadata = { total_size: total, total_parameters: total / ROW_BYTES[dtype] }
  const weightMap = Object.fromEntries(shards.flatMap((shard, i) => shard.map(({ name }) => [name, nameOf(i)])))
  return `${JSON.stringify({ metadata, weight_map: weightMap }, null, 2)}\n`
}

function fiveDigits(n: number): string {
  return String(n).padStart(5, '0')
}
