import { existsSync, readdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { koVocab, makeFolder } from './run'

let folder: string
const extend = 'extend --base small --corpus ko.txt --add 200 --audit none --out out'.split(' ')
const posix = process.platform !== 'win32'

beforeAll(async () => {
  folder = await makeFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!posix)('killed or interrupted (needs POSIX signals)', () => {
  it('kill -9 while the folder is being written leaves nothing half written, and nothing in the way', async () => {
    const whole = await koVocab(extend, { cwd: folder })
    expect(whole.code).toBe(0)
    const files = readdirSync(join(folder, 'out'))
    let killed = 0
    for (const afterEvents of [1, 3, 6]) {
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      const ended = await koVocab(extend, {
        cwd: folder,
        onStart(child) {
          child.stdin?.end()
          let events = 0
          const watcher = watch(folder, (_event, name) => {
            // The temporary folder beside the target, and then the files in it.
            if (!name?.startsWith('.out')) return
            watcher.close()
            const inside = watch(join(folder, name), () => {
              if (++events < afterEvents) return
              inside.close()
              child.kill('SIGKILL')
            })
          })
          child.on('close', () => watcher.close())
        },
      })
      if (ended.signal === 'SIGKILL') killed++
      const out = join(folder, 'out')
      if (existsSync(out)) expect(readdirSync(out)).toEqual(files)
      const again = await koVocab([...extend, '--force'], { cwd: folder })
      expect(again.code).toBe(0)
      expect(readdirSync(out)).toEqual(files)
    }
    expect(killed).toBeGreaterThan(0)
  })

  it('SIGINT while it waits for standard input exits 130 and writes nothing', async () => {
    const ended = await koVocab('count --base small --corpus - --out c.parquet'.split(' '), {
      cwd: folder,
      onStart(child) {
        // More than a pipe holds: when it drains, the command is reading.
        child.stdin?.write('안녕하세요\n'.repeat(40_000))
        child.stdin?.once('drain', () => child.kill('SIGINT'))
      },
    })
    expect(ended).toMatchObject({ code: 130, signal: null, stdout: '', stderr: 'ko-vocab: interrupted\n' })
    expect(readdirSync(folder).filter((name) => name.includes('parquet'))).toEqual([])
  })

  it('SIGINT during the audit exits 130, writes nothing and leaves no temporary file', async () => {
    const args = 'extend --base small --corpus ko.txt --add 200 --audit full --out audited'.split(' ')
    const ended = await koVocab(args, {
      cwd: folder,
      onStart(child) {
        child.stdin?.end()
        setTimeout(() => child.kill('SIGINT'), 4000)
      },
    })
    // Inside a computation that the event loop waits for, the signal itself ends the process: 130 to a shell.
    expect([ended.code, ended.signal]).toSatisfy(
      ([code, signal]) => (code === 130 && signal === null) || (code === null && signal === 'SIGINT'),
    )
    expect(readdirSync(folder).filter((name) => name.includes('audited'))).toEqual([])
  })
})
