import type { InitMethodFunction } from './types'

/**
 * Independent normal values of mean 0 and standard deviation 0.02, a control: what transformers gives new rows without
 * `mean_resizing` (the `initializer_range` of Llama's, Mistral's and Qwen2's configuration). tokensurgeon's `randn` has
 * standard deviation 1. J. Hewitt ("Initializing New Word Embeddings for Pretrained Language Models", 2021) shows what
 * becomes of a model with such rows. The row has no base rows, noise alone.
 */
export const randn: InitMethodFunction = () => () => ({ ids: [], weights: [], noise: INITIALIZER_RANGE })

const INITIALIZER_RANGE = 0.02
