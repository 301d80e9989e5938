/** From the words of a command line and a --config file to checked option values. */
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { parse } from 'yaml'
import { KoVocabError } from '../errors'
import { nearest } from '../text/nearest'
import type { OptionSpec } from './option-values'
import { OPTIONS, type OptionName, type OptionValues } from './options'

/** Adds options to a command, their defaults named in the help, in groups. */
export function addOptions(command: Command, names: readonly OptionName[]): Command {
  for (const name of names) {
    const spec: OptionSpec = OPTIONS[name]
    const preset = spec.schema.safeParse(undefined)
    const shown =
      preset.success && preset.data !== undefined && preset.data !== false && String(preset.data) !== ''
        ? ` (default: ${preset.data})`
        : ''
    command.addOption(new Option(spec.flags, spec.description + shown).helpGroup(`${spec.group}:`))
  }
  return command
}

/**
 * The command line's values over those of the --config file, each checked.
 *
 * @throws KoVocabError `bad-option` naming the option, the value and what was expected; for an unknown key of the file
 * the nearest known one; `io` and `bad-file` for the file itself
 */
export function readOptions<N extends OptionName>(command: Command, names: readonly N[]): OptionValues<N> {
  const given = command.opts() as Record<string, unknown>
  const file = given.config === undefined ? undefined : String(given.config)
  const fromFile = file === undefined ? {} : readConfig(file, names)
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const long = longName(name)
    const key = camelCase(long)
    const onLine = given[key] !== undefined
    const value = onLine ? given[key] : fromFile[long]
    const place = onLine || file === undefined ? `--${long}` : `${file}: ${long}`
    const checked = (OPTIONS[name].schema as OptionSpec['schema']).safeParse(value)
    if (!checked.success) {
      const [{ message }] = checked.error.issues
      throw new KoVocabError('bad-option', `${place} is ${JSON.stringify(value)}`, hintFor(message, value))
    }
    values[name] = checked.data
  }
  return values as OptionValues<N>
}

/** `expected full, quick or none` → the same with `did you mean …` where one is near. */
function hintFor(message: string, value: unknown): string {
  const choices = message.replace(/^expected /, '').split(/, | or /)
  const near = typeof value === 'string' && choices.length > 1 ? nearest(value, choices) : undefined
  return near === undefined ? message : `${message}; did you mean ${near}?`
}

function readConfig(file: string, names: readonly OptionName[]): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KoVocabError('io', `--config ${file}: cannot be read: ${reason}`, 'check the path', { cause })
  }
  let document: unknown
  try {
    document = parse(content) ?? {}
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new KoVocabError('bad-file', `${file}: is no YAML: ${reason}`, 'write `option: value` lines', { cause })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new KoVocabError('bad-file', `${file}: holds no options`, 'write `option: value` lines')
  }
  const allowed = names.filter((name) => name !== 'config').map(longName)
  for (const key of Object.keys(document)) {
    if (allowed.includes(key)) continue
    const near = nearest(key, allowed)
    throw new KoVocabError(
      'bad-option',
      `${file}: unknown option ${JSON.stringify(key)}`,
      near === undefined ? `known: ${allowed.join(', ')}` : `did you mean ${near}?`,
    )
  }
  return document as Record<string, unknown>
}

/** `--base` of a command that has no use for `none`. */
export function requiredBase(command: string, value: string | undefined): string {
  const base = required('base', value)
  if (base !== 'none') return base
  throw new KoVocabError('bad-option', `${command} needs a base, and --base is none`, 'name a tokenizer')
}

/** @throws KoVocabError `bad-option` when the option has no value */
export function required<T>(name: OptionName, value: T | undefined): T {
  if (value !== undefined) return value
  throw new KoVocabError(
    'bad-option',
    `--${longName(name)} is missing`,
    `give ${OPTIONS[name].flags}: ${OPTIONS[name].description}`,
  )
}

/** As it is written: the same option may take one value in a command and several in another. */
function longName(name: OptionName): string {
  return /^--([a-z0-9-]+)/.exec(OPTIONS[name].flags)![1]
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
