import { describe, expect, test } from 'vitest'
import { DEFAULT_PLAN } from '../../../src/corpus/prepare/default-plan'
import { prepareDocuments } from '../../../src/corpus/prepare/prepare'
import { checkSteps, readPlan } from '../../../src/corpus/prepare/read-steps'
import { stepKinds } from '../../../src/corpus/prepare/steps'

const failure = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string }
    return hint === undefined ? message : `${message} | ${hint}`
  }
  return 'passed'
}

test('the values that --print-steps prints are the defaults, for steps that are off, too', () => {
  const written = readPlan(DEFAULT_PLAN, 'default')
  expect(written.steps).toEqual(checkSteps(written.steps.map(({ name }) => name)))
  expect(written.sources).toEqual({})
  const off = [...DEFAULT_PLAN.matchAll(/^ {2}# - (.*)$/gm)].map(([, step]) => step)
  expect(off).toHaveLength(4)
  for (const step of off) {
    const [{ name, options }] = readPlan(`steps:\n- ${step}`, 'off').steps
    if (name === 'mix') continue
    const { files, field: _, ...others } = options
    const [{ options: defaults }] = checkSteps([files ? { [name]: { files } } : name])
    // The lengths of decontaminate follow the unit.
    const shown = name === 'decontaminate' ? { unit: 'characters', size: 30, 'min-size': 20 } : defaults
    expect(others).toEqual(shown)
  }
  // Nothing is left out.
  const shown = [...written.steps.map(({ name }) => name), ...off.map((step) => /^[a-z-]+/.exec(step)![0])]
  expect(shown.sort()).toEqual(stepKinds.map(({ name }) => name).sort())
})

test('steps in their order, with options, and a step twice', () => {
  const text = 'steps:\n- nfc\n- length: { min-characters: 5 }\n- nfc:\nsources:\n  wiki: { license: cc-by-sa-4.0 }\n'
  expect(readPlan(text, 'a.yaml')).toEqual({
    steps: [
      { name: 'nfc', options: {} },
      { name: 'length', options: { 'min-characters': 5, 'min-words': 0 } },
      { name: 'nfc', options: {} },
    ],
    sources: { wiki: { license: 'cc-by-sa-4.0' } },
  })
})

describe('errors name the place and the next step', () => {
  test.each([
    ['steps:\n- nfd', 'a.yaml:2:3: unknown step "nfd" | did you mean nfc?'],
    ['steps:\n- nfc\n- lenght: { min: 3 }', 'a.yaml:3:3: unknown step "lenght" | did you mean length?'],
    [
      'steps:\n- length:\n    min-charcters: 3',
      'a.yaml:3:5: unknown option of length "min-charcters" | did you mean min-characters?',
    ],
    ['steps:\n- nfc: { a: 1 }', 'a.yaml:2:10: unknown option of nfc "a" | it has none'],
    [
      'steps:\n- length: { min-characters: many }',
      'a.yaml:2:13: length.min-characters is "many" | expected a whole number from 0',
    ],
    ['steps:\n- hangul: { min: 30 }', 'a.yaml:2:13: hangul.min is 30 | expected a share from 0 to 1'],
    ['steps:\n- near: { unit: word }', 'a.yaml:2:11: near.unit is "word" | expected characters or words'],
    ['steps:\n- decontaminate', 'a.yaml:2:3: decontaminate.files is missing | expected a list of files'],
    ['steps:\n- personal: { kinds: [name] }', 'expected some of resident, phone, email, card, account'],
    ['steps:\n- personal: { masks: { phones: x } }', 'unknown option of masks "phones" | did you mean phone?'],
    ['steps:\n- repetition: { top-n-gram: { 5: 1 } }', 'unknown option of top-n-gram "5" | did you mean 2?'],
    ['steps:\n- mix: { weights: { a: -1 } }', 'mix.weights.a is -1 | expected a number from 0 to 1000'],
    ['steps: nfc', 'a.yaml:1:1: there is no list of steps | known: html'],
    ['steps: []', 'there is no list of steps'],
    ['step:\n- nfc', 'a.yaml:1:1: unknown key "step" | did you mean steps?'],
    ['steps:\n- [nfc]', 'a.yaml:2:3: ["nfc"] is no step | write a name'],
    ['steps:\n- { nfc: {}, jamo: {} }', 'is no step | write a name'],
    ['steps:\n- nfc\nsources: { a: { licence: x } }', 'unknown option of a "licence" | did you mean license?'],
    ['steps: [', 'a.yaml:1:'],
    ['- nfc', 'a.yaml: holds no plan'],
  ])('%j', (text, expected) => {
    expect(failure(() => readPlan(text, 'a.yaml'))).toContain(expected)
  })

  test('in memory, too', async () => {
    const all = prepareDocuments([], ['nfd'])
    await expect(all.next()).rejects.toThrow('steps: unknown step "nfd"')
  })
})
