import { equal, match } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
before(async () => {
  here = await openInstallation({
    plans: (tree) => {
      const said = `${tree}/../said`
      const tell = (what: string, then = '') =>
        `{ argv: [sh, -c, "echo ${what} >> ${said}${then}"], timeout: 2s }`
      const source = (what: string) =>
        `{ kind: command, at: ${what}, argv: [sh, -c, "echo ${what} >> ${said}; echo ${what}"] }`
      return `
  quiet:
    sources: [${source('second')}, ${source('first')}]
    hooks: { before: ${tell('stop')}, after: ${tell('go')} }
  refused: { source: ${source('never').replace('at: never, ', '')}, hooks: { before: ${tell('refuse', '; echo no >&2; exit 3')}, after: ${tell('go')} } }
  loud: { source: ${source('loud').replace('at: loud, ', '')}, hooks: { after: ${tell('late', '; sleep 60')} } }
  broken: { source: { kind: command, argv: ['false'] }, hooks: { after: ${tell('go')} } }
`
    },
  })
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

const run = (plan: string) => here.run(['run', plan, '--wait', '--here'])
let read = 0
async function newlySaid(): Promise<string> {
  const lines = (await readFile(join(here.folder, 'said'), 'utf8')).trim().split('\n')
  const fresh = lines.slice(read)
  read = lines.length
  return fresh.join(' ')
}

describe('hooks', () => {
  it('stand around the sources, which are read in their order', async () => {
    const { status, stderr } = await run('quiet')
    equal(status, 0, stderr)
    equal(await newlySaid(), 'stop second first go')
    const { stdout } = await here.run(['ls', 'quiet'])
    match(stdout, / second\n.* first\n/s)
  })

  it('fail the run before anything is read, and let the application go on all the same', async () => {
    const { status, stderr } = await run('refused')
    equal(status, 1)
    match(stderr, /The hook before failed: The command sh ended with status 3: no/)
    equal(await newlySaid(), 'refuse go')
  })

  it('run after a source that failed', async () => {
    equal((await run('broken')).status, 1)
    equal(await newlySaid(), 'go')
  })

  it('that fail afterwards, or take too long, are told of, and the backup stays', async () => {
    const { status, stderr } = await run('loud')
    equal(status, 0, stderr)
    const { stdout } = await here.run(['show', 'loud', '--json'])
    match(stdout, /"hook-after-failed"/)
    match(stderr, /the hook after failed/)
    equal(await newlySaid(), 'loud late')
  })
})
