/**
 * One contender in a process of its own. JSON objects on stdin, one answer a line on stdout:
 *
 * - `{do: 'open', workload}` → `{device, seconds}`
 * - `{do: 'steps', first, batches, read}` → `{seconds, losses, norms, last}`: steps from `first` (counted from 1) on, one a
 *   batch; the loss of each is read with `read`, else only the last one's, which waits for all of them
 * - `{do: 'profile', batch}` → what ko-vocab's backend says of itself, see profile.mjs
 */
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { CONTENDERS, provideBrowser } from './contenders/index.mjs'
import { profileStep } from './profile.mjs'

export async function work(name) {
  const contender = CONTENDERS[name]
  let opened
  const answers = {
    async open({ workload }) {
      const device = await provideBrowser(contender)
      const start = performance.now()
      opened = await contender.open(workload)
      return { device, seconds: since(start) }
    },
    async steps({ first, batches, read }) {
      const inputs = batches.map(typed)
      const start = performance.now()
      const said = []
      for (const [i, batch] of inputs.entries())
        said.push(await opened.run(batch, first + i, read || i === inputs.length - 1))
      const known = said.filter(Boolean)
      return {
        seconds: since(start),
        losses: known.map(({ loss }) => loss),
        norms: known.map(({ norm }) => norm),
        last: known.at(-1).loss,
      }
    },
    profile: ({ batch, first }) => profileStep(opened, typed(batch), first),
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line)
    process.stdout.write(`${JSON.stringify(await answers[asked.do](asked))}\n`)
  }
  // Dawn keeps threads.
  process.exit()
}

const since = (start) => (performance.now() - start) / 1000

const typed = ({ ids, labels }) => ({ ids: Int32Array.from(ids), labels: Int32Array.from(labels) })
