/** Recipes from YAML: what is written over what it extends, every value checked where it stands. */
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { KoVocabError } from '../../errors'
import { nearest } from '../../text/nearest'
import { completeRecipe } from './complete'
import { mergeRecipes } from './merge'
import { isPreset, presetNames, presetText } from './presets'
import { type RawRecipe, rawRecipe } from './schema'
import type { Recipe } from './types'

export interface ReadRecipeOptions {
  /** Reads what `extends` names when it is not a preset: a file beside the recipe, as a rule. */
  open?: (name: string) => { text: string; source: string }
}

/**
 * A recipe with everything that it does not say filled in, from the recipe that it `extends` and from the defaults. One
 * without a name is called as its file.
 *
 * @param text YAML
 * @param source the file, for errors
 * @throws KoVocabError `bad-file` for what is no YAML; `bad-option` with line, column and key for what is no recipe, for
 * an unknown key the nearest one
 */
export function readRecipe(text: string, source: string, options: ReadRecipeOptions = {}): Recipe {
  return completeRecipe(readRaw(text, source, options, []), source)
}

/** @throws KoVocabError `bad-option` naming the nearest */
export function presetRecipe(name: string): Recipe {
  return completeRecipe(readRaw(presetText(name), `recipe ${name}`, {}, [name]), `recipe ${name}`, name)
}

function readRaw(text: string, source: string, options: ReadRecipeOptions, above: readonly string[]): RawRecipe {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error) {
    const { line, col } = lines.linePos(error.pos[0])
    const what = `${source}:${line}:${col}: is no YAML: ${error.message.split('\n')[0].replace(/ at line.*$/, '')}`
    throw new KoVocabError('bad-file', what, 'a recipe is written in YAML', { cause: error })
  }
  const own = check({ document, lines, source })
  if (own.extends === undefined) {
    if (own.stages === undefined || !Array.isArray(own.stages)) {
      const hint = `list its stages, or write \`extends: ${presetNames[0]}\` (or ${presetNames.slice(1).join(', ')})`
      throw new KoVocabError('bad-option', `${source}: the recipe has no list of stages`, hint)
    }
    return own
  }
  const place = placeOf({ document, lines, source }, ['extends'])
  if (above.includes(own.extends)) {
    const circle = [...above.slice(above.indexOf(own.extends)), own.extends].join(' → ')
    throw new KoVocabError('bad-option', `${place}: recipes extend each other in a circle: ${circle}`)
  }
  const base = extended(own.extends, place, options, [...above, own.extends])
  return mergeRecipes(base, own, (path) => placeOf({ document, lines, source }, path))
}

function extended(name: string, place: string, options: ReadRecipeOptions, above: readonly string[]): RawRecipe {
  if (isPreset(name)) return readRaw(presetText(name), `recipe ${name}`, {}, above)
  if (options.open) {
    const { text, source } = options.open(name)
    return readRaw(text, source, options, above)
  }
  const near = nearest(name, presetNames)
  const known = `known: ${presetNames.join(', ')}`
  const hint = near === undefined ? known : `did you mean ${near}? ${known}`
  throw new KoVocabError('bad-option', `${place}: there is no recipe ${JSON.stringify(name)}`, hint)
}

interface Written {
  document: Document
  lines: LineCounter
  source: string
}

type Path = readonly PropertyKey[]

function check(written: Written): RawRecipe {
  const value = written.document.toJS() as unknown
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const hint = `write \`extends: ${presetNames[0]}\`, or a list of \`stages\``
    throw new KoVocabError('bad-option', `${written.source}: holds no recipe`, hint)
  }
  const checked = rawRecipe.safeParse(value)
  if (checked.success) return checked.data
  const issue = deepest(checked.error.issues)
  const place = placeOf(written, issue.path)
  const name = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as string[]
    const near = nearest(key, issue.known ?? [])
    const hint = near === undefined ? `known: ${(issue.known ?? []).join(', ')}` : `did you mean ${near}?`
    const where = placeOf(written, [...issue.path, key])
    throw new KoVocabError('bad-option', `${where}: unknown key ${JSON.stringify(key)}${name && ` in ${name}`}`, hint)
  }
  const given = JSON.stringify(written.document.getIn(issue.path as unknown[], false) ?? null)
  const what = given === 'null' ? `${name} is missing` : `${name} is ${given}`
  throw new KoVocabError('bad-option', `${place}: ${what}`, hintFor(issue.message, given))
}

interface Issue {
  code?: string
  message: string
  path: PropertyKey[]
  keys?: string[]
  errors?: Issue[][]
  known?: string[]
}

/** Of a value that may take several forms the complaint about the form that it comes nearest to. */
function deepest(issues: readonly object[]): Issue {
  const issue = issues[0] as Issue
  if (issue.code === 'unrecognized_keys') return { ...issue, known: knownAt(issue.path) }
  if (issue.code !== 'invalid_union' || !issue.errors) return issue
  const inner = issue.errors
    .map((one) => deepest(one))
    .sort((a, b) => b.path.length - a.path.length || Number(isOfForm(b)) - Number(isOfForm(a)))
  const [best] = inner
  const path = [...issue.path, ...best.path]
  return { ...best, path, known: best.code === 'unrecognized_keys' ? knownAt(path) : undefined }
}

/** Whether the value had the right form, and something in it or about it was wrong. */
function isOfForm({ code }: Issue): boolean {
  return code === 'unrecognized_keys' || code === 'custom' || code === 'invalid_value'
}

/** The keys that a mapping at this place may have. */
function knownAt(path: readonly PropertyKey[]): string[] {
  let schemas: unknown[] = [rawRecipe]
  for (const key of [...path, null]) {
    schemas = schemas.flatMap(options)
    if (key !== null) schemas = schemas.flatMap((schema) => childrenOf(schema, key))
  }
  return [...new Set(schemas.flatMap((schema) => Object.keys((schema as Shaped).shape ?? {})))]
}

interface Shaped {
  shape?: Record<string, unknown>
  options?: unknown[]
  element?: unknown
  valueType?: unknown
  unwrap?: () => unknown
  def: { type: string }
}

/** A schema without `optional`, or the members of a union. */
function options(schema: unknown): unknown[] {
  const { def, unwrap, options: members } = schema as Shaped
  if (def.type === 'optional') return options(unwrap!.call(schema))
  return def.type === 'union' ? members!.flatMap(options) : [schema]
}

function childrenOf(schema: unknown, key: PropertyKey): unknown[] {
  const { def, shape, element, valueType } = schema as Shaped
  if (def.type === 'object') return Object.hasOwn(shape!, key) ? [shape![String(key)]] : []
  if (def.type === 'array' && typeof key === 'number') return [element]
  return def.type === 'record' && typeof key === 'string' ? [valueType] : []
}

/** `file:line:column` of a value, or of the innermost mapping around it. */
function placeOf({ document, lines, source }: Written, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length)
    const parent = document.getIn(at.slice(0, -1), true)
    const key = at[at.length - 1]
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
    const node = (pair?.key ?? document.getIn(at, true)) as Node | undefined
    if (!node?.range) continue
    const { line, col } = lines.linePos(node.range[0])
    return `${source}:${line}:${col}`
  }
  return source
}

function hintFor(message: string, given: string): string {
  const choices = message.replace(/^expected /, '').split(/, | or /)
  const near = choices.length > 1 && given.startsWith('"') ? nearest(given.slice(1, -1), choices) : undefined
  return near === undefined ? message : `${message}; did you mean ${near}?`
}
