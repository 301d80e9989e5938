import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layOut } from '../checkpoint/model'
import { koVocab } from './run'

const posix = process.platform !== 'win32'
let folder: string
const given = 'apply --checkpoint base --tokenizer extended --init-map init-map.safetensors --out out'.split(' ')
const run = (...args: string[]) => koVocab([...given, ...args], { cwd: folder })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-apply-'))
  // Some 30 MB, so that there is time to be killed in.
  await layOut(folder, { shards: 3, hidden: 384, layers: 6, config: { _name_or_path: 'meta-llama/Meta-Llama-3-8B' } })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Every file with what tells whether it was written to. */
const look = (path: string) =>
  readdirSync(path)
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex'),
      statSync(join(path, name)).mtimeMs,
    ])
const contents = (path: string) => look(path).map(([name, text]) => [name, text])

describe('apply', () => {
  it('says what it would do, does it, and says what it did', async () => {
    const dry = await run('--dry-run', '--json')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    const plan = JSON.parse(dry.stdout)
    expect(plan).toMatchObject({ dryRun: true, newRows: 7, untouched: ['model-00002-of-00003.safetensors'] })
    expect(existsSync(join(folder, 'out'))).toBe(false)
    expect((await run('--dry-run')).stdout).toContain(
      'would grow model.embed_tokens.weight (F32), lm_head.weight (F32) to 272 rows: 7 new, 2 padding\n',
    )
    const done = await run('--link', 'hard')
    expect(done).toMatchObject({ code: 0, stdout: '' })
    expect(done.stderr).toContain('rows       272: 263 of the base, 7 new, 2 padding\n')
    expect(done.stderr).toContain('weights    2 written')
    expect(done.stderr).toContain('1 linked\n')
    expect(done.stderr).toContain('licence    Meta Llama 3 Community License (by name)\n')
    expect(done.stderr).toContain('must begin with "Llama 3", out does not')
    for (const [name, bytes] of Object.entries(plan.rewritten)) {
      expect(statSync(join(folder, 'out', name)).size).toBe(bytes)
    }
    rmSync(join(folder, 'out'), { recursive: true })
  })

  it('measures a corpus for the card, takes the init map out of the tokenizer folder', async () => {
    writeFileSync(join(folder, 'ko.txt'), '나라마 가나다 라마\nno Hangul here\n')
    writeFileSync(join(folder, 'extended', 'init-map.safetensors'), readFileSync(join(folder, 'init-map.safetensors')))
    const done = await koVocab(
      [
        ...'apply --checkpoint base --tokenizer extended --out card --corpus ko.txt --json'.split(' '),
        ...['--data-source', 'one', 'two', '--model-name', 'Llama-3-Ko'],
      ],
      { cwd: folder },
    )
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(done.stdout)).toMatchObject({ out: 'card', newRows: 7, tied: false, dtype: 'F32' })
    const card = readFileSync(join(folder, 'card', 'README.md'), 'utf8')
    expect(card).toContain('# Llama-3-Ko\n\n**Built with Meta Llama 3**\n')
    expect(card).toContain('On 1 line of ko.txt:')
    expect(card).toMatch(/\| tokens a Hangul syllable \| \d\.\d{3} \| \d\.\d{3} \|/)
    expect(card).toContain('- one\n- two\n')
    rmSync(join(folder, 'extended', 'init-map.safetensors'))
  })

  it.each([
    [['--checkpoint', 'nowhere'], 1, 'nowhere: cannot be read: no such file or folder'],
    [['--out', 'base/out'], 2, 'is, holds or lies in the checkpoint'],
    [['--link', 'sof'], 2, 'expected auto, hard or copy'],
    [['--corpus', 'ascii.txt'], 2, 'no line with Hangul'],
  ])('%j exits %i', async (args, code, message) => {
    writeFileSync(join(folder, 'ascii.txt'), 'abc\n')
    const ended = await run(...args)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(message)
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })
})

describe.skipIf(!posix)('killed or interrupted (needs POSIX signals)', () => {
  /** Sends `signal` some time after the temporary folder has appeared; null when the run was quicker. */
  const interrupted = async (signal: NodeJS.Signals, delay: number, extra: string[] = []) => {
    const ended = await koVocab([...given, ...extra], {
      cwd: folder,
      onStart(child) {
        child.stdin?.end()
        const watcher = watch(folder, (_event, name) => {
          if (!name?.startsWith('.out')) return
          watcher.close()
          setTimeout(() => child.kill(signal), delay)
        })
        child.on('close', () => watcher.close())
      },
    })
    return ended
  }
  const clean = () => {
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.out.')) rmSync(join(folder, name), { recursive: true })
    }
  }

  it('kill -9 at any moment: the target is absent or whole, the source untouched, the next run goes through', async () => {
    const source = look(join(folder, 'base'))
    expect((await run('--link', 'hard')).code).toBe(0)
    const whole = contents(join(folder, 'out'))
    let killed = 0
    let noted = 0
    for (const delay of [0, 3, 10, 25, 50, 90, 140]) {
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      const ended = await interrupted('SIGKILL', delay, ['--link', 'hard'])
      if (ended.signal === 'SIGKILL') killed++
      if (existsSync(join(folder, 'out'))) expect(contents(join(folder, 'out'))).toEqual(whole)
      expect(look(join(folder, 'base'))).toEqual(source)
      const left = readdirSync(folder).filter((name) => name.startsWith('.out.'))
      const again = await run('--link', 'hard', '--force')
      expect(again.code).toBe(0)
      for (const name of left) if (again.stderr.includes(`${name} was left by a run that was killed`)) noted++
      expect(contents(join(folder, 'out'))).toEqual(whole)
      clean()
    }
    expect(killed).toBeGreaterThan(2)
    expect(noted).toBeGreaterThan(0)
    expect(look(join(folder, 'base'))).toEqual(source)
  }, 240_000)

  it('kill -9 while it replaces a folder leaves the old one whole, in its place or beside it', async () => {
    for (const delay of [0, 10, 40, 90, 150]) {
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      mkdirSync(join(folder, 'out'))
      writeFileSync(join(folder, 'out', 'mine'), 'old')
      await interrupted('SIGKILL', delay, ['--force'])
      const places = ['out', ...readdirSync(folder).filter((name) => /^\.out\..*\.old$/.test(name))]
      const old = places.filter((name) => existsSync(join(folder, name, 'mine')))
      const isNew = existsSync(join(folder, 'out', 'rows.json'))
      expect(old.length === 1 || isNew).toBe(true)
      clean()
    }
    rmSync(join(folder, 'out'), { recursive: true, force: true })
  })

  it('SIGINT exits 130 and leaves nothing', async () => {
    let interrupts = 0
    for (const delay of [0, 10, 40]) {
      const ended = await interrupted('SIGINT', delay)
      if (ended.code !== 130) continue
      interrupts++
      expect(ended.stderr).toBe('ko-vocab: interrupted\n')
      expect(readdirSync(folder).filter((name) => name.includes('out'))).toEqual([])
    }
    expect(interrupts).toBeGreaterThan(0)
    rmSync(join(folder, 'out'), { recursive: true, force: true })
  })
})
