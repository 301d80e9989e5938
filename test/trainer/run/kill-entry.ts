/** A process of its own that trains, and ends itself by SIGKILL at the n-th run of a program or read of a parameter. */
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend } from '../../../src/trainer/backends/types'
import { pretrain } from '../../../src/trainer/run/pretrain'
import { preferenceRun } from './small-preferences'
import { twoStages } from './small-run'

const [folder, out, what, at, objective] = process.argv.slice(2)
let count = 0
const die = (name: string) => {
  if (name === what && ++count === Number(at)) process.kill(process.pid, 'SIGKILL')
}

function deadly(backend: Backend): Backend {
  return {
    ...backend,
    async open(plan) {
      const session = await backend.open(plan)
      return {
        ...session,
        async run(program, inputs) {
          await session.run(program, inputs)
          die(program)
        },
        async read(tensor, offset, length) {
          // Checkpoints, the best and the last model are written from these, and nothing else reads them.
          if (plan.tensors[tensor].kind === 'parameter') die('read')
          return session.read(tensor, offset, length)
        },
      }
    },
  }
}

const options = objective === 'dpo' ? preferenceRun(folder, out) : twoStages(folder, out)
await pretrain({ ...options, backend: deadly(cpuBackend()), resume: true })
