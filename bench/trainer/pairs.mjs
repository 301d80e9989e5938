/**
 * ko-vocab and one peer in alternation, A B A B: first some steps whose losses must agree, then rounds of equally many
 * steps of both. Both stay open meanwhile, so compiling is measured once and apart.
 */
import { pairedSpread, spreadOf } from '../support/statistics.mjs'
import { startProcess } from './processes.mjs'
import { ADAMW, batchOf, plainBatch, weightShapesOf } from './workload.mjs'

/** Steps whose losses and gradient norms are compared one by one. */
const COMPARED = 5
const LOSS_BOUND = 1e-4
const NORM_BOUND = 1e-3
/** A turn of the slower one lasts about this long. */
const TURN_SECONDS = 3
const MOST_STEPS = 50

/**
 * @param {object} workload
 * @param {{name: string, command: string, args: string[]}} ours
 * @param {{name: string, command: string, args: string[]} | null} peer null: ours alone
 * @param {{rounds: number, steps: number | null, say: (text: string) => void}} options `steps` of a turn; null: as many as
 *   fit into three seconds
 */
export async function comparePair(workload, ours, peer, { rounds, steps, say }) {
  const sides = peer ? { ours, peer } : { ours }
  const started = {}
  const name = peer ? `${ours.name} against ${peer.name}` : ours.name
  const row = {
    name,
    ours: ours.name,
    peer: peer?.name ?? null,
    opened: {},
    compared: {},
    turns: { ours: [], peer: [] },
  }
  let side = 'ours'
  try {
    for (side of Object.keys(sides)) {
      say(`${sides[side].name}: opening`)
      started[side] = startProcess(sides[side])
      const shapes = weightShapesOf(workload)
      row.opened[side] = await started[side].ask({ do: 'open', workload, adamw: ADAMW, shapes })
      // One by one: the first compiles.
      const batches = (first, count) =>
        Array.from({ length: count }, (_, i) => plainBatch(batchOf(workload, first + i)))
      const begin = await started[side].ask({ do: 'steps', first: 1, batches: batches(0, 1), read: true })
      const rest = await started[side].ask({ do: 'steps', first: 2, batches: batches(1, COMPARED - 1), read: true })
      row.compared[side] = {
        firstSeconds: begin.seconds,
        seconds: rest.seconds / (COMPARED - 1),
        losses: [...begin.losses, ...rest.losses],
        norms: [...begin.norms, ...rest.norms],
      }
    }
    const slowest = Math.max(...Object.values(row.compared).map(({ seconds }) => seconds))
    row.steps = steps ?? Math.min(MOST_STEPS, Math.max(1, Math.round(TURN_SECONDS / slowest)))
    for (let round = 0; round < rounds; round++) {
      const from = COMPARED + round * row.steps
      const batches = Array.from({ length: row.steps }, (_, i) => plainBatch(batchOf(workload, from + i)))
      for (side of Object.keys(sides)) {
        say(`round ${round + 1}/${rounds}: ${sides[side].name}`)
        row.turns[side].push(await started[side].ask({ do: 'steps', first: from + 1, batches, read: false }))
      }
    }
  } catch (error) {
    // One that fails (out of memory, a device it cannot use) is reported and does not end the run.
    row.failed = `${sides[side].name}: ${error.message}`
  } finally {
    for (const one of Object.values(started)) one.end()
  }
  return { ...row, ...summaryOf(row), match: matchOf(row) }
}

function summaryOf({ turns, steps, peer, failed }) {
  const whole = failed && peer ? turns.peer.length : turns.ours.length
  const perStep = (all) => all.slice(0, whole).map(({ seconds }) => (1000 * seconds) / steps)
  const [mine, theirs] = [perStep(turns.ours), perStep(turns.peer)]
  return {
    milliseconds: { ours: spreadOf(mine), peer: spreadOf(theirs) },
    // How many times as fast ours is.
    times: peer ? pairedSpread(theirs, mine.slice(0, theirs.length)) : null,
  }
}

function matchOf({ compared: { ours, peer }, turns, failed }) {
  if (failed) return { equal: null, text: 'FAILED, see the JSON' }
  if (!ours.losses.every(Number.isFinite)) return { equal: false, text: `NO: losses ${ours.losses}` }
  if (!peer) return { equal: null, text: '–' }
  const loss = Math.max(...ours.losses.map((value, i) => Math.abs(value - peer.losses[i])))
  const norm = Math.max(...ours.norms.map((value, i) => Math.abs(value / peer.norms[i] - 1)))
  const last = turns.ours.length > 0 ? Math.abs(turns.ours.at(-1).last - turns.peer.at(-1).last) : null
  // Not `>`: NaN is no match.
  const equal = loss <= LOSS_BOUND && norm <= NORM_BOUND
  return { equal, loss, norm, last, text: `${equal ? 'yes' : 'NO'}: ${loss.toExponential(0)}` }
}
