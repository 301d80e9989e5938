/** YAML that readers of YAML 1.1 (PyYAML, and so axolotl) take for the same values. */
import { stringify } from 'yaml'

/** With `head` as comments before it. */
export function yamlText(head: readonly string[], value: unknown): string {
  const text = stringify(value, { lineWidth: 0, version: '1.1' })
  // To PyYAML 1e-8 is a string: it wants a dot.
  const numbers = text.replace(/^(\s*(?:- |[\w-]+: ))(-?\d+)(e[+-]\d+)$/gm, '$1$2.0$3')
  return `${head.map((line) => `# ${line}\n`).join('')}${numbers.replace(/^%YAML.*\n---\n/, '')}`
}
