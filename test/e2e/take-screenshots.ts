/** The pictures of the README, drawn anew: `npm run screenshots`. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findBrowser, openBrowser } from './board-fixture.ts'
import { openSampleBoard } from './board-sample.ts'

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const pages = {
  overview: { path: '/', height: 960 },
  plan: { path: '/plans/media', height: 1020 },
} as const

const executable = findBrowser()
if (!executable) throw new Error('no Chromium here: install one')
await mkdir(folder, { recursive: true })
await using sample = await openSampleBoard('', 'home')
const browser = await openBrowser(executable)
try {
  for (const [name, { path, height }] of Object.entries(pages)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({
        viewport: { width: 1280, height },
        locale: 'en-US',
        colorScheme,
      })
      const page = await context.newPage()
      await page.goto(`${sample.board.url}${path}`)
      await page.screenshot({ path: `${folder}${name}-${colorScheme}.png` })
      await context.close()
    }
  }
} finally {
  await browser.close()
}
