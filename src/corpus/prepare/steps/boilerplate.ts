/** Lines that many documents share: menus, footers, licence notes, advertisements. */
import { lineCounter } from '../frequent-lines'
import { optionsOf, stepKind, whole } from '../kind'

export const boilerplate = stepKind({
  name: 'boilerplate',
  about: 'lines that many documents share',
  options: optionsOf({
    /** A line that stands in so many documents goes from all of them. */
    documents: whole(2).default(50),
    /** Shorter lines stay; spaces around do not count. */
    'min-characters': whole(1).default(10),
    /** Of the sketch that finds the candidates, in MiB. */
    memory: whole(1, 4096).default(64),
  }),
  remembers: 'to change',
  start: (options) => {
    const { documents, 'min-characters': least, memory } = options
    const counter = lineCounter({ documents, bytes: memory << 20 })
    /** The lines of a document that count, each once. */
    const linesOf = (text: string): Set<string> => {
      const lines = new Set<string>()
      for (const line of text.split('\n')) {
        const bare = line.trim()
        if (bare.length >= least) lines.add(bare)
      }
      return lines
    }
    let dropped = 0
    return {
      passes: 2,
      observe: ({ text }, _, pass) => {
        for (const line of linesOf(text)) counter.observe(line, pass)
      },
      passed: counter.passed,
      judge: ({ text }) => {
        const lines = text.split('\n')
        const kept = lines.filter((line) => {
          const bare = line.trim()
          return bare.length < least || !counter.isFrequent(bare)
        })
        if (kept.length === lines.length) return text
        dropped += lines.length - kept.length
        const rest = kept.join('\n')
        return rest.trim() === '' ? { removed: 'nothing but boilerplate' } : rest
      },
      figures: () => ({ 'frequent lines': counter.frequent(), 'lines removed': dropped }),
    }
  },
})
