/** Which shard this process counts: as told, or as the scheduler tells its tasks apart. */
import { checkShard, type Shard } from '../counts/shard'
import { KoVocabError } from '../errors'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * - `--shard i/n` says it all;
 * - `--shard` alone: the task of a Slurm array (`SLURM_ARRAY_TASK_ID`, `_COUNT`, `_MIN`, `_MAX`), which must be all of
 *   0..n-1 or of 1..n, so that the number of tasks is the number of shards;
 * - `--shards n`, with `--shard` or without: the task's own number from 0, of a Slurm array or of a Kubernetes indexed
 *   Job (`JOB_COMPLETION_INDEX`, which does not say how many there are). Any part of an array may then be submitted.
 *
 * @returns null when neither option is given
 * @throws KoVocabError `bad-option` when the environment does not tell, or tells of a part of an array only
 */
export function whichShard(
  { shard, shards }: { shard?: string; shards?: number },
  environment: Environment,
): Shard | null {
  if (shard === undefined && shards === undefined) return null
  if (shard !== undefined && shard !== 'auto') {
    const [index, of] = shard.split('/').map(Number)
    if (shards !== undefined && shards !== of) {
      throw new KoVocabError('bad-option', `--shard ${shard} and --shards ${shards} differ`, 'give one of them')
    }
    checkShard({ index, of })
    return { index, of }
  }
  const found = shards === undefined ? fromWholeArray(environment) : fromNumber(environment, shards)
  checkShard(found)
  return found
}

const TASK = 'SLURM_ARRAY_TASK_ID'
const POD = 'JOB_COMPLETION_INDEX'

function fromNumber(environment: Environment, of: number): Shard {
  const name = environment[TASK] !== undefined ? TASK : POD
  const index = numberOf(environment, name)
  if (index === undefined) throw notTold()
  if (index >= of) {
    const what = `${name} is ${index}, and shards are 0 to ${of - 1}`
    throw new KoVocabError('bad-option', what, `number the tasks from 0, e.g. sbatch --array=0-${of - 1}`)
  }
  return { index, of }
}

function fromWholeArray(environment: Environment): Shard {
  const id = numberOf(environment, TASK)
  if (id === undefined) {
    if (environment[POD] === undefined) throw notTold()
    const what = `${POD} is ${environment[POD]}, but a Job does not tell its tasks how many they are`
    throw new KoVocabError('bad-option', what, "give --shards with the Job's completions")
  }
  const of = numberOf(environment, 'SLURM_ARRAY_TASK_COUNT')
  const least = numberOf(environment, 'SLURM_ARRAY_TASK_MIN') ?? 0
  const most = numberOf(environment, 'SLURM_ARRAY_TASK_MAX')
  if (of === undefined) {
    throw new KoVocabError('bad-option', `${TASK} is ${id}, but SLURM_ARRAY_TASK_COUNT is not set`, 'give --shards <n>')
  }
  if (least > 1 || (most !== undefined && most - least + 1 !== of)) {
    const what = `the Slurm array is ${of} tasks from ${least} to ${most ?? '?'}, a part of another one as it seems`
    const hint = 'give --shards with the number of all shards, and number the tasks from 0'
    throw new KoVocabError('bad-option', what, hint)
  }
  return { index: id - least, of }
}

function numberOf(environment: Environment, name: string): number | undefined {
  const value = environment[name]
  if (value === undefined || value === '') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  throw new KoVocabError('bad-option', `${name} is ${JSON.stringify(value)}`, 'expected a whole number from 0')
}

function notTold(): KoVocabError {
  const what = `which shard this is nobody tells: neither ${TASK} nor ${POD} is set`
  return new KoVocabError('bad-option', what, 'give --shard i/n, from 0/n to (n-1)/n')
}
