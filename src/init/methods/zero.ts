import type { InitMethodFunction } from './types'

/**
 * Nothing: the row is all zero, a control. On the output side a zero row has logit 0 wherever the model stands, which is
 * where the whole vocabulary may lose its probability to new pieces (J. Hewitt, "Initializing New Word Embeddings for
 * Pretrained Language Models", 2021). tokensurgeon's `zero`. Each row sums to 0.
 */
export const zero: InitMethodFunction = () => () => ({ ids: [], weights: [] })
