/** Rows of pairs as Markdown tables, and what the project wants of them. */
import { fixed, table } from '../support/report.mjs'
import { median, showSpread } from '../support/statistics.mjs'

const MATCH = { count: 'words match', train: 'merges match', encode: 'ids match', decode: 'text matches' }

/** @returns {string[]} */
export function stageTable(stage, rows) {
  if (rows.length === 0) return ['Nothing to run: no peer of this name.']
  if (stage === 'count') return countTable(rows)
  return stage === 'train' ? trainTable(rows) : codecTable(stage, rows)
}

function countTable(rows) {
  return table(
    ['ko-vocab', 'peer', 'MB', 'ko-vocab MB/s', 'peer MB/s', 'times', MATCH.count],
    rows.map((row) => [row.ours, row.peer ?? '–', fixed(row.bytes / 1e6, 2), ...rates(row, 0), row.match.text]),
  )
}

function trainTable(rows) {
  return table(
    [
      'ko-vocab',
      'peer',
      'ko-vocab s',
      'peer s',
      'ko-vocab MB/s',
      'peer MB/s',
      'times',
      'ko-vocab peak MB',
      'peer peak MB',
      MATCH.train,
    ],
    rows.map((row) => {
      const done = (side, pick) => fixed(median(row.runs[side].filter((run) => !run.failed).map(pick)), 1)
      return [
        row.ours,
        row.peer ?? '–',
        done('ours', (run) => run.seconds),
        done('peer', (run) => run.seconds),
        ...rates(row, 0),
        fixed(peakMb(row, 'ours'), 0),
        fixed(peakMb(row, 'peer'), 0),
        row.match.text,
      ]
    }),
  )
}

/** One table, a row a pair and pass: the passes of one pair stand under each other. */
function codecTable(stage, rows) {
  return table(
    ['tokenizer', 'ko-vocab', 'peer', 'MB', 'pass', 'ko-vocab MB/s', 'peer MB/s', 'times', MATCH[stage]],
    rows.flatMap((row) => {
      const passes = row.passes.length > 0 ? row.passes : [null]
      return passes.map((_, pass) => [
        row.group.replace(`${stage}, `, ''),
        row.ours.replace('ko-vocab, ', ''),
        row.peer ?? '–',
        fixed(row.bytes / 1e6, 2),
        pass + 1,
        ...rates(row, pass),
        row.match.text,
      ])
    }),
  )
}

function rates({ passes }, pass) {
  const { ours, peer, times } = passes[pass] ?? {}
  return [showSpread(ours), showSpread(peer), showSpread(times, 2)]
}

function peakMb({ runs }, side) {
  return median(runs[side].filter((run) => !run.failed).map((run) => run.peakMb))
}

/** Where a pair has something wanted: whether the median of the rounds, in the first pass, is that. */
export function claims(rows) {
  return rows.flatMap((row) => {
    const { wanted = {}, passes, name } = row
    const times = passes[0]?.times?.median
    const found = []
    if (wanted.times && times) {
      found.push({
        claim: `${name}: times as fast`,
        wanted: `≥ ${wanted.times}`,
        measured: times,
        holds: times >= wanted.times,
      })
    }
    const [ours, theirs] = [peakMb(row, 'ours'), peakMb(row, 'peer')]
    if (wanted.memory && ours && theirs) {
      const share = ours / theirs
      found.push({
        claim: `${name}: share of the memory`,
        wanted: `< ${wanted.memory.toFixed(2)}`,
        measured: share,
        holds: share < wanted.memory,
      })
    }
    return found
  })
}

/** @returns {string[]} */
export function claimsTable(found) {
  return table(
    ['wanted of ko-vocab', 'wanted', 'measured', 'holds'],
    found.map(({ claim, wanted, measured, holds }) => [claim, wanted, fixed(measured, 2), holds ? 'yes' : 'NO']),
  )
}
