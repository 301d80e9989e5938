/** Which steps, in which order, with which thresholds: YAML, checked where it stands. */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { z } from 'zod'
import { KoVocabError } from '../../errors'
import { nearest } from '../../text/nearest'
import { stepKinds } from './steps'
import type { PrepareStep, SourceFacts, StepKind } from './types'

export interface PreparePlan {
  steps: PrepareStep[]
  sources: Record<string, SourceFacts>
}

const sourceFacts = z.strictObject({
  license: z.string({ error: 'expected a text' }).optional(),
  url: z.string({ error: 'expected a text' }).optional(),
})

type Place = (path: readonly PropertyKey[]) => string

/**
 * A plan from YAML: `steps`, a list of names or `name: { options }` in the order of the work, and `sources`, what each
 * source is. A step may stand twice.
 *
 * @param source the file, for errors
 * @throws KoVocabError `bad-file` for what is no YAML; `bad-option` with line and column for what is no plan, for an
 * unknown step or key the nearest one
 */
export function readPlan(text: string, source: string): PreparePlan {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error) {
    const { line, col } = lines.linePos(error.pos[0])
    const what = `${source}:${line}:${col}: is no YAML: ${error.message.split('\n')[0].replace(/ at line.*$/, '')}`
    throw new KoVocabError('bad-file', what, 'ko-vocab prepare --print-steps shows a plan', { cause: error })
  }
  const place: Place = (path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = nodeAt(document.contents as Node | null, path.slice(0, depth))
      if (node?.range) {
        const { line, col } = lines.linePos(node.range[0])
        return `${source}:${line}:${col}`
      }
    }
    return source
  }
  return checkPlan(document.toJS() as unknown, place)
}

/** The node of a key where the path ends in one, of an item of a list where it ends in a number. */
function nodeAt(root: Node | null, path: readonly PropertyKey[]): Node | null {
  let node: Node | null = root
  for (const [i, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (!pair) return null
      node = (i === path.length - 1 ? pair.key : pair.value) as Node | null
    } else {
      const items = (node as { items?: unknown[] } | null)?.items
      node = (items?.[Number(key)] as Node | undefined) ?? null
    }
  }
  return node
}

/**
 * Steps as plain data, as the YAML has them under `steps`.
 *
 * @throws KoVocabError `bad-option`
 */
export function checkSteps(steps: unknown, place: Place = () => 'steps'): PrepareStep[] {
  if (!Array.isArray(steps) || steps.length === 0) {
    throw new KoVocabError('bad-option', `${place(['steps'])}: there is no list of steps`, knownSteps())
  }
  return steps.map((step, i) => checkStep(step, ['steps', i], place))
}

function checkPlan(value: unknown, place: Place): PreparePlan {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KoVocabError('bad-option', `${place([])}: holds no plan`, 'write `steps:` and a list of them')
  }
  const { steps, sources = {}, ...rest } = value as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw unknownName(place([unknown]), 'key', unknown, ['steps', 'sources'])
  const facts: Record<string, SourceFacts> = {}
  if (typeof sources !== 'object' || sources === null || Array.isArray(sources)) {
    throw new KoVocabError('bad-option', `${place(['sources'])}: is no mapping`, 'write `name: { license: … }` lines')
  }
  for (const [name, given] of Object.entries(sources)) {
    facts[name] = checkValue(sourceFacts, given ?? {}, ['sources', name], place) as SourceFacts
  }
  return { steps: checkSteps(steps, place), sources: facts }
}

function checkStep(step: unknown, path: readonly PropertyKey[], place: Place): PrepareStep {
  const names = stepKinds.map(({ name }) => name)
  const isObject = typeof step === 'object' && step !== null && !Array.isArray(step)
  const entries = typeof step === 'string' ? [[step, {}] as const] : isObject ? Object.entries(step) : []
  if (entries.length !== 1) {
    const hint = 'write a name, or `name: { option: value }`, for each step behind a dash of its own'
    throw new KoVocabError('bad-option', `${place(path)}: ${JSON.stringify(step)} is no step`, hint)
  }
  const [[name, options]] = entries
  const kind = stepKinds.find((one) => one.name === name)
  if (!kind) throw unknownName(place([...path, name]), 'step', name, names)
  return { name, options: checkValue(kind.options, options ?? {}, [...path, name], place) }
}

function checkValue(
  schema: z.ZodType,
  value: unknown,
  path: readonly PropertyKey[],
  place: Place,
): Record<string, unknown> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data as Record<string, unknown>
  const [issue] = checked.error.issues
  const at = [...path, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys
    throw unknownName(place([...at, key]), `option of ${String(at[at.length - 1])}`, key, keysAt(schema, issue.path))
  }
  const given = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value)
  const name = at
    .slice(path.length - 1)
    .map(String)
    .join('.')
  const what = given === undefined ? `${name} is missing` : `${name} is ${JSON.stringify(given)}`
  throw new KoVocabError('bad-option', `${place(at)}: ${what}`, issue.message)
}

interface Shaped {
  shape?: Record<string, Shaped>
  unwrap?: () => Shaped
}

/** The keys that a mapping at this place inside may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let inner = schema as unknown as Shaped
  for (const key of [...path, null]) {
    while (!inner.shape && inner.unwrap) inner = inner.unwrap()
    if (key !== null && inner.shape) inner = inner.shape[String(key)]
  }
  return Object.keys(inner.shape ?? {})
}

function unknownName(place: string, what: string, name: string, known: readonly string[]): KoVocabError {
  const near = nearest(name, known)
  const list = known.length === 0 ? 'it has none' : `known: ${known.join(', ')}`
  const hint = near === undefined ? list : `did you mean ${near}?`
  return new KoVocabError('bad-option', `${place}: unknown ${what} ${JSON.stringify(name)}`, hint)
}

const knownSteps = () => `known: ${stepKinds.map(({ name }) => name).join(', ')}`

export function kindOf(step: PrepareStep): StepKind {
  return stepKinds.find(({ name }) => name === step.name)!
}
