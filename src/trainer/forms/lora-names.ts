/** What PEFT calls the parts of a low-rank adapter. */

const PREFIX = 'base_model.model.'

export type LoraPart = 'A' | 'B'

/** The key in adapter_model.safetensors: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export function loraName(weight: string, part: LoraPart): string {
  return `${PREFIX}${weight.replace(/weight$/, `lora_${part}.weight`)}`
}

/** The weight that an adapter's parameter belongs to, and which part it is; null for any other parameter. */
export function loraWeightOf(name: string): { weight: string; part: LoraPart } | null {
  const match = /^base_model\.model\.(.*)lora_([AB])\.weight$/.exec(name)
  return match ? { weight: `${match[1]}weight`, part: match[2] as LoraPart } : null
}

/** As PEFT stores a module that trains in full beside the adapters (`modules_to_save`). */
export function savedName(weight: string): string {
  return PREFIX + weight
}

/** `q_proj` of `model.layers.0.self_attn.q_proj.weight`; null where it is no projection of a layer. */
export function projectionOf(name: string): string | null {
  return /^model\.layers\.\d+\.(?:self_attn|mlp)\.(\w+)\.weight$/.exec(name)?.[1] ?? null
}
