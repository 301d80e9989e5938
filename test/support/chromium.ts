/**
 * A browser for tests of pages: KO_VOCAB_CHROMIUM, else where systems put Chromium and Chrome. Tests skip by name where
 * there is none:
 *
 *     const chromium = findChromium()
 *     describe.skipIf(!chromium.path)(`… (${chromium.reason})`, …)
 */
import { existsSync } from 'node:fs'

export interface FoundBrowser {
  path: string | null
  /** For the test's title: what runs, or what is missing. */
  reason: string
}

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

export function findChromium(): FoundBrowser {
  const chosen = process.env.KO_VOCAB_CHROMIUM
  const path = (chosen ? [chosen] : PLACES).find((place) => existsSync(place)) ?? null
  if (path) return { path, reason: path }
  return { path, reason: chosen ? `needs KO_VOCAB_CHROMIUM, no file ${chosen}` : 'needs Chromium or KO_VOCAB_CHROMIUM' }
}
