/** Adapters from PEFT's folders: adapter_config.json beside adapter_model.safetensors. Node only. */
import { join } from 'node:path'
import { z } from 'zod'
import { openShard, readSmall } from '../../checkpoint/open-checkpoint'
import { isRowDtype } from '../../checkpoint/row-values'
import { KoVocabError } from '../../errors'
import type { Session } from '../backends/types'
import { type TensorPlace, writeTensor } from '../load'
import { HEAD } from '../model/parameters'
import type { Parameter } from '../plan/types'
import { PROJECTIONS } from '../recipes/schema'
import type { Lora } from '../recipes/types'
import { loraWeightOf, savedName } from './lora-names'
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from './save-adapter'

const MAX_CONFIG_BYTES = 1_000_000

export interface AdapterFolder {
  folder: string
  form: Lora
  /** `base_model_name_or_path`. */
  base: string | null
  /** Name in the file → where its values lie. */
  places: Map<string, TensorPlace>
}

const natural = z.int().min(1)
/** What changes the computation has to be off: everything else does not matter here. */
const file = z.looseObject({
  peft_type: z.literal('LORA'),
  r: natural,
  lora_alpha: z.number().gt(0),
  target_modules: z.array(z.enum(PROJECTIONS)).min(1),
  base_model_name_or_path: z.string().nullish(),
  bias: z.literal('none').optional(),
  use_rslora: z.literal(false).nullish(),
  use_dora: z.literal(false).nullish(),
  fan_in_fan_out: z.literal(false).nullish(),
  layers_to_transform: z.null().optional(),
  rank_pattern: z.strictObject({}).nullish(),
  alpha_pattern: z.strictObject({}).nullish(),
  modules_to_save: z.array(z.enum(['embed_tokens', 'lm_head'])).nullish(),
  // PEFT's other ways to compute something else, as of 0.21.
  alora_invocation_tokens: z.null().optional(),
  arrow_config: z.null().optional(),
  kasa_config: z.null().optional(),
  layer_replication: z.null().optional(),
  lora_bias: z.literal(false).nullish(),
  monteclora_config: z.null().optional(),
  target_parameters: z.array(z.never()).max(0).nullish(),
  trainable_token_indices: z.null().optional(),
  use_bdlora: z.null().optional(),
  use_qalora: z.literal(false).nullish(),
  // PiSSA, OLoRA, CorDA, LoftQ and others take something away from the base's own weights.
  init_lora_weights: z.union([z.boolean(), z.enum(['gaussian', 'eva', 'orthogonal'])]).nullish(),
})

/**
 * Reads adapter_config.json and the header of adapter_model.safetensors.
 *
 * @throws KoVocabError `io`, `bad-file`; `unsupported` for adapters that compute something else
 */
export async function openAdapter(folder: string): Promise<AdapterFolder> {
  const path = join(folder, ADAPTER_CONFIG)
  const config = parseConfig(await readSmall(path, MAX_CONFIG_BYTES), path)
  const shard = await openShard(folder, ADAPTER_WEIGHTS)
  const places = new Map<string, TensorPlace>()
  for (const entry of shard.entries) {
    const { name, dtype } = entry
    if (!isRowDtype(dtype)) throw new KoVocabError('unsupported', `${shard.path}: ${name} holds ${dtype}`)
    places.set(name, { shard, entry, dtype })
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets, base_model_name_or_path: base = null } = config
  const form: Lora = { kind: 'lora', rank, alpha, targets: PROJECTIONS.filter((name) => targets.includes(name)) }
  return { folder, form, base, places }
}

function parseConfig(bytes: Uint8Array, path: string): z.output<typeof file> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new KoVocabError('bad-file', `${path}: is not JSON: ${(cause as Error).message}`, undefined, { cause })
  }
  const parsed = file.safeParse(json)
  if (parsed.success) return parsed.data
  const [{ path: at, message }] = parsed.error.issues
  const what = `${path}: ${at.join('.') || 'the whole'}: ${message}`
  throw new KoVocabError('unsupported', what, 'plain LoRA on the projections of Llama’s layers can be read')
}

/**
 * Writes every adapter, and embedding and head where the folder has them, over what the session holds.
 *
 * @throws KoVocabError `mismatch` where the folder's adapters are not the plan's; `bad-file` for NaN and infinity; `io`
 */
export async function loadAdapter(adapter: AdapterFolder, session: Session, signal?: AbortSignal): Promise<void> {
  const { plan } = session
  const path = join(adapter.folder, ADAPTER_WEIGHTS)
  const wanted = new Map<string, Parameter>()
  for (const parameter of plan.parameters) {
    const isAdapter = loraWeightOf(parameter.name) !== null
    const name = isAdapter ? parameter.name : savedName(parameter.name)
    if (isAdapter || adapter.places.has(name)) wanted.set(name, parameter)
  }
  for (const name of adapter.places.keys()) {
    // Of a tied head the embedding is read.
    if (wanted.has(name) || (plan.config.tied && name === savedName(HEAD))) continue
    throw new KoVocabError('mismatch', `${path}: the model has no place for ${name}`, 'give the adapter’s own base')
  }
  for (const [name, { shape, tensor }] of wanted) {
    const place = adapter.places.get(name)
    if (place?.entry.shape.join() !== shape.join()) {
      const has = place ? `has it as [${place.entry.shape}]` : 'has no such tensor'
      throw new KoVocabError('mismatch', `the plan wants ${name} [${shape}], ${path} ${has}`)
    }
    await writeTensor(session, tensor, place, { signal })
  }
}
