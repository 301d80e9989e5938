import { describe, expect, it } from 'vitest'
import { whichShard } from '../../src/cli/which-shard'
import { isKoVocabError } from '../../src/errors'

type Environment = Record<string, string>

function told(options: { shard?: string; shards?: number }, environment: Environment = {}): string {
  try {
    const shard = whichShard(options, environment)
    return shard ? `${shard.index}/${shard.of}` : 'none'
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
}

function slurm(id: number, least: number, most: number, count = most - least + 1): Environment {
  return {
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_MIN: String(least),
    SLURM_ARRAY_TASK_MAX: String(most),
    SLURM_ARRAY_TASK_COUNT: String(count),
  }
}

describe('whichShard', () => {
  it('is what --shard says, whatever the scheduler says', () => {
    expect(told({ shard: '3/16' })).toBe('3/16')
    expect(told({ shard: '3/16' }, slurm(1, 0, 7))).toBe('3/16')
    expect(told({ shard: '3/16', shards: 16 })).toBe('3/16')
    expect(told({ shard: '3/16', shards: 8 })).toBe('bad-option: --shard 3/16 and --shards 8 differ')
    expect(told({ shard: '16/16' })).toBe('bad-option: there is no shard 16 of 16')
  })

  it('is none where no option asks for one: a job may be in an array for another reason', () => {
    expect(told({}, slurm(1, 0, 7))).toBe('none')
    expect(told({}, { JOB_COMPLETION_INDEX: '1' })).toBe('none')
  })

  it('is the task of a Slurm array that begins at 0 or at 1', () => {
    expect(told({ shard: 'auto' }, slurm(0, 0, 7))).toBe('0/8')
    expect(told({ shard: 'auto' }, slurm(7, 0, 7))).toBe('7/8')
    expect(told({ shard: 'auto' }, slurm(1, 1, 8))).toBe('0/8')
    expect(told({ shard: 'auto' }, slurm(8, 1, 8))).toBe('7/8')
  })

  it('refuses a part of an array, whose tasks would take themselves for all shards', () => {
    expect(told({ shard: 'auto' }, slurm(3, 3, 5))).toBe(
      'bad-option: the Slurm array is 3 tasks from 3 to 5, a part of another one as it seems',
    )
    expect(told({ shard: 'auto' }, slurm(5, 1, 5, 2))).toBe(
      'bad-option: the Slurm array is 2 tasks from 1 to 5, a part of another one as it seems',
    )
  })

  it('takes any part of an array with --shards', () => {
    expect(told({ shards: 16 }, slurm(5, 5, 5))).toBe('5/16')
    expect(told({ shards: 16 }, slurm(16, 1, 16))).toBe('bad-option: SLURM_ARRAY_TASK_ID is 16, and shards are 0 to 15')
  })

  it('is the completion index of a Job, with --shards', () => {
    expect(told({ shards: 16 }, { JOB_COMPLETION_INDEX: '5' })).toBe('5/16')
    expect(told({ shard: 'auto', shards: 16 }, { JOB_COMPLETION_INDEX: '0' })).toBe('0/16')
    expect(told({ shard: 'auto' }, { JOB_COMPLETION_INDEX: '5' })).toBe(
      'bad-option: JOB_COMPLETION_INDEX is 5, but a Job does not tell its tasks how many they are',
    )
  })

  it('says when nobody tells', () => {
    const nobody =
      'bad-option: which shard this is nobody tells: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set'
    expect(told({ shard: 'auto' })).toBe(nobody)
    expect(told({ shards: 4 })).toBe(nobody)
    expect(told({ shards: 4 }, { JOB_COMPLETION_INDEX: 'x' })).toBe('bad-option: JOB_COMPLETION_INDEX is "x"')
  })
})
