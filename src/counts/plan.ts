import { KoVocabError } from '../errors'
import { type Scope, scopeNamed } from '../text/scope'
import { encodeUtf8 } from '../text/utf8'
import { fastPathOf } from '../tokenizer/fast-path'
import { canonicalJson, sha256Hex, tokenizerHash } from '../tokenizer/hash'
import type { KnownPattern } from '../tokenizer/pipeline/known-patterns'
import type { Form, JsonNode, Tokenizer } from '../tokenizer/types'
import type { RunRules } from './scan-runs'

/**
 * How text becomes counted words; plain data, so that it can go to a worker and into a hash.
 *
 * - `runs`: runs of in-scope characters straight from the bytes, for bases whose encoder provably keeps such a run
 *   together (all of SentencePiece form with the usual normalizer, all known split patterns);
 * - `pipeline`: the base's own normalizer and pre-tokenizer on each line, then the runs inside each pre-token;
 * - `spaces`: whole words at spaces and between scripts, as `spm_train` splits them, for training from nothing;
 * - `pattern`: the pre-tokens of a split pattern, for byte-level training from nothing.
 */
export type CountPlan =
  | { kind: 'runs'; scope: string; rules: RunRules }
  | {
      kind: 'pipeline'
      scope: string
      form: Form
      normalizer: JsonNode | null
      preTokenizer: JsonNode | null
      /** As in {@link RunRules}, inside a pre-token. */
      spaceJoins: RunRules['spaceJoins']
    }
  | { kind: 'spaces' }
  | { kind: 'pattern'; pattern: KnownPattern }

/**
 * What happens to a word before it is counted: nothing beyond what the base's own normalizer does (`keep`, the
 * default), canonical composition (`nfc`), or nothing at all (`none`, refused for bases that would normalize).
 */
export type NormalizePolicy = 'keep' | 'nfc' | 'none'

/** The plan for continuing a base. */
export function planFor(base: Tokenizer, scope: Scope): CountPlan {
  const fast = fastPathOf(base)
  const spaceJoins = base.form === 'sentencepiece' && base.pieces.includes('▁▁') ? 'single' : 'last'
  if (fast?.kind === 'spaces') {
    const linePrefix = fast.prefix === 'first-unless-spaced' ? 'unless-spaced' : fast.prefix
    return { kind: 'runs', scope: scope.name, rules: { spaceJoins, linePrefix } }
  }
  // The known patterns keep a run of letters together and leave it the space before it.
  if (fast?.kind === 'scanner' && !fast.composes && scope.trailing.length === 0) {
    return { kind: 'runs', scope: scope.name, rules: { spaceJoins: 'last', linePrefix: 'never' } }
  }
  return {
    kind: 'pipeline',
    scope: scope.name,
    form: base.form,
    normalizer: base.normalizer,
    preTokenizer: base.preTokenizer,
    spaceJoins,
  }
}

/** The plan for training from nothing. */
export function planFromNothing(form: Form, pattern: KnownPattern = 'cl100k'): CountPlan {
  return form === 'sentencepiece' ? { kind: 'spaces' } : { kind: 'pattern', pattern }
}

/** Refuses `none` for bases whose normalizer would change words at encoding that were counted unchanged. */
export function checkNormalize(base: Tokenizer | null, normalize: NormalizePolicy): void {
  if (normalize !== 'none' || !base?.normalizer || fastPathOf(base)?.kind === 'spaces') return
  throw new KoVocabError(
    'bad-option',
    `normalize is none, but the base normalizes text itself (${base.normalizer.type}) when it encodes`,
    'use keep: words are then counted as the base will see them',
  )
}

/** Metadata of counts made by a plan: whoever adds up or continues counts compares these. */
export function countsMeta(
  plan: CountPlan,
  normalize: NormalizePolicy,
  base: Tokenizer | null,
): Record<string, string> {
  return {
    pre_tokenizer: sha256Hex(encodeUtf8(canonicalJson(plan))),
    normalize,
    scope: 'scope' in plan ? plan.scope : 'all',
    ...(base ? { base: base.sha256 ?? tokenizerHash(base) } : {}),
  }
}

/** The scope whose words a plan counts. */
export function planScope(plan: CountPlan): Scope {
  return scopeNamed('scope' in plan ? plan.scope : 'all')
}
