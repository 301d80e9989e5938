/**
 * Milliseconds of one training step, ours and a peer's in alternation on the same device, and whether the losses agree.
 * See ../README.md. This is the entry of the bundle that speed.mjs runs and bundle.mjs keeps.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { aboutMachine } from './about.mjs'
import { CONTENDERS } from './contenders/index.mjs'
import torchStep from './contenders/torch_step.py'
import { comparePair } from './pairs.mjs'
import { startProcess } from './processes.mjs'
import { stepFlops } from './profile.mjs'
import { reportLines } from './tables.mjs'
import { work } from './worker.mjs'
import { batchOf, MODEL_NAMES, plainBatch, workloadOf } from './workload.mjs'

/* global __BENCH_ABSENT__, __BENCH_BUILT__ */
const OURS = ['ko-vocab webgpu', 'ko-vocab cpu']
const text = { type: 'string' }
const flag = { type: 'boolean', default: false }

const { values: options } = parseArgs({
  options: {
    ...{ worker: text, model: text, ours: text, peer: text, rounds: text, steps: text, out: text },
    ...{ quick: flag, 'no-profile': flag },
  },
})
if (options.worker) await work(options.worker)
else await main()

async function main() {
  const { quick } = options
  const model = oneOf('model', options.model ?? (quick ? 'small' : 'mid'), MODEL_NAMES)
  const given = options.ours === undefined ? null : oneOf('ours', options.ours, OURS)
  const rounds = whole('rounds', options.rounds ?? (quick ? '1' : '5'))
  const steps = options.steps || quick ? whole('steps', options.steps ?? '2') : null
  const workload = workloadOf(model)
  const say = (line) => process.stderr.write(`${line}\n`)
  const { present, absent } = findContenders()
  const noGpu = given === OURS[1] ? null : await whyNoGpu(say)
  if (noGpu && given) throw new Error(noGpu)
  const ours = given ?? OURS[noGpu ? 1 : 0]
  if (noGpu) absent.push({ name: 'everything on WebGPU', why: noGpu })
  const wanted = present.filter(
    ({ name }) =>
      !OURS.includes(name) && (!options.peer || name.includes(options.peer)) && !(noGpu && CONTENDERS[name]?.gpu),
  )
  const us = present.find(({ name }) => name === ours)
  const rows = []
  const report = (profile) => {
    const flops = stepFlops(workload)
    const data = { machine: aboutMachine(__BENCH_BUILT__), workload, flops, absent, rows, profile }
    const lines = reportLines(data)
    const folder = resolve(options.out ?? '.')
    mkdirSync(folder, { recursive: true })
    const name = `trainer-${model}${quick ? '-quick' : ''}`
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ ...data, results: rows }, null, 2)}\n`)
    writeFileSync(join(folder, `${name}.md`), `${lines.join('\n')}\n`)
    return lines
  }
  for (const peer of wanted.length > 0 ? wanted : [null]) {
    rows.push(await comparePair(workload, us, peer, { rounds, steps, say }))
    // After every pair: what is measured should not be lost.
    report(null)
  }
  const profile = ours === OURS[0] && !options['no-profile'] ? await profileOf(workload, say) : null
  process.stdout.write(`${report(profile).join('\n')}\n`)
  const wrong = rows.filter(({ failed, match }) => failed || match.equal === false)
  for (const row of wrong) say(`${row.peer ?? row.ours}: ${row.failed ?? `differs: ${row.match.text}`}`)
  process.exitCode = wrong.length > 0 ? 1 : 0
}

/** Null where there is a WebGPU device. */
async function whyNoGpu(say) {
  say('looking for a WebGPU device')
  const started = startProcess(ownProcess(OURS[0]))
  try {
    await started.ask({ do: 'open', workload: workloadOf(MODEL_NAMES[0]) })
    return null
  } catch (error) {
    // The last lines say what is missing; those before are where it was found out.
    return (
      error.message
        .split('\n')
        .find((line) => line.startsWith('Error: '))
        ?.slice(7) ?? error.message
    )
  } finally {
    started.end()
  }
}

/** Null where the device has no timestamps. */
async function profileOf(workload, say) {
  say('profile: ko-vocab webgpu')
  const started = startProcess(ownProcess('ko-vocab webgpu, profiled'))
  try {
    await started.ask({ do: 'open', workload })
    return await started.ask({ do: 'profile', batch: plainBatch(batchOf(workload, 0)), first: 1 })
  } catch (error) {
    say(`no profile: ${error.message}`)
    return null
  } finally {
    started.end()
  }
}

function ownProcess(name) {
  return { name, command: process.execPath, args: [fileURLToPath(import.meta.url), '--worker', name] }
}

/** Those that can run here, as processes; and who is missing, and why. */
function findContenders() {
  const present = []
  const absent = []
  for (const [name, { packages, hidden }] of Object.entries(CONTENDERS)) {
    if (hidden) continue
    const missing = packages.filter((one) => __BENCH_ABSENT__.includes(one))
    if (missing.length === 0) present.push(ownProcess(name))
    else
      absent.push({
        name,
        why: `npm install --prefix FOLDER ${missing.join(' ')}, KO_VOCAB_BENCH_PEERS=FOLDER/node_modules`,
      })
  }
  const python = process.env.KO_VOCAB_PYTHON ?? 'python3'
  const asked = spawnSync(python, ['-c', 'import torch; print(torch.cuda.is_available())'], { encoding: 'utf8' })
  for (const device of ['cpu', 'cuda']) {
    const name = `torch ${device}`
    const here = asked.status === 0 && (device === 'cpu' || asked.stdout.trim() === 'True')
    if (here) present.push({ name, command: python, args: ['-c', torchStep, device, String(threads())] })
    else
      absent.push({
        name,
        why: asked.status === 0 ? 'no CUDA device' : `no torch in ${python}; KO_VOCAB_PYTHON names another`,
      })
  }
  return { present, absent }
}

function threads() {
  return aboutMachine(null).cores
}

function oneOf(name, value, known) {
  if (known.includes(value)) return value
  throw new Error(`--${name} is ${value}: there are ${known.join(', ')}`)
}

function whole(name, value) {
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  throw new Error(`--${name} is ${value}: give a whole number above 0`)
}
