/** The page: fields, buttons, and what they set going. */
import { readTokenizerJson, tokenizerFiles } from 'ko-vocab'
import { cpuBackend, webgpuBackend } from 'ko-vocab/trainer'
import { drawCurve } from './curve.mjs'
import { extendModel } from './korean.mjs'
import { decodeWeights, encodeWeights } from './model-files.mjs'
import { sample } from './sample.mjs'
import { TEXT } from './text.mjs'
import { openTraining } from './training.mjs'
import { say, WORDS } from './words.mjs'
import { zip } from './zip.mjs'

const SAMPLE_TOKENS = 48
/** Characters without which there is nothing to learn. */
const LEAST_TEXT = 40
const LEARNING_RATE = 3e-3

const $ = (id) => document.getElementById(id)
let stopping = false
/** Of the run before. */
let forgetDownload = () => {}

chooseLanguage()
$('text').value = TEXT
say($('status'), WORDS.loading())
try {
  const [backend, base] = [await openBackend(), await loadBase()]
  $('status').replaceChildren()
  $('start').disabled = false
  $('stop').addEventListener('click', () => {
    stopping = true
  })
  $('start').addEventListener('click', () => teach(backend, base))
} catch (error) {
  fail(error)
}

/** The browser's own language first, then what is chosen. */
function chooseLanguage() {
  const use = (language) => {
    document.documentElement.lang = language
    document.title = language === 'ko' ? '작은 모델에 한국어 가르치기' : 'Teaching a small model Korean'
    $(`lang-${language}`).checked = true
  }
  use(navigator.language.startsWith('ko') ? 'ko' : 'en')
  for (const language of ['ko', 'en']) $(`lang-${language}`).addEventListener('change', () => use(language))
}

/** WebGPU, or the CPU where it is missing: the page says which, and why. */
async function openBackend() {
  try {
    const backend = await webgpuBackend()
    say($('device'), WORDS.gpu(backend.description))
    return backend
  } catch (error) {
    say($('device'), WORDS.cpu(error.message))
    return cpuBackend()
  }
}

async function loadBase() {
  const get = async (name) => {
    const response = await fetch(`/model/${name}`)
    if (!response.ok) throw new Error(`/model/${name}: HTTP ${response.status}`)
    return response.arrayBuffer()
  }
  const text = async (name) => new TextDecoder().decode(await get(name))
  const sidecars = { 'tokenizer_config.json': await text('tokenizer_config.json') }
  return {
    tokenizer: readTokenizerJson(await text('tokenizer.json'), 'tokenizer.json', sidecars),
    configJson: JSON.parse(await text('config.json')),
    weights: decodeWeights(await get('model.safetensors')),
  }
}

async function teach(backend, base) {
  const text = $('text').value.trim()
  const [pieces, steps] = [$('pieces'), $('steps')].map((field) =>
    field.checkValidity() ? field.valueAsNumber : Number.NaN,
  )
  $('error').hidden = true
  if (text.length < LEAST_TEXT) return complain('text', WORDS.noText())
  if (!Number.isInteger(pieces)) return complain('pieces', WORDS.badPieces())
  if (!Number.isInteger(steps)) return complain('steps', WORDS.badSteps())
  stopping = false
  $('start').disabled = true
  $('stop').disabled = false
  forgetDownload()
  try {
    await run(backend, base, { text, pieces, steps, prompt: $('prompt').value })
  } catch (error) {
    fail(error)
  } finally {
    $('start').disabled = false
    $('stop').disabled = true
  }
}

async function run(backend, base, { text, pieces, steps, prompt }) {
  say($('status'), WORDS.extending())
  await turn()
  const { model, configJson, added, tokensBefore, tokensAfter } =
    pieces > 0 ? extendModel(base, text, pieces) : extendModel(base, '', 1)
  say($('tokens'), WORDS.tokens(tokensBefore, tokensAfter, added))
  say($('status'), WORDS.sampling())
  $('after').textContent = '–'
  $('before').textContent = await sample(model, { backend, prompt, tokens: SAMPLE_TOKENS })
  say($('status'), WORDS.training())
  const training = await openTraining(model, { backend, text, learningRate: LEARNING_RATE, steps })
  try {
    const losses = await followSteps(training, steps)
    const trained = { ...model, weights: await training.weights() }
    $('after').textContent = await sample(trained, { backend, prompt, tokens: SAMPLE_TOKENS })
    say($('curve-text'), WORDS.curve(losses.length, losses[0].toFixed(2), losses.at(-1).toFixed(2)))
    offer(trained, configJson)
  } finally {
    training.close()
  }
}

async function followSteps(training, steps) {
  const losses = []
  const start = performance.now()
  let tokens = 0
  let seconds = 0
  while (losses.length < steps && !stopping) {
    const done = await training.step()
    losses.push(done.loss)
    tokens += done.tokens
    seconds = (performance.now() - start) / 1000
    $('step').textContent = `${losses.length} / ${steps}`
    $('loss').textContent = done.loss.toFixed(3)
    $('rate').textContent = Math.round(tokens / seconds).toLocaleString()
    drawCurve($('curve'), losses, steps)
    await turn()
  }
  const ended = losses.length < steps ? WORDS.stopped(losses.length) : WORDS.done(steps, seconds.toFixed(1))
  say($('status'), ended)
  return losses
}

/** A folder that transformers and ko-vocab load. */
function offer({ tokenizer, weights }, configJson) {
  const files = new Map([
    ...tokenizerFiles(tokenizer).files,
    ['config.json', `${JSON.stringify(configJson, null, 2)}\n`],
    ['model.safetensors', encodeWeights(weights)],
  ])
  const url = URL.createObjectURL(new Blob([zip(files)], { type: 'application/zip' }))
  $('download').hidden = false
  $('download').onclick = () => {
    const link = document.createElement('a')
    link.href = url
    link.download = 'korean-model.zip'
    link.click()
  }
  forgetDownload = () => {
    $('download').hidden = true
    URL.revokeObjectURL(url)
  }
}

function complain(field, words) {
  say($('error'), words)
  $('error').hidden = false
  $(field).focus()
}

function fail(error) {
  const hint = error?.hint ? `\n${error.hint}` : ''
  say($('error'), WORDS.failed(`${error?.message ?? error}${hint}`))
  $('error').hidden = false
  $('status').replaceChildren()
}

/** Lets the browser draw, and the stop button be heard. */
function turn() {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
