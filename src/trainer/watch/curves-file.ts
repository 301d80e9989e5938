/** curves.html: the page of a run as a file, for the time after it. Node only. */
import { writeFileAtomic } from '../../corpus/atomic'
import { addMetrics, createRunView, type RunView } from './run-view'
import type { Sink } from './sink'
import { watchPage } from './watch-page'

export interface CurvesFileOptions {
  /** The run's name. */
  name: string
  /** Of what came before; it is filled further. Default: nothing. */
  view?: RunView
}

/**
 * Written whole at each evaluation and at the end; while one is being written, evaluations that come wait for the next.
 *
 * @throws KoVocabError `io` from `close`, when the file could not be written
 */
export function curvesFile(path: string, { name, view = createRunView() }: CurvesFileOptions): Sink {
  let writing: Promise<void> | null = null
  let failed: unknown = null
  const write = () => {
    writing ??= writeFileAtomic(path, watchPage(view, { name }))
      .then(
        () => {
          failed = null
        },
        (error) => {
          failed = error
        },
      )
      .finally(() => {
        writing = null
      })
    return writing
  }
  return {
    write(metrics) {
      addMetrics(view, metrics)
      if (metrics.kind === 'evaluation') void write()
    },
    async close() {
      await writing
      await write()
      if (failed) throw failed
    },
  }
}
