/** Spaces and blank lines. Idempotent. A single tab between words stays: tables. */
import { eachText, onOff, optionsOf, stepKind, whole } from '../kind'

export const whitespace = stepKind({
  name: 'whitespace',
  about: 'spaces at line ends and runs of spaces and blank lines',
  options: optionsOf({
    /** Spaces and tabs at the beginning of a line stay as they are: code and lists. */
    indentation: onOff.default(true),
    /** So many blank lines in a row are left. */
    'blank-lines': whole(0, 100).default(1),
  }),
  start: (options) => {
    const breaks = '\n'.repeat(options['blank-lines'] + 1)
    const tooMany = new RegExp(`\n{${breaks.length + 1},}`, 'g')
    // The lookbehinds let a run match from its first space only, so that long runs cost no more than their length.
    const runs = options.indentation ? /(?<=[^ \t\n])[ \t]{2,}/g : /(?<![ \t])[ \t]{2,}/g
    const ends = options.indentation ? /(?<![ \t])[ \t]+$/gm : /^[ \t]+|(?<![ \t])[ \t]+$/gm
    return eachText((text) =>
      text
        .replace(ends, '')
        .replace(runs, ' ')
        .replace(tooMany, breaks)
        .replace(/^\n+|\n+$/g, ''),
    )
  },
})
