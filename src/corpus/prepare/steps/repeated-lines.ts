/** Lines that a document says twice: menus, headers of pages, broken extraction. */
import { eachText, optionsOf, stepKind, whole } from '../kind'

export const repeatedLines = stepKind({
  name: 'repeated-lines',
  about: 'lines that stand in a document twice or more often: the first stays',
  options: optionsOf({
    /** Shorter lines may repeat: answers, refrains, brackets of code. Spaces around do not count. */
    'min-characters': whole(1).default(20),
  }),
  start: (options) => eachText((text) => dropRepeatedLines(text, options['min-characters'])),
})

/** Idempotent. Lines are equal when they are without the spaces around them. */
function dropRepeatedLines(text: string, least: number): string {
  if (!text.includes('\n')) return text
  const lines = text.split('\n')
  const seen = new Set<string>()
  const kept = lines.filter((line) => {
    const bare = line.trim()
    if (bare.length < least) return true
    const before = seen.size
    return seen.add(bare).size > before
  })
  return kept.length === lines.length ? text : kept.join('\n')
}
