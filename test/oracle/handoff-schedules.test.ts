/** The schedules that an axolotl YAML names, as transformers computes them: ours, but for a step at one end. */
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { handOff } from '../../src/trainer/handoff/hand-off'
import type { HandoffModel, HandoffSettings } from '../../src/trainer/handoff/types'
import { readLlamaConfig } from '../../src/trainer/model/config'
import { readRecipe } from '../../src/trainer/recipes/read'
import { learningRateAt } from '../../src/trainer/recipes/schedule'
import { findPython, runPython } from '../support/python'

const python = findPython(['torch', 'transformers'])
const STEPS = 40

const config = {
  ...{ architectures: ['LlamaForCausalLM'], vocab_size: 272, hidden_size: 16, intermediate_size: 32 },
  ...{ num_hidden_layers: 2, num_attention_heads: 2 },
}
const model: HandoffModel = {
  ...{ config: readLlamaConfig(JSON.stringify(config), 'config.json'), folder: 'model', weights: [], baseRows: null },
  ...{ hasSentencePiece: true, padding: null, layerClass: 'LlamaDecoderLayer' },
}
const settings: HandoffSettings = {
  sources: [{ name: 'ko', role: 'data', tokens: 1000, folder: 'tokens/ko', files: [] }],
  evaluation: [],
  ...{ replayShare: 0, length: 10, rowsPerStep: 1, micro: 1, processes: 1, tokens: 10 * STEPS, seed: 1 },
}

/** As axolotl's create_scheduler: its own cosine where that has an end, which transformers has under another name. */
const RATES = `
import json, sys, torch
from transformers import get_scheduler
given = json.load(sys.stdin)
answer = []
for one in given["configs"]:
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=one["learning_rate"])
    name, extra = one["lr_scheduler"], one.get("lr_scheduler_kwargs")
    if name == "cosine" and "cosine_min_lr_ratio" in one:
        name, extra = "cosine_with_min_lr", {"min_lr_rate": one["cosine_min_lr_ratio"]}
    schedule = get_scheduler(name, optimizer, one["warmup_steps"], given["steps"], extra)
    rates = []
    for _ in range(given["steps"]):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    answer.append(rates)
json.dump(answer, sys.stdout)
`

const schedules = [
  '{ kind: cosine, warmup: 0.1, final: 0 }',
  '{ kind: cosine, warmup: 0, final: 0.1 }',
  '{ kind: linear, warmup: 0.2, final: 0 }',
  '{ kind: linear, warmup: 0.1, final: 0.3 }',
  '{ kind: linear, warmup: 0.1, final: 1 }',
  '{ kind: constant, warmup: 0.1 }',
  '{ kind: wsd, warmup: 0.1, final: 0, decay: 0.5 }',
  '{ kind: wsd, warmup: 0, final: 0.1, decay: 0.25 }',
  '{ kind: wsd, warmup: 0.1, final: 0.2, decay: 0.5 }',
]

describe.skipIf(!python.path)(`axolotl's schedules (${python.reason})`, () => {
  it('step n has the rate that ours gives to step n - 1, and without a warm-up the last one alone is missing', async () => {
    const recipes = schedules.map((schedule) =>
      readRecipe(`stages: [{ name: a, learning-rate: 1e-3, schedule: ${schedule}, train: [all] }]`, 'r.yaml'),
    )
    const configs = recipes.map((recipe) => {
      const { files } = handOff(recipe, model, settings, 'axolotl')
      return parse(files.find(({ name }) => name.endsWith('.yaml'))!.text, { version: '1.1' })
    })
    const answer = await runPython<number[][]>(python.path!, RATES, { configs, steps: STEPS })
    for (const [i, rates] of answer.entries()) {
      const [stage] = recipes[i].stages
      const { kind, warmup, final } = stage.schedule
      const warmupSteps = Math.round(warmup * STEPS)
      rates.forEach((rate, n) => {
        // transformers warms up from the rate that its WSD ends with.
        const isOther = kind === 'wsd' && final > 0 && n < warmupSteps
        // Without a warm-up both begin at the highest: there it is our schedule of one step more.
        const begun = n === 0 ? 0 : learningRateAt(stage, n, STEPS)
        const own = warmupSteps === 0 ? learningRateAt(stage, n + 1, STEPS + 1) : begun
        const expected = isOther ? stage.learningRate * (final + (1 - final) * (n / warmupSteps)) : own
        expect(rate, `${schedules[i]}, step ${n + 1}`).toBeCloseTo(expected, 9)
      })
    }
  })
})
