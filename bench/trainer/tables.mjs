/** What was measured, as Markdown. */
import { fixed, table } from '../support/report.mjs'
import { showSpread } from '../support/statistics.mjs'

const QUIET = 0.5

export function reportLines({ machine, workload, flops, absent, rows, profile }) {
  const { name, config, batch, length } = workload
  const { hiddenSize, layers, heads, kvHeads, intermediateSize, vocabSize } = config
  const versions = Object.entries(machine.peers).map(([peer, version]) => `${peer} ${version}`)
  return [
    `# trainer: one step of the ${name} model`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.os}; Node ${machine.node}; ko-vocab ${machine.version} at ${machine.commit}; ${machine.date}; load average at the start ${fixed(machine.loadAtStart, 2)}`,
    '',
    ...(versions.length > 0 ? [`Peers: ${versions.join(', ')}.`, ''] : []),
    ...(machine.loadAtStart > QUIET
      ? ['**The machine was not quiet: measure again before you quote these numbers.**', '']
      : []),
    `Llama, d${hiddenSize} L${layers} H${heads} KV${kvHeads} F${intermediateSize} V${vocabSize}, ${batch} blocks of ${length} tokens, float32: forward, cross-entropy, backward, clipping, AdamW. ${flops.parameters.toLocaleString('en')} parameters, ${(flops.step / 1e9).toFixed(2)} GFLOP a step.`,
    '',
    ...pairsTable(rows, workload, flops, profile),
    '',
    ...(profile ? profileLines(profile) : []),
    ...absent.map(({ name: peer, why }) => `- Absent: ${peer} (${why})`),
  ]
}

function pairsTable(rows, { batch, length }, flops, profile) {
  const peak = profile?.peak?.flops
  const share = (milliseconds) =>
    peak && milliseconds ? `${((100 * flops.step) / (milliseconds / 1000) / peak).toFixed(1)} %` : '–'
  const head = ['', 'ms a step', 'tokens/s', 'first step, s', 'FLOP/s of peak', 'times', 'losses match', 'steps a turn']
  const lines = rows.flatMap((row) => {
    const line = (side, name, times, match) => {
      const spread = row.milliseconds[side]
      const tokens = spread ? fixed((1000 * batch * length) / spread.median, 0) : '–'
      const first = fixed(row.compared[side]?.firstSeconds, 2)
      const device = row.opened[side]?.device
      const label = device ? `${name} (${device})` : name
      return [label, showSpread(spread), tokens, first, share(spread?.median), times, match, row.steps ?? '–']
    }
    const ours = line('ours', row.ours, row.peer ? '' : '–', row.peer ? '' : row.match.text)
    return row.peer ? [ours, line('peer', row.peer, showSpread(row.times, 2), row.match.text)] : [ours]
  })
  return [
    ...table(head, lines),
    '',
    '`times`: how many times as fast ko-vocab is, in the rounds of this pair: median (least–greatest). `losses match`: the largest difference of the first five losses, each read; gradient norms are compared too. `first step`: compiling included.',
  ]
}

function profileLines({ peak, kernels }) {
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const row = (name, { dispatches, milliseconds, work }) => [
    name,
    fixed(dispatches, 0),
    fixed(milliseconds, 3),
    `${((100 * milliseconds) / total).toFixed(1)} %`,
    work ? (work / milliseconds / 1e6).toFixed(1) : '–',
    work ? `${((100 * work) / (milliseconds / 1000) / peak.flops).toFixed(1)} %` : '–',
  ]
  const matmuls = kernels.filter(({ kind }) => kind === 'matmul')
  const all = (key) => matmuls.reduce((sum, kernel) => sum + kernel[key], 0)
  const sum = { dispatches: all('dispatches'), milliseconds: all('milliseconds'), work: all('work') }
  return [
    '## Where the time of ko-vocab goes',
    '',
    'On the device, each dispatch timed by itself, which makes the whole slower.',
    `Peak of the device, measured: ${(peak.flops / 1e9).toFixed(1)} GFLOP/s of float32 in registers, ${(peak.bytes / 1e9).toFixed(1)} GB/s of copying.`,
    '',
    ...table(
      ['kernel', 'dispatches a step', 'ms a step', 'of all', 'GFLOP/s', 'of peak'],
      [
        ...(matmuls.length > 0 ? [row('**all matmul**', sum)] : []),
        ...kernels.map((kernel) => row(`${kernel.kind}: ${kernel.kernel}`, kernel)),
      ],
    ),
    '',
  ]
}
