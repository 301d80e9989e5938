/** Curves and a table from the metrics that the runs have written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plotRuns } from '../../dist/trainer.js'
import { adaptationRuns, folderOf } from './runs.mjs'

const LANGUAGES = { ko: 'Korean', en: 'English' }
const AXES = { tokens: 'training tokens, millions', flops: 'training FLOPs, 10¹²' }
const UNITS = { tokens: 1e6, flops: 1e12 }
const FIGURES = {
  vocabulary: 'With and without new vocabulary, with and without English replay',
  init: 'How the new rows begin',
  recipe: 'Recipes',
  replay: 'Shares of English replay',
}

/** Writes docs/images/adaptation-<figure>-<language>-<axis>.svg, and prints the table of last values. */
export function plotAll(work, images) {
  const runs = adaptationRuns().flatMap((run) => {
    const path = join(work, 'runs', folderOf(run), 'metrics.jsonl')
    if (!existsSync(path)) return []
    const metrics = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return [{ ...run, evaluations: metrics.filter(({ kind }) => kind === 'evaluation') }]
  })
  mkdirSync(images, { recursive: true })
  for (const [figure, title] of Object.entries(FIGURES)) {
    const shown = runs.filter(({ figures }) => figures.includes(figure))
    if (shown.length < 3) continue
    for (const [language, languageName] of Object.entries(LANGUAGES)) {
      for (const [axis, xLabel] of Object.entries(AXES)) {
        const curves = shown.map((run) => ({
          name: run.labels?.[figure] ?? run.name,
          points: run.evaluations.slice(language === 'ko' ? 1 : 0).map((evaluation) => ({
            x: evaluation[axis] / UNITS[axis],
            y: bitsPerByte(evaluation, language),
          })),
        }))
        const before = bitsPerByte(runs.find(({ model }) => model === 'base').evaluations[0], language)
        const svg = plotRuns({
          title: `${title}: ${languageName}`,
          xLabel,
          yLabel: `bits per byte, held-out ${languageName}`,
          runs: curves,
          // Korean before training would push all the curves into the lowest tenth: the table has it.
          references: language === 'en' ? [{ y: before * 1.01, label: '1 % worse than before' }] : [],
        })
        writeFileSync(join(images, `adaptation-${figure}-${language}-${axis}.svg`), svg)
      }
    }
  }
  const base = runs.find(({ model }) => model === 'base')?.evaluations[0]
  const rows = runs.map(({ name, evaluations }) => {
    const last = evaluations[evaluations.length - 1]
    const english = bitsPerByte(last, 'en')
    const change = `${(100 * (english / bitsPerByte(base, 'en') - 1)).toFixed(1)} %`
    const spent = [`${(last.tokens / 1e6).toFixed(1)} M`, (last.flops / UNITS.flops).toFixed(0)]
    return [name, ...spent, bitsPerByte(last, 'ko').toFixed(3), english.toFixed(3), change]
  })
  const first = ['before', '', '', bitsPerByte(base, 'ko').toFixed(3), bitsPerByte(base, 'en').toFixed(3), '']
  const head = ['run', 'tokens', '10¹² FLOPs', 'Korean bits/byte', 'English bits/byte', 'English']
  const lines = [head, head.map(() => '---'), first, ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function bitsPerByte(evaluation, name) {
  return evaluation.sets.find((set) => set.name === name).bitsPerByte
}
