import { equal, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { openInstallation } from './cli-installation.ts'

const mebibyte = 1024 * 1024

it('all runs of a worker together send no faster to a storage than its bandwidth', async () => {
  await using here = await openInstallation({
    isServed: false,
    plans: () => `
  one: &plan { compression: { algorithm: none }, source: { kind: command, argv: [head, -c, "${3 * mebibyte}", /dev/zero] } }
  two: *plan
`,
  })
  const file = join(here.folder, 'backstream.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('pathStyle: true', 'pathStyle: true\n    bandwidth: 2MiB/s'))
  await using worker = here.start(['worker'])
  await worker.waitForOutput(/serves backups/)
  const run = await here.run(['run', 'one', 'two', '--wait'])
  equal(run.status, 0, run.stdout + run.stderr)
  const shown = await Promise.all([here.json(['show', 'one']), here.json(['show', 'two'])])
  const times = (key: string) => shown.map(({ run }) => Date.parse(run[key]))
  const tookMs = Math.max(...times('finishedAt')) - Math.min(...times('startedAt'))
  // Six of them at two a second, but for the quarter of a second that may go at once.
  ok(tookMs >= 2_700, `${tookMs} ms`)
})
