/** Text that a model goes on with, token by token, through the program `logits` of a plan in which nothing trains. */
import { createDecoder, createEncoder, decode, encode } from 'ko-vocab'
import { batchInputs, buildPlan, IGNORED } from 'ko-vocab/trainer'
import { LENGTH, seeded, writeWeights } from './training.mjs'

const TEMPERATURE = 0.7
const BEST = 12

/**
 * @param {{tokenizer: object, config: object, weights: Map}} model
 * @param {{backend: object, prompt: string, tokens: number, seed?: number}} options
 * @returns {Promise<string>} the prompt and what follows; ends early at the end of a text
 */
export async function sample({ tokenizer, config, weights }, { backend, prompt, tokens, seed = 1 }) {
  const { bindingBytes } = backend
  const plan = buildPlan(config, { batch: 1, length: LENGTH, train: () => false, logits: true, bindingBytes })
  const session = await backend.open(plan)
  try {
    writeWeights(session, weights)
    const draw = seeded(seed)
    const end = tokenizer.addedTokens.find(({ content }) => content === '<|end_of_text|>')?.id
    const begin = tokenizer.addedTokens.find(({ content }) => content === '<|begin_of_text|>')?.id
    const ids = [begin, ...encode(createEncoder(tokenizer), prompt)]
    for (let i = 0; i < tokens; i++) {
      const next = choose(await logitsAfter(session, ids.slice(-LENGTH)), draw)
      if (next === end) break
      ids.push(next)
    }
    return decode(createDecoder(tokenizer), ids.slice(1))
  } finally {
    session.close()
  }
}

async function logitsAfter(session, context) {
  const { plan } = session
  const ids = new Int32Array(LENGTH)
  ids.set(context)
  const labels = new Int32Array(LENGTH).fill(IGNORED)
  const batch = { ids, labels, documentStart: null, weights: new Float32Array(LENGTH) }
  await session.run('logits', batchInputs(plan, batch))
  const { vocabSize } = plan.config
  return session.read(plan.outputs.logits, (context.length - 1) * vocabSize, vocabSize)
}

/** One of the likeliest, drawn by its probability. */
function choose(logits, draw) {
  const best = Array.from(logits, (logit, id) => ({ logit, id }))
    .sort((a, b) => b.logit - a.logit)
    .slice(0, BEST)
  const shares = best.map(({ logit }) => Math.exp((logit - best[0].logit) / TEMPERATURE))
  let left = draw() * shares.reduce((a, b) => a + b)
  for (const [i, share] of shares.entries()) {
    left -= share
    if (left < 0) return best[i].id
  }
  return best[0].id
}
