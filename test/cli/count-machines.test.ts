/** The examples for Kubernetes and Ray: what they run, and that the result is that of one machine. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { emptyBase } from '../../src/extend/from-nothing'
import { saveTokenizer } from '../../src/tokenizer/save'
import { zipfText } from '../counts/zipf'
import { findPython } from '../support/python'
import { cli, koVocab } from './run'

const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-machines-'))
beforeAll(async () => {
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'base'))
  writeFileSync(join(folder, 'corpus.txt'), zipfText(400_000, 1e7))
  await run('count --base base --corpus corpus.txt --out whole.parquet')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(line: string): Promise<void> {
  const ended = await koVocab(line.split(' '), { cwd: folder })
  expect(ended.code, ended.stderr).toBe(0)
}
const bytesOf = (name: string) => readFileSync(join(folder, name), 'hex')

/** Fields of batch/v1 and core/v1 that the examples use, as the API reference of Kubernetes 1.31 has them; no others. */
const quantity = z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/)
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const volume = z.union([
  z.strictObject({ name, persistentVolumeClaim: z.strictObject({ claimName: name }) }),
  z.strictObject({ name, emptyDir: z.strictObject({}) }),
])
const container = z.strictObject({
  name,
  image: z.string(),
  command: z.array(z.string()).min(1),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ memory: quantity }),
  }),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string().startsWith('/') })),
})
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    completionMode: z.enum(['Indexed', 'NonIndexed']).optional(),
    completions: z.int().min(1).optional(),
    parallelism: z.int().min(0).optional(),
    backoffLimit: z.int().min(0),
    ttlSecondsAfterFinished: z.int().min(0),
    template: z.strictObject({
      spec: z.strictObject({
        // A Job allows no other.
        restartPolicy: z.enum(['Never', 'OnFailure']),
        containers: z.array(container).length(1),
        volumes: z.array(volume),
      }),
    }),
  }),
})

function jobOf(file: string) {
  const { spec } = job.parse(parse(readFileSync(example(`kubernetes/${file}`), 'utf8')))
  const pod = spec.template.spec
  const [only] = pod.containers
  expect(only.volumeMounts.map((mount) => mount.name).sort()).toEqual(pod.volumes.map((one) => one.name).sort())
  return { ...spec, ...only }
}

/** The words behind `ko-vocab`, with the paths of the pod in our folder. */
function wordsOf(command: readonly string[], paths: Record<string, string>): string[] {
  expect(command[0]).toBe('ko-vocab')
  return command.slice(1).map((word) => {
    const path = Object.keys(paths).find((one) => word === one || word.endsWith(`=${one}`))
    return path === undefined ? word : word.replace(path, paths[path])
  })
}

describe('the example for Kubernetes', () => {
  const count = jobOf('count.yaml')
  const merge = jobOf('merge.yaml')
  const paths = {
    '/data/Llama-2-7b-hf': 'base',
    '/data/ko': 'corpus.txt',
    '/data/counts': 'pods',
    '/data/counts.parquet': 'pods.parquet',
    '/scratch': '.',
  }

  it('is an indexed Job with as many completions as shards, and memory above the budget', () => {
    expect(count.completionMode).toBe('Indexed')
    expect(count.command).toContain(`--shards=${count.completions}`)
    for (const { command, resources } of [count, merge]) {
      const budget = /--memory=(\d+)GB/.exec(command.join(' '))
      expect(Number.parseInt(resources.limits.memory, 10) * 2 ** 20).toBeGreaterThan(Number(budget?.[1]) * 1e9)
    }
  })

  it('counts with the pods of all indexes what one machine counts', async () => {
    // One pod after another takes a minute: in two, as the parallelism of a small cluster.
    const indexes = Array.from({ length: count.completions! }, (_, i) => i)
    const pods = async () => {
      for (let index = indexes.pop(); index !== undefined; index = indexes.pop()) {
        const env = { JOB_COMPLETION_INDEX: String(index) }
        const ended = await koVocab(wordsOf(count.command, paths), { cwd: folder, env })
        expect(ended.code, ended.stderr).toBe(0)
      }
    }
    await Promise.all([pods(), pods()])
    const ended = await koVocab(wordsOf(merge.command, paths), { cwd: folder })
    expect(ended.code, ended.stderr).toBe(0)
    expect(bytesOf('pods.parquet')).toBe(bytesOf('whole.parquet'))
  })
})

const python = findPython(['ray'])

describe.skipIf(!python.path)(`the example for Ray (${python.reason})`, () => {
  it('counts in tasks what one machine counts', () => {
    const words = ['--base', 'base', '--corpus', 'corpus.txt', '--counts', 'ray', '--out', 'ray.parquet']
    words.push('--shards', '4', '--threads', '1', '--memory', '0.4GB', '--ko-vocab', `${process.execPath} ${cli}`)
    // Relative paths hold on one machine only, where the tasks run in the driver's folder.
    const ended = spawnSync(python.path!, [example('ray/count.py'), ...words], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, RAY_USAGE_STATS_ENABLED: '0' },
      timeout: 240_000,
    })
    expect(ended.status, ended.stderr).toBe(0)
    expect(bytesOf('ray.parquet')).toBe(bytesOf('whole.parquet'))
  }, 300_000)
})
