/** What the page says while it works, in both languages. */
export const WORDS = {
  loading: () => ['모델을 불러옵니다…', 'Loading the model…'],
  gpu: (name) => [`WebGPU로 계산합니다: ${name}`, `Computes on WebGPU: ${name}`],
  cpu: (why) => [
    `이 브라우저에는 WebGPU가 없어(${why}) CPU로 천천히 계산합니다. Chrome·Edge 113, Safari 26, Firefox 141 이후 판이면 GPU를 씁니다.`,
    `There is no WebGPU in this browser (${why}), so the CPU computes, slowly. Chrome and Edge from 113, Safari from 26 and Firefox from 141 on use the GPU.`,
  ],
  noText: () => [
    '글이 너무 짧습니다. 한국어 글을 몇 문장 붙여 넣으세요.',
    'The text is too short: paste some sentences of Korean.',
  ],
  badPieces: () => ['새 조각은 0개에서 2000개까지입니다.', 'New pieces: from 0 to 2000.'],
  badSteps: () => ['걸음 수는 1에서 10000까지입니다.', 'Steps: from 1 to 10000.'],
  extending: () => ['어휘에 한국어 조각을 더합니다…', 'Adding Korean pieces to the vocabulary…'],
  sampling: () => ['모델이 글을 씁니다…', 'The model is writing…'],
  training: () => ['배우는 중입니다.', 'Training.'],
  done: (step, seconds) => [`${step}걸음을 ${seconds}초에 마쳤습니다.`, `${step} steps in ${seconds} s.`],
  stopped: (step) => [`${step}걸음에서 멈췄습니다.`, `Stopped after ${step} steps.`],
  failed: (message) => [`실패했습니다: ${message}`, `It failed: ${message}`],
  tokens: (before, after, added) => [
    `${before} → ${after} (조각 ${added}개를 더해)`,
    `${before} → ${after} (with ${added} more pieces)`,
  ],
  curve: (steps, first, last) => [
    `${steps}걸음 동안 손실이 ${first}에서 ${last}로 바뀌었습니다.`,
    `The loss went from ${first} to ${last} in ${steps} steps.`,
  ],
}

/** Puts a text into an element; each language in an element of its own, of which the page shows one. */
export function say(element, [ko, en]) {
  const parts = [
    ['ko', ko],
    ['en', en],
  ].map(([language, text]) => {
    const part = document.createElement('span')
    part.className = language
    part.lang = language
    part.textContent = text
    return part
  })
  element.replaceChildren(...parts)
}
