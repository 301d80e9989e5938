/** Donors that SentencePiece trains, the text for them, and the two programs that work on the outcome. */
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { findCorpus, sharedFolder } from './inputs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Which domains of ../shared/data serve what. No text is in two of them. */
const DOMAINS = {
  donor: ['ko/encyclopedia', 'ko/tech_docs'],
  corpus: ['ko/legal', 'ko/petitions'],
  heldOut: ['ko/dialogue', 'ko/general', 'ko/literature', 'ko/reviews'],
  same: ['other/en', 'other/code', 'other/ja_zh'],
}

/**
 * Text files by what they serve, `{name, path}` each. Donor and corpus are `megabytes` in all, from the beginning of
 * each file; of held-out files the first 10,000 lines are taken, and all of those that must stay. Without ../shared (and
 * in quick mode) the strings of a Korean language pack, cut in three, and the English of this repository.
 */
export async function donorTexts(quick, megabytes, folder) {
  const target = join(folder, 'texts')
  mkdirSync(target)
  const write = (name, text) => {
    const path = join(target, `${name}.txt`)
    writeFileSync(path, text)
    return { name, path }
  }
  if (quick || !existsSync(join(sharedFolder, 'data/ko'))) {
    const { files } = await findCorpus([], true, folder)
    const lines = readFileSync(files[0], 'utf8').trimEnd().split('\n')
    const third = (n) => `${lines.filter((_, i) => i % 3 === n).join('\n')}\n`
    const english = ['README.md', 'CONTRIBUTING.md', 'docs/formats.md'].map((name) =>
      readFileSync(join(root, name), 'utf8'),
    )
    return {
      donor: [write('interface-1', third(0))],
      corpus: [write('interface-2', third(1))],
      heldOut: [write('interface-3', third(2))],
      same: [write('en', english.join('').replace(/^.*[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff].*$/gmu, ''))],
    }
  }
  const texts = {}
  for (const [use, domains] of Object.entries(DOMAINS)) {
    texts[use] = []
    for (const domain of domains) {
      const name = domain.split('/')[1]
      const path = join(target, `${name}.txt`)
      await pipeline(
        createReadStream(join(sharedFolder, 'data', `${domain}.txt.gz`)),
        createGunzip(),
        createWriteStream(path),
      )
      const whole = readFileSync(path)
      if (use === 'donor' || use === 'corpus') {
        const end = whole.lastIndexOf(0x0a, Math.floor((megabytes * 1e6) / domains.length))
        if (end > 0) writeFileSync(path, whole.subarray(0, end + 1))
      }
      if (use === 'heldOut') writeFileSync(path, `${whole.toString().split('\n').slice(0, 10_000).join('\n')}\n`)
      // Without Hangul: those lines are no other language.
      if (use === 'same')
        writeFileSync(path, whole.toString().replace(/^.*[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff].*\n/gmu, ''))
      texts[use].push({ name, path })
    }
  }
  return texts
}

/** Trains a donor as teams do, with spm_train's defaults: nmt_nfkc, character coverage 0.9995. Gives its .model. */
export function trainDonor(python, kind, size, texts, folder) {
  const prefix = join(folder, `donor-${kind}`)
  const args = Object.entries({
    input: texts.map(({ path }) => path).join(),
    model_prefix: prefix,
    model_type: kind,
    vocab_size: size,
    hard_vocab_limit: false,
    max_sentence_length: 100_000,
    num_threads: 2,
    minloglevel: 2,
  }).map(([key, value]) => `--${key}=${value}`)
  const run = spawnSync(python, [worker('spm_train.py'), ...args], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`training a ${kind} donor ended with ${run.status}:\n${run.stderr}`)
  return `${prefix}.model`
}

/** Runs a worker that reads JSON on standard input and prints JSON. */
export function ask(python, name, query) {
  return readJson(name, spawnSync(python, [worker(name)], { ...PIPES, input: JSON.stringify(query) }))
}

/** Runs a command of ours with --json. */
export function koVocab(...args) {
  const cli = join(root, 'dist/cli.js')
  if (!existsSync(cli)) throw new Error('dist is missing: run npm run build first')
  return readJson(`ko-vocab ${args[0]}`, spawnSync(process.execPath, [cli, ...args, '--json'], PIPES))
}

const PIPES = {
  encoding: 'utf8',
  maxBuffer: 1 << 30,
  env: { ...process.env, PYTHONUTF8: '1', HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' },
}

function readJson(name, { status, stdout, stderr }) {
  if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stderr}`)
  return JSON.parse(stdout)
}

function worker(name) {
  return fileURLToPath(new URL(`../workers/${name}`, import.meta.url))
}
