/** What a donor's normalizer did to the text that its pieces were learned from. */
import { isObject, type JsonObject } from '../tokenizer/files/text'
import type { NormalizerSpec } from '../tokenizer/proto/sentencepiece_model_pb'
import { mapped } from './charsmap'

export interface Normalization {
  /** In the file's own words; null without a normalizer, or where the file cannot say. */
  name: string | null
  /** It turns compatibility characters into plain ones (NFKC, NFKD): `ㅋ` becomes U+110F, `㈜` becomes `(주)`. */
  compatibility: boolean
  /** It leaves Hangul decomposed (NFD, NFKD). */
  decomposes: boolean
  lowercases: boolean
  stripsAccents: boolean
  /** Runs of spaces become one, spaces at both ends go. */
  removesSpaces: boolean
}

/** No normalizer, or none that the file tells of. */
export function noNormalization(name: string | null = null): Normalization {
  return {
    name,
    compatibility: false,
    decomposes: false,
    lowercases: false,
    stripsAccents: false,
    removesSpaces: false,
  }
}

/** Of a `.model`: its compiled map is asked, since the name may be missing or the rules may be the trainer's own. */
export function ofNormalizerSpec(spec: NormalizerSpec): Normalization {
  const map = spec.precompiledCharsmap
  const name = spec.name || (map.length > 0 ? 'a character map without a name' : null)
  return { ...noNormalization(name), ...ofCharsmap(map), removesSpaces: spec.removeExtraWhitespaces }
}

/** Of tokenizer.json's `normalizer` node. */
export function ofJsonNode(node: unknown): Normalization {
  const found = noNormalization(isObject(node) ? nameOf(node) : null)
  for (const step of stepsOf(node)) {
    switch (step.type) {
      case 'NFC':
        found.decomposes = false
        break
      case 'NFD':
        found.decomposes = true
        break
      case 'NFKC':
      case 'NFKD':
        found.compatibility = true
        found.decomposes = step.type === 'NFKD'
        break
      case 'Lowercase':
        found.lowercases = true
        break
      case 'StripAccents':
        found.stripsAccents = true
        break
      case 'BertNormalizer':
        if (step.lowercase === true) found.lowercases = true
        // strip_accents follows lowercase where it is null, and is NFD without the marks: syllables fall apart.
        if (step.strip_accents === true || (step.strip_accents !== false && step.lowercase === true)) {
          found.stripsAccents = true
          found.decomposes = true
        }
        break
      case 'Precompiled': {
        const of = ofCharsmap(base64(step.precompiled_charsmap))
        found.compatibility ||= of.compatibility
        found.decomposes = of.decomposes
        found.lowercases ||= of.lowercases
        break
      }
      case 'Replace':
        if (isObject(step.pattern) && / \{2,\}|\\s\+|\\s\{2,\}/.test(String(step.pattern.Regex))) {
          found.removesSpaces = true
        }
        break
    }
  }
  return found
}

/** A sentence each on what the user should know of it. */
export function normalizationNotes(what: Normalization): string[] {
  const notes: string[] = []
  const { name } = what
  if (what.compatibility) {
    notes.push(
      `Its normalizer, ${name}, turns compatibility characters into plain ones (NFKC), so a piece holds (주) where a text may have ㈜.`,
    )
  }
  if (what.decomposes) notes.push(`Its normalizer, ${name}, takes Hangul syllables apart into conjoining jamo.`)
  if (what.lowercases) notes.push(`Its normalizer, ${name}, turns capitals into small letters, so no piece holds any.`)
  if (what.stripsAccents) notes.push(`Its normalizer, ${name}, takes accents off letters.`)
  if (what.removesSpaces)
    notes.push('It removes extra whitespace, so none of its pieces was learned from runs of spaces.')
  return notes
}

function ofCharsmap(map: Uint8Array): Pick<Normalization, 'compatibility' | 'decomposes' | 'lowercases'> {
  const syllable = mapped(map, '가')
  const letter = mapped(map, 'A')
  return {
    compatibility: mapped(map, 'ㅋ') === '\u110f',
    decomposes: syllable === '\u1100\u1161',
    lowercases: letter === 'a',
  }
}

function stepsOf(node: unknown): JsonObject[] {
  if (!isObject(node)) return []
  if (node.type !== 'Sequence') return [node]
  return Array.isArray(node.normalizers) ? node.normalizers.flatMap(stepsOf) : []
}

function nameOf(node: JsonObject): string {
  if (node.type !== 'Sequence' || !Array.isArray(node.normalizers)) return String(node.type)
  return `Sequence(${node.normalizers.map((step) => (isObject(step) ? nameOf(step) : String(step))).join(', ')})`
}

function base64(text: unknown): Uint8Array {
  if (typeof text !== 'string') return new Uint8Array()
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}
