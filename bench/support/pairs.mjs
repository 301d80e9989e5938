/**
 * Two contenders, ours and a peer, in alternation: A B A B …, each run a process of its own. What is reported is the
 * ratio by round; the machine may be faster in one minute than in the next.
 */
import { pairedSpread, spreadOf } from './statistics.mjs'

/**
 * @typedef {{name: string, command: string, args: string[], env?: Record<string, string>}} Contender
 * @typedef {object} Pair
 * @property {string} group heads the rows that belong together, such as the tokenizer
 * @property {Contender} ours
 * @property {Contender | null} peer null where no peer does the same: ours is measured alone
 * @property {number} bytes of text that each of them works through
 * @property {(run: object) => number[]} seconds of each pass, from what a run gave
 * @property {(runs: {ours: object[], peer: object[]}) => {equal: boolean | null, text: string}} match whether both gave the
 *   same, asked after the last round; null: not comparable, and `text` says why
 * @property {{times?: number, memory?: number}} [wanted] how many times faster, and which share of the memory
 */

/**
 * @param {(contender: Contender) => Promise<object>} measure
 * @returns a row: {name, group, ours, peer, bytes, passes: [{ours, peer, times}], match, failed?, runs}; rates are MB/s
 */
export async function comparePair({ group, ours, peer, bytes, seconds, match, wanted }, rounds, measure) {
  const name = `${group}: ${ours.name}${peer ? ` against ${peer.name}` : ''}`
  const runs = { ours: [], peer: [] }
  let failed
  for (let round = 0; round < rounds && !failed; round++) {
    for (const [side, contender] of Object.entries({ ours, peer })) {
      if (!contender) continue
      process.stderr.write(`round ${round + 1}/${rounds}: ${group}: ${contender.name}\n`)
      // One that fails (out of memory, an option its version lacks) is reported and does not end the run.
      const run = await measure(contender).catch(({ message }) => ({ failed: `${contender.name}: ${message}` }))
      runs[side].push(run)
      failed ??= run.failed
    }
  }
  // Every whole round of both counts, also when a later one failed.
  const whole = Math.min(
    ...[runs.ours, ...(peer ? [runs.peer] : [])].map((all) => all.filter((run) => !run.failed).length),
  )
  const rates = (all) => all.slice(0, whole).map((run) => seconds(run).map((spent) => bytes / 1e6 / spent))
  const [mine, theirs] = [rates(runs.ours), rates(runs.peer)]
  const passes = (mine[0] ?? []).map((_, pass) => ({
    ours: spreadOf(mine.map((all) => all[pass])),
    peer: spreadOf(theirs.map((all) => all[pass])),
    times: peer
      ? pairedSpread(
          mine.map((all) => all[pass]),
          theirs.map((all) => all[pass]),
        )
      : null,
  }))
  return {
    name,
    group,
    ours: ours.name,
    peer: peer?.name ?? null,
    bytes,
    passes,
    match: failed ? { equal: null, text: 'FAILED, see the JSON' } : match(runs),
    wanted,
    failed,
    runs,
  }
}
