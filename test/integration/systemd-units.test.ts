/** examples/systemd, by systemd itself. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findProgram, temporaryDirectory } from '@backstream/testkit'

const examples = fileURLToPath(new URL('../../examples/systemd/', import.meta.url))
const analyze = findProgram('systemd-analyze') ?? ''
if (analyze === '' && process.env['CI'] === 'true')
  throw new Error('no systemd-analyze: install systemd')
const skip = analyze === '' ? 'no systemd-analyze here' : false

/** Of the template one instance, under the name that systemd would give it. */
const units = {
  'backstream-worker.service': 'backstream-worker.service',
  'backstream@scheduler.service': 'backstream@.service',
}

let folder: Awaited<ReturnType<typeof temporaryDirectory>>
before(async () => {
  folder = await temporaryDirectory('units')
  for (const [unit, file] of Object.entries(units)) {
    await copyFile(join(examples, file), join(folder.path, unit))
  }
})
after(async () => await folder?.[Symbol.asyncDispose]())

describe('examples/systemd', { skip }, () => {
  for (const unit of Object.keys(units)) {
    it(`has a unit that systemd takes: ${unit}`, () => {
      const args = ['verify', '--man=no', join(folder.path, unit)]
      const { stderr } = spawnSync(analyze, args, { encoding: 'utf8' })
      // Of other units of this machine, or that nothing is installed here, the example knows nothing.
      const complaints = stderr
        .split('\n')
        .filter((line) => line.includes(unit) && !/Command \S+ is not executable/.test(line))
      deepEqual(complaints, [])
    })

    it(`keeps what ${unit} could do small: systemd calls its exposure OK`, () => {
      const args = ['security', '--offline=true', '--no-pager', '--threshold=25']
      const { status, stdout } = spawnSync(analyze, [...args, join(folder.path, unit)], {
        encoding: 'utf8',
      })
      ok(stdout.includes('Overall exposure level'), stdout)
      equal(status, 0, stdout)
    })
  }
})
