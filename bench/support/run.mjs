/** Runs one contender as a process of its own, and measures the whole of it. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

/** GNU time tells the peak memory of a process that we did not write. */
const GNU_TIME = '/usr/bin/time'

/**
 * @param {{command: string, args: string[], env?: Record<string, string>}} contender
 * @param {string} folder for the measurement's own file
 * @returns {Promise<{seconds: number, cpuSeconds: number | null, peakMb: number | null, said: Record<string, any>}>}
 *   `said` is the last line of its output that is a JSON object
 */
export async function runMeasured({ command, args, env = {} }, folder) {
  const timed = existsSync(GNU_TIME)
  const report = join(folder, 'time.txt')
  const start = performance.now()
  const { code, out, err } = await run(
    timed ? GNU_TIME : command,
    timed ? ['-f', '%U %S %M', '-o', report, command, ...args] : args,
    env,
  )
  const seconds = (performance.now() - start) / 1000
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}:\n${err.slice(-3000)}`)
  const said = lastObject(out)
  if (!timed) return { seconds, cpuSeconds: null, peakMb: said.peakMb ?? null, said }
  const [user, system, kib] = readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number)
  return { seconds, cpuSeconds: user + system, peakMb: (kib * 1024) / 1e6, said }
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const out = []
    const err = []
    child.stdout.on('data', (data) => out.push(data))
    child.stderr.on('data', (data) => err.push(data))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code: code ?? signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    )
  })
}

function lastObject(out) {
  const line = out.trimEnd().split('\n').at(-1)
  return line.startsWith('{') ? JSON.parse(line) : {}
}

/**
 * Every contender once a round; the order turns round with every round, so that a machine that grows slower or faster
 * favours nobody.
 *
 * @returns by name, what `measure` gave, or {failed: message}
 */
export async function rounds(contenders, count, measure) {
  const runs = new Map(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < count; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      process.stderr.write(`round ${round + 1}/${count}: ${contender.name}\n`)
      // One that fails (out of memory, an option its version lacks) is reported and does not end the run.
      runs.get(contender.name).push(await measure(contender).catch(({ message }) => ({ failed: message })))
    }
  }
  return runs
}
