/** Documents that hold what a model is tested on. */
import { z } from 'zod'
import { KoVocabError } from '../../../errors'
import { createItemFinder } from '../contamination'
import { oneOf, optionsOf, stepKind, whole } from '../kind'

export const decontaminate = stepKind({
  name: 'decontaminate',
  about: 'documents that share an n-gram with a benchmark',
  options: optionsOf({
    /** Files of benchmarks, one item a line or record: paths, folders or globs, from where the command runs. */
    files: z
      .array(z.string({ error: 'expected a path' }), { error: 'expected a list of files' })
      .min(1, { error: 'expected a list of files that is not empty' }),
    /** The field of records with the item. Default: text, or the only usual name. */
    field: z.string({ error: 'expected a text' }).optional(),
    /** `characters`: of letters and digits alone, whatever the spacing. `words`: eojeol without punctuation. */
    unit: oneOf(['characters', 'words']).default('characters'),
    /** Length of the n-gram. Default: 30 characters, or 13 words. */
    size: whole(2, 1000).optional(),
    /** Shorter items are looked for as a whole; those below this are passed over. Default: 20 characters or 8 words. */
    'min-size': whole(2, 1000).optional(),
  }),
  /**
   * GPT-3 looked for 13-grams of words, and for shorter items from 8 words on as a whole (Brown et al. 2020, arXiv
   * 2005.14165, appendix C). Thirteen English words are about 30 Korean letters, and an eojeol changes with every josa
   * and with the spacing, so characters without spaces are the default here. The document goes, not the passage.
   */
  start: async ({ files, field, unit, size, 'min-size': least }, { openItems, count }) => {
    if (!openItems)
      throw new KoVocabError('bad-option', 'decontaminate has nothing to open its files with', 'give openItems')
    const n = size ?? (unit === 'words' ? 13 : 30)
    const finder = createItemFinder({ unit, size: n, least: Math.min(n, least ?? (unit === 'words' ? 8 : 20)) })
    for (const file of files) for await (const item of openItems(file, field)) finder.add(item, file)
    return {
      passes: 0,
      judge: ({ text }) => {
        const hit = finder.find(text)
        if (!hit) return text
        count(`documents with ${hit.file}`)
        return { removed: 'in a benchmark', seen: `${hit.file}: ${hit.text}` }
      },
      figures: () => ({ 'benchmark items': finder.items(), 'items too short to look for': finder.tooShort() }),
    }
  },
})
