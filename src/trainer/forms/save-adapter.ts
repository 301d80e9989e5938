/** Adapters as PEFT keeps them: adapter_config.json beside adapter_model.safetensors. Node only. */
import { join } from 'node:path'
import type { RowDtype } from '../../checkpoint/row-values'
import { withTemporaryFolder, writeFileAtomic } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import type { Session } from '../backends/types'
import { EMBEDDING, HEAD } from '../model/parameters'
import type { Plan } from '../plan/types'
import { type NamedParameter, weightBytes } from '../weight-bytes'
import { loraWeightOf, savedName } from './lora-names'

export const ADAPTER_CONFIG = 'adapter_config.json'
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors'
/** PEFT's names of the modules that may train in full beside adapters. */
const MODULES: Readonly<Record<string, string>> = { [EMBEDDING]: 'embed_tokens', [HEAD]: 'lm_head' }

export interface SaveAdapterOptions {
  /** What PEFT loads the adapter upon: a folder or a name of the Hub. */
  base: string
  dtype: RowDtype
  /** The model's own parameters that trained, in any stage; those that train in the session's plan by default. */
  trained?: ReadonlySet<string>
  /** Put the new folder in the place of one that is not empty. */
  replace?: boolean
}

/**
 * Embedding and head are stored whole where they trained (`modules_to_save`), if only some of their rows did, too.
 *
 * @throws KoVocabError `bad-option` when the plan has no adapters, or when weights trained that the format has no place
 * for; `io`; `bad-file` for a value that the dtype cannot hold
 */
export async function saveAdapter(session: Session, folder: string, options: SaveAdapterOptions): Promise<void> {
  const { plan } = session
  const { base, dtype, replace } = options
  if (!plan.lora) throw new KoVocabError('bad-option', 'the model has no adapters', 'save the model itself')
  const { modules, stored } = storedOf(plan, options.trained)
  const config = formatConfig(plan, base, modules)
  const sorted = stored.sort((a, b) => (a.name < b.name ? -1 : 1))
  await withTemporaryFolder(
    folder,
    async (temporary) => {
      await writeFileAtomic(join(temporary, ADAPTER_CONFIG), config)
      await writeFileAtomic(join(temporary, ADAPTER_WEIGHTS), weightBytes(session, sorted, dtype))
    },
    { replace },
  )
}

function storedOf(
  { parameters, config }: Plan,
  trained: ReadonlySet<string> = new Set(parameters.flatMap(({ name, trained }) => (trained ? name : []))),
): { modules: string[]; stored: NamedParameter[] } {
  const whole = parameters.filter(({ name }) => trained.has(name) && !loraWeightOf(name))
  const outside = whole.find(({ name }) => !Object.hasOwn(MODULES, name))
  if (outside) {
    const what = `${outside.name} has trained beside the adapters, and an adapter's folder holds embedding and head alone`
    throw new KoVocabError('bad-option', what, 'save the merged model instead')
  }
  const adapters = parameters.filter(({ name }) => loraWeightOf(name))
  const stored = adapters.map((parameter) => ({ name: parameter.name, parameter }))
  for (const parameter of whole) stored.push({ name: savedName(parameter.name), parameter })
  // PEFT would go on using the old embedding as head.
  if (config.tied && whole.length > 0) stored.push({ name: savedName(HEAD), parameter: whole[0] })
  return { modules: stored.flatMap(({ name }) => MODULES[name.replace('base_model.model.', '')] ?? []), stored }
}

/** What PEFT 0.21 needs, and what readers of the file look for; it fills in the rest. */
function formatConfig({ lora }: Plan, base: string, modules: readonly string[]): string {
  const { rank, scale, targets } = lora!
  const config = {
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: scale * rank,
    lora_dropout: 0,
    modules_to_save: modules.length > 0 ? modules : null,
    peft_type: 'LORA',
    r: rank,
    target_modules: targets,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
