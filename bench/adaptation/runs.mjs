/** What is compared: each a model to begin from, a recipe and a share of English. */

/** The methods of the init map; `zero`, `randn` and `mean_resizing` are controls. */
export const METHODS = [
  'mean',
  'first',
  'last',
  'first_last',
  'weighted',
  'weighted_frequency',
  'align',
  'jamo',
  'focus',
  'omp',
  'mean_resizing',
  'zero',
  'randn',
]

const MAIN_METHOD = 'mean'
const REPLAY = 0.5
/** Where the base spells Korean in bytes alone these give the rows of `mean`: in the table, not in the picture. */
const AS_MEAN = ['weighted', 'align', 'jamo']

/** @returns {{name: string, model: string, replay: number, recipe: string, figures: string[], labels?: object}[]} */
export function adaptationRuns() {
  const extended = `extended-${MAIN_METHOD}`
  const main = {
    name: 'extended, replay',
    figures: ['vocabulary', 'init', 'recipe', 'replay'],
    labels: { init: MAIN_METHOD, recipe: 'full', replay: 'a half' },
  }
  const full = { recipe: 'full', replay: REPLAY, model: extended }
  const runs = [
    { ...full, ...main },
    { ...full, name: 'extended, no replay', replay: 0, figures: ['vocabulary', 'replay'], labels: { replay: 'none' } },
    { ...full, name: 'not extended, replay', model: 'base', figures: ['vocabulary'] },
    { ...full, name: 'not extended, no replay', model: 'base', replay: 0, figures: ['vocabulary'] },
  ]
  for (const method of METHODS) {
    if (method === MAIN_METHOD) continue
    const figures = AS_MEAN.includes(method) ? [] : ['init']
    runs.push({ ...full, name: `init ${method}`, model: `extended-${method}`, figures, labels: { init: method } })
  }
  for (const recipe of ['two-stage', 'eeve', 'new-rows', 'lora'])
    runs.push({ ...full, name: `recipe ${recipe}`, recipe, figures: ['recipe'], labels: { recipe } })
  runs.push({ ...full, name: 'replay a fifth', replay: 0.2, figures: ['replay'], labels: { replay: 'a fifth' } })
  return runs
}

export function folderOf({ name }) {
  return name.replaceAll(/\W+/g, '-')
}
