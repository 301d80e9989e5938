import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { terminalSink } from '../../../src/cli/run-progress'
import type { Terminal } from '../../../src/cli/terminal'
import type { Metrics } from '../../../src/trainer/run/metrics'
import { clock, percentOf } from '../../../src/trainer/watch/numbers'
import { NO_PROGRESS, nextProgress, progressLine } from '../../../src/trainer/watch/progress-line'
import { evaluationAt, noteAt, stamped, stepAt } from './support'

const after = (...metrics: Metrics[]) => metrics.reduce(nextProgress, NO_PROGRESS)
const colors = pc.createColors(true)

describe('the line of a run', () => {
  it('says where the run is', () => {
    expect(progressLine(NO_PROGRESS)).toBe('')
    expect(progressLine(after(evaluationAt(0)))).toBe(
      'step 0  ko 2.5000  en 1.0000 bits/byte  en gate ok 0.00 % of 1.00 %',
    )
    expect(progressLine(after(stepAt(1)))).toBe('step 1/40  2 %  new rows  loss 5.000  48,000 tok/s')
    const far = stepAt(1200, { steps: 4000, secondsLeft: 3723, loss: 2.3141, tokensPerSecond: 48_210.4 })
    expect(progressLine(after(evaluationAt(12), far, noteAt(1200, 'a note')))).toBe(
      'step 1,200/4,000  30 %  all  loss 2.314  ko 2.2000  en 1.0030 bits/byte  en gate ok +0.30 % of 1.00 %  48,210 tok/s  1:02:03 left',
    )
  })

  it('has the gate in colour, and a loss that is not finite', () => {
    const gate = (state: 'ok' | 'warn' | 'slow' | 'stop') =>
      progressLine(after(evaluationAt(8, { gate: { state, worsened: 0.012, bound: 0.01, rateScale: 1 } })), { colors })
    expect(gate('ok')).toContain('\u001b[32men gate ok +1.20 % of 1.00 %\u001b[39m')
    expect(gate('warn')).toContain('\u001b[33men gate warn +1.20 % of 1.00 %\u001b[39m')
    expect(gate('slow')).toContain('\u001b[31men gate slow')
    expect(gate('stop')).toContain('\u001b[31men gate stop')
    expect(progressLine(after(stepAt(2, { loss: Number.NaN })), { colors })).toContain('\u001b[31mloss NaN\u001b[39m')
    const free = evaluationAt(8, { gate: { state: 'ok', worsened: null, bound: null, rateScale: 1 } })
    expect(progressLine(after(free))).not.toContain('gate')
  })

  it('leaves out what matters least where the terminal is narrow', () => {
    const state = after(evaluationAt(12), stepAt(20))
    const lines = [200, 100, 80, 60, 40, 20, 5].map((columns) => progressLine(state, { columns }))
    expect(lines).toEqual([
      'step 20/40  50 %  all  loss 2.150  ko 2.2000  en 1.0030 bits/byte  en gate ok +0.30 % of 1.00 %  48,000 tok/s  0:05 left',
      'step 20/40  loss 2.150  ko 2.2000  en 1.0030 bits/byte  en gate ok +0.30 % of 1.00 %  0:05 left',
      'step 20/40  loss 2.150  en gate ok +0.30 % of 1.00 %  0:05 left',
      'step 20/40  loss 2.150  0:05 left',
      'step 20/40  loss 2.150  0:05 left',
      'step 20/40',
      'step 20/40',
    ])
    expect(progressLine(state, { columns: 100, colors }).length).toBeGreaterThan(100)
  })

  it('writes times and shares', () => {
    expect([0, 0.2, 61, 3599.5, 3723, 90_000].map(clock)).toEqual([
      '0:00',
      '0:01',
      '1:01',
      '1:00:00',
      '1:02:03',
      '1 d 1 h',
    ])
    expect([0, 1e-9, -1e-9, 0.0031, -0.2].map(percentOf)).toEqual(['0.00 %', '0.00 %', '0.00 %', '+0.31 %', '-20.00 %'])
  })
})

describe('a run on standard error', () => {
  function shown(interactive: boolean, feed: (tell: (metrics: Metrics, seconds: number) => void) => void): string[] {
    const notes: string[] = []
    let time = 0
    const terminal = {
      note: (text: string) => void notes.push(text),
      print: () => {
        throw new Error('standard output is for data')
      },
      errColors: pc.createColors(false),
      interactive,
    } as unknown as Terminal
    const progress = terminalSink(terminal, { now: () => 1000 * time, columns: () => 40 })
    feed((metrics, seconds) => {
      time = seconds
      progress.write(stamped(metrics))
    })
    void progress.close()
    return notes
  }

  it('is one line that changes on a terminal, ten times a second at most; notes and evaluations stay', () => {
    const notes = shown(true, (tell) => {
      tell(noteAt(0, 'begins'), 0)
      tell(stepAt(1), 1)
      tell(stepAt(2), 1.05)
      tell(stepAt(3), 1.15)
      tell(noteAt(3, 'saved'), 1.16)
      tell(evaluationAt(3), 1.2)
      tell(stepAt(40), 1.21)
    })
    const clear = '\r\u001b[2K'
    expect(notes).toEqual([
      'begins\n',
      `${clear}step 1/40  loss 5.000  48,000 tok/s`,
      `${clear}step 3/40  loss 3.000  0:10 left`,
      `${clear}saved\n`,
      `${clear}step 3/40  loss 3.000  0:10 left`,
      `${clear}step 3/40  loss 3.000  0:10 left\n`,
      `${clear}step 40/40  loss 2.075  0:00 left\n`,
    ])
  })

  it('is a line every ten seconds elsewhere, and at the end', () => {
    const notes = shown(false, (tell) => {
      for (let step = 1; step <= 39; step++) tell(stepAt(step), step)
      tell(noteAt(39, 'saved'), 39)
      tell(stepAt(40), 40)
    })
    expect(notes.map((text) => text.slice(0, 10))).toEqual([
      'step 1/40 ',
      'step 11/40',
      'step 21/40',
      'step 31/40',
      'saved\n',
      'step 40/40',
    ])
    expect(notes.every((text) => text.endsWith('\n') && !/[\r\u001b]/.test(text))).toBe(true)
  })
})
