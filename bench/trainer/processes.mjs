/** Contenders as processes that are asked one thing after another; all stay open, so that they can take turns. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * @param {{command: string, args: string[]}} contender
 * @returns {{ask: (what: object) => Promise<any>, end: () => void}} `ask` rejects when the process ends, with what it said last
 */
export function startProcess({ command, args }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let waiting = null
  let said = ''
  const fail = (message) => {
    const { reject } = waiting ?? {}
    waiting = null
    reject?.(new Error(message))
  }
  child.stderr.on('data', (data) => {
    said = (said + data).slice(-4000)
  })
  child.stdin.on('error', () => {})
  child.on('error', ({ message }) => fail(message))
  child.on('close', (code, signal) => fail(`ended with ${code ?? signal}: ${said.trim()}`))
  createInterface({ input: child.stdout }).on('line', (line) => {
    // Libraries print too.
    if (!line.startsWith('{')) return
    const { resolve } = waiting ?? {}
    waiting = null
    resolve?.(JSON.parse(line))
  })
  return {
    ask: (what) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`ended with ${child.exitCode ?? child.signalCode}: ${said.trim()}`))
          return
        }
        waiting = { resolve, reject }
        child.stdin.write(`${JSON.stringify(what)}\n`)
      }),
    end() {
      child.removeAllListeners('close')
      child.kill('SIGKILL')
    },
  }
}
