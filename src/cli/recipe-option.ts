/** --recipe: a preset's name, or a file. */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { asIoError } from '../corpus/atomic'
import { isPreset } from '../trainer/recipes/presets'
import { presetRecipe, readRecipe } from '../trainer/recipes/read'
import type { Recipe } from '../trainer/recipes/types'

/** What a file extends lies beside it. */
export function readRecipeOption(given: string): Recipe {
  if (isPreset(given) || !/[./\\]/.test(given)) return presetRecipe(given)
  const read = (path: string) => {
    try {
      return { text: readFileSync(path, 'utf8'), source: path }
    } catch (error) {
      throw asIoError(error, path, 'read')
    }
  }
  const { text, source } = read(given)
  return readRecipe(text, source, { open: (other) => read(resolve(join(dirname(given), other))) })
}
