/** Peers on this machine: Python with `tokenizers` and `sentencepiece`, and the program spm_train. Absent ones are named. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SPM_TRAIN = 'spm_train'

const VERSIONS = `
import json
found = {}
for name in ('tokenizers', 'sentencepiece'):
    try:
        found[name] = __import__(name).__version__
    except ImportError:
        pass
print(json.dumps(found))
`

/**
 * @returns {{python: string | null, tokenizers?: string, sentencepiece?: string, spmTrain?: string, absent: string[]}}
 */
export function findPeers() {
  const venv = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))
  const python = process.env.KO_VOCAB_PYTHON ?? (existsSync(venv) ? venv : 'python3')
  const run = spawnSync(python, ['-c', VERSIONS], { encoding: 'utf8' })
  const found = run.status === 0 ? JSON.parse(run.stdout) : {}
  const spm = spawnSync(SPM_TRAIN, ['--version'], { encoding: 'utf8' })
  if (spm.status === 0) found.spmTrain = `${spm.stdout}${spm.stderr}`.trim().split(' ').at(-1)
  const absent = []
  for (const name of ['tokenizers', 'sentencepiece'])
    if (!found[name]) absent.push(`${name} (Python module; ${python})`)
  if (!found.spmTrain) absent.push('spm_train (program)')
  return { python: run.status === 0 ? python : null, ...found, absent }
}
