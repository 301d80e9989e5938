/** Results as JSON for machines and as Markdown for people, in bench/results and on stdout. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Over the last minute, before the benchmark itself has begun. */
const loadAtStart = loadavg()[0]
/** Half a core in use by others moves what is measured by more than the contenders differ. */
const QUIET = 0.5

export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    os: `${type()} ${release()}`,
    loadAtStart,
    node: process.version,
    koVocab: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    commit: commit(),
    date: new Date().toISOString(),
  }
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno', 'src') ? ' (src changed)' : '')
  } catch {
    return 'unknown'
  }
}

/**
 * @param {string} name of the benchmark; files are `results/<name>.json` and `.md`
 * @param {Record<string, unknown>} data everything that was measured
 * @param {string[]} lines Markdown
 * @param {{say?: boolean}} [options] `say: false` for what is not the last report of the run: nothing on stdout
 */
export function writeReport(name, data, lines, { say = true } = {}) {
  const where = machine()
  const text = [
    `# ${name}`,
    '',
    `${where.cpu}, ${where.cores} cores, ${where.memoryGb} GB; ${where.os}; Node ${where.node}; ko-vocab ${where.koVocab} at ${where.commit}; ${where.date}; load average at the start ${fixed(loadAtStart, 2)}`,
    '',
    ...(loadAtStart > QUIET
      ? [
          `**The machine was not quiet: a load average of ${fixed(loadAtStart, 2)} before the start. Measure again.**`,
          '',
        ]
      : []),
    ...lines,
    '',
  ].join('\n')
  const folder = join(root, 'bench/results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ machine: where, ...data }, null, 2)}\n`)
  writeFileSync(join(folder, `${name}.md`), text)
  if (!say) return
  process.stdout.write(`${text}\n`)
  process.stderr.write(`written: bench/results/${name}.json, bench/results/${name}.md\n`)
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)]
}

export const fixed = (value, digits = 1) => (value === null || value === undefined ? '–' : value.toFixed(digits))
