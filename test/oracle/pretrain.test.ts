/** A pretrained folder against transformers: the same logits, and bits per byte as torch computes them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBase } from '../../src/extend/open-base'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import { evaluateSet } from '../../src/trainer/evaluate/evaluate'
import { evaluationSet } from '../../src/trainer/evaluate/sets'
import { loadParameters, openModel } from '../../src/trainer/load'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs } from '../../src/trainer/plan/step-inputs'
import { findPython, runPython } from '../support/python'
import { layOutRun, recipe, stage, told, twoStages } from '../trainer/run/small-run'

const python = findPython(['transformers', 'torch', 'safetensors', 'tokenizers'])
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-pretrain-oracle-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const texts = [
  '안녕하세요, 반갑습니다.',
  '더 많은 행동을 보려면 메뉴를 여십시오. '.repeat(4),
  'The quick brown fox jumps over the lazy dog.',
  '글 😀 자',
]

/** Whole documents at once: no window is needed, so this says what windows must come to. */
const SCRIPT = `
import json, math, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
asked = json.load(sys.stdin)
model = AutoModelForCausalLM.from_pretrained(asked["folder"], torch_dtype=torch.float64)
tokenizer = AutoTokenizer.from_pretrained(asked["folder"])
nll, tokens, size = 0.0, 0, 0
logits = None
with torch.no_grad():
    for text in asked["texts"]:
        ids = [tokenizer.bos_token_id] + tokenizer(text, add_special_tokens=False)["input_ids"]
        out = model(torch.tensor([ids])).logits[0].double()
        logits = out if logits is None else logits
        nll += torch.nn.functional.cross_entropy(out[:-1], torch.tensor(ids[1:]), reduction="sum").item()
        tokens += len(ids) - 1
        size += len(text.encode())
print(json.dumps({"bitsPerByte": nll / math.log(2) / size, "tokens": tokens, "bytes": size, "logits": logits.flatten().tolist()}))
`

describe.skipIf(!python.path)(`a pretrained folder (${python.reason})`, () => {
  it('gives transformers the logits and bits per byte that it gives us', async () => {
    const given = {
      ...twoStages(folder, 'out'),
      ...{ recipe: recipe(stage('all', { learningRate: 0.01 })), tokens: 30 * 96, evaluateEvery: 100, saveEvery: 100 },
    }
    const { steps } = await told(given)
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0].loss - 0.5)
    const model = await openModel(given.out)
    const tokenizer = await openBase({ base: given.out })
    const documents = texts.map((text) => new TextEncoder().encode(text))
    const set = await evaluationSet({ name: 'x', documents, tokenizer })
    const theirs = await runPython<{ bitsPerByte: number; tokens: number; bytes: number; logits: number[] }>(
      python.path!,
      SCRIPT,
      { folder: given.out, texts },
    )
    for (const batch of [1, 3]) {
      const plan = buildPlan(model.config, { batch, length: 256, train: () => false })
      const session = await cpuBackend({ precision: 'f64' }).open(plan)
      await loadParameters(model, session)
      const ours = await evaluateSet(session, set)
      expect(ours).toMatchObject({ tokens: theirs.tokens, bytes: theirs.bytes })
      expect(Math.abs(ours.bitsPerByte / theirs.bitsPerByte - 1)).toBeLessThan(1e-9)
    }
    const [text] = documents
    const ids = Int32Array.of(set.start[0], ...set.ids.get(text)!)
    const plan = buildPlan(model.config, { batch: 1, length: ids.length, train: () => false, logits: true })
    const session = await cpuBackend({ precision: 'f64' }).open(plan)
    await loadParameters(model, session)
    const nothing = { labels: ids.map(() => -100), weights: new Float32Array(ids.length), documentStart: null }
    await session.run('logits', batchInputs(plan, { ids, ...nothing }))
    // Their rotary angles are float32, whatever the model is.
    const logits = await session.read(plan.outputs.logits!)
    expect(logits).toHaveLength(theirs.logits.length)
    for (const [i, value] of logits.entries()) expect(Math.abs(value - theirs.logits[i])).toBeLessThan(1e-6)
  })
})
