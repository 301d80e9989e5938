/** The machine that a bundle runs on, and what it was built from. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** Over the last minute, before the benchmark itself has begun. */
const loadAtStart = loadavg()[0]

/** @param {{version: string, commit: string, peers: Record<string, string>}} built */
export function aboutMachine(built) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    os: `${type()} ${release()}`,
    loadAtStart,
    node: process.version,
    ...built,
    date: new Date().toISOString(),
  }
}
