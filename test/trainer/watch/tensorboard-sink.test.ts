import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c, maskedCrc32c } from '../../../src/trainer/watch/event-file'
import type { WatchedMetrics } from '../../../src/trainer/watch/sink'
import { type TensorboardOptions, tensorboardSink } from '../../../src/trainer/watch/tensorboard-sink'
import { findPython, runPython } from '../../support/python'
import { evaluationAt, noteAt, runOf, stamped, stepAt } from './support'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-tensorboard-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const NOON = Date.UTC(2026, 4, 1, 12)

async function written(metrics: readonly WatchedMetrics[], options: TensorboardOptions = {}) {
  const sink = tensorboardSink(folder, { now: NOON, ...options })
  for (const one of metrics) sink.write(one)
  await sink.close()
}

/** Fields of a message by number, nested ones as bytes. */
function fields(bytes: Uint8Array): [field: number, value: unknown][] {
  const reader = new BinaryReader(bytes)
  const found: [number, unknown][] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (type === WireType.Bit64) found.push([field, reader.double()])
    else if (type === WireType.Bit32) found.push([field, reader.float()])
    else if (type === WireType.Varint) found.push([field, Number(reader.int64())])
    else found.push([field, reader.bytes()])
  }
  return found
}

const textOf = (value: unknown) => new TextDecoder().decode(value as Uint8Array)

/** Events of a file; checks the framing on its way. */
function events(name: string) {
  const bytes = readFileSync(join(folder, name))
  const found: [number, unknown][][] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)))
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data))
    found.push(fields(data))
    at += 16 + length
  }
  return found
}

const scalarsOf = (event: [number, unknown][]) => {
  const summary = event.find(([field]) => field === 5)![1] as Uint8Array
  return fields(summary).map(([, value]) => {
    const [[, tag], [, simple]] = fields(value as Uint8Array)
    return [textOf(tag), simple]
  })
}

describe('CRC-32C', () => {
  it('is that of RFC 3720, B.4', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  })
})

describe('event files', () => {
  it('hold the version, then an event for each metric', async () => {
    await written([evaluationAt(0), noteAt(0, '시작'), stepAt(1)].map(stamped))
    expect(readdirSync(folder)).toEqual([`events.out.tfevents.${NOON / 1000}.ko-vocab`])
    const [version, evaluation, note, step, ...rest] = events(readdirSync(folder)[0])
    expect(rest).toEqual([])
    expect([version[0], version[1], textOf(version[2][1])]).toEqual([[1, NOON / 1000], [2, 0], 'brain.Event:2'])
    expect(scalarsOf(evaluation)).toEqual([
      ['eval/ko/bits_per_byte', 2.5],
      ['eval/en/bits_per_byte', 1],
      ['eval/ko/perplexity', 40],
      ['eval/en/perplexity', 16],
      ['eval/joint', 3.5],
      ['gate/worsened', 0],
      ['gate/rate_scale', 1],
    ])
    expect(new TextDecoder().decode(note[2][1] as Uint8Array)).toContain('시작')
    expect(step.slice(0, 2)).toEqual([
      [1, NOON / 1000 + 0.25],
      [2, 1],
    ])
    expect(scalarsOf(step)).toEqual([
      ['train/loss', 5],
      ['train/loss_of/ko', 5.5],
      ['train/loss_of/en', 2.5],
      ['train/lr', Math.fround(3e-4 / 1.1)],
      ['train/grad_norm', Math.fround(1.1)],
      ['train/tokens_per_second', 48_000],
      ['train/tokens', 12_000],
      ['train/flops', Math.fround(7e13)],
    ])
  })

  it('say at which step a run goes on, as SummaryWriter with purge_step does, in a file that comes last', async () => {
    await written(runOf(5))
    await written(runOf(5).slice(-1), { after: { step: 4, tokens: 48_000 } })
    await written([], { after: { step: 4, tokens: 48_000 }, step: 'tokens', now: NOON - 1e6 })
    const names = readdirSync(folder).sort()
    expect(names.length).toBe(3)
    const [, restart] = events(names[1])
    expect(restart[1]).toEqual([2, 5])
    // session_log { status: START }
    expect(restart[2]).toEqual([7, Buffer.of(8, 1)])
    expect(events(names[2])[1][1]).toEqual([2, 48_001])
  })

  it('leave out what is not there, and refuse a folder that is a file', async () => {
    const bare = evaluationAt(3, { jointScore: null, gate: { state: 'ok', worsened: null, bound: null, rateScale: 1 } })
    await written([stamped(bare)])
    const tags = scalarsOf(events(readdirSync(folder)[0])[1]).map(([tag]) => tag)
    expect(tags).not.toContain('eval/joint')
    expect(tags).not.toContain('gate/worsened')
    expect(() => tensorboardSink(join(folder, readdirSync(folder)[0]))).toThrow(/cannot be written/)
  })
})

const python = findPython(['tensorboard'])

const READ = `
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(json.load(sys.stdin), size_guidance={'scalars': 0, 'tensors': 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
  'scalars': {tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags['scalars']},
  'notes': [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors('notes')],
  'plugin': events.SummaryMetadata('notes').plugin_data.plugin_name,
}))
`

interface Read {
  scalars: Record<string, [step: number, value: number, time: number][]>
  notes: [number, string][]
  plugin: string
}

describe.skipIf(!python.path)(`as TensorBoard reads them (${python.reason})`, () => {
  const read = () => runPython<Read>(python.path!, READ, folder)

  it.each(['steps', 'tokens'] as const)(
    'each point once over %s, in a run that was killed and went on',
    async (step) => {
      const run = runOf(30)
      // 25 steps, of which 20 were kept: 21 to 25 come again, with another loss.
      await written(
        run
          .filter((one) => one.step <= 25)
          .map((one) => (one.step > 20 && one.kind === 'step' ? { ...one, loss: 9 } : one)),
        { step },
      )
      await written(
        run.filter((one) => one.step > 20),
        { step, after: { step: 20, tokens: 240_000 } },
      )
      const { scalars, notes, plugin } = await read()
      const unit = step === 'steps' ? 1 : 12_000
      const steps = run.filter((one) => one.kind === 'step')
      expect(scalars['train/loss']).toEqual(
        steps.map(({ step, loss, time }) => [step * unit, Math.fround(loss), Date.parse(time) / 1000]),
      )
      expect(scalars['eval/en/bits_per_byte'].map(([step]) => step)).toEqual([0, 10, 20, 30].map((n) => n * unit))
      expect(Object.keys(scalars).sort()).toEqual([
        ...['eval/en/bits_per_byte', 'eval/en/perplexity', 'eval/joint', 'eval/ko/bits_per_byte', 'eval/ko/perplexity'],
        ...['gate/rate_scale', 'gate/worsened', 'train/flops', 'train/grad_norm', 'train/loss', 'train/loss_of/en'],
        ...['train/loss_of/ko', 'train/lr', 'train/tokens', 'train/tokens_per_second'],
      ])
      expect(plugin).toBe('text')
      const texts = run.flatMap((one) => (one.kind === 'note' ? [[one.step * unit, one.text]] : []))
      expect(notes).toEqual(texts)
    },
  )
})
