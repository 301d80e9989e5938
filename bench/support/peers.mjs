/**
 * Peers on this machine: Python with `tokenizers`, `sentencepiece` and `tiktoken`, the program spm_train, and the peers
 * in JavaScript. Absent ones are named.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SPM_TRAIN = 'spm_train'
const PYTHON_MODULES = ['tokenizers', 'sentencepiece', 'tiktoken']

const VERSIONS = `
import json, platform
found = {'pythonVersion': platform.python_version()}
for name in ${JSON.stringify(PYTHON_MODULES)}:
    try:
        found[name] = __import__(name).__version__
    except ImportError:
        pass
print(json.dumps(found))
`

/**
 * Versions by peer; what is absent is not there, but named in `absent`.
 *
 * @returns {{python: string | null, pythonVersion?: string, tokenizers?: string, sentencepiece?: string,
 *   tiktoken?: string, spmTrain?: string, huggingFaceJs?: string, sentencePieceJs?: string, absent: string[]}}
 */
export function findPeers() {
  const venv = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))
  const python = process.env.KO_VOCAB_PYTHON ?? (existsSync(venv) ? venv : 'python3')
  const run = spawnSync(python, ['-c', VERSIONS], { encoding: 'utf8' })
  const found = run.status === 0 ? JSON.parse(run.stdout) : {}
  const spm = spawnSync(SPM_TRAIN, ['--version'], { encoding: 'utf8' })
  if (spm.status === 0) found.spmTrain = `${spm.stdout}${spm.stderr}`.trim().split(' ').at(-1)
  const absent = []
  for (const name of PYTHON_MODULES) if (!found[name]) absent.push(`${name} (Python module; ${python})`)
  if (!found.spmTrain) absent.push('spm_train (program)')
  for (const [key, name] of Object.entries({
    huggingFaceJs: '@huggingface/tokenizers',
    sentencePieceJs: 'sentencepiece-js',
  })) {
    const version = npmVersion(name)
    if (version) found[key] = version
    else absent.push(`${name} (npm)`)
  }
  return { python: run.status === 0 ? python : null, ...found, absent }
}

/** @returns {string | null} */
function npmVersion(name) {
  const path = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null
}
