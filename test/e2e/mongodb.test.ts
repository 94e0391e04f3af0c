import { equal } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { findProgram, freePort, startProcess, waitFor } from '@backstream/testkit'
import { openInstallation } from './cli-installation.ts'

const programs = ['mongod', 'mongodump', 'mongorestore', 'mongoimport', 'mongoexport']
const missing = programs.filter((program) => !findProgram(program))
/** Also with CI=true: Debian has no package of them, and the stand-in's tests run in any case. */
const needsMongo =
  missing.length === 0
    ? {}
    : { skip: `MongoDB is not in Debian: no ${missing.join(', ')} on the PATH` }

const run = promisify(execFile)

describe('MongoDB, by its own tools', needsMongo, () => {
  it('comes back into an empty server as it was', async () => {
    await using here = await openInstallation({
      plans: () => '\n  mongo: { source: { kind: mongodb, uri: { env: MONGO_URI } } }\n',
      isServed: false,
    })
    const start = async (name: string) => {
      const [folder, port] = [join(here.folder, name), await freePort()]
      await mkdir(folder)
      const args = ['--dbpath', folder, '--bind_ip', '127.0.0.1', '--port', String(port)]
      const server = startProcess({ command: 'mongod', args })
      const uri = `mongodb://127.0.0.1:${port}/`
      const isReady = () =>
        run('mongoexport', [`--uri=${uri}`, '--db=shop', '--collection=none']).then(
          () => true,
          () => false,
        )
      await waitFor(isReady, { timeoutMs: 60_000, what: 'mongod to answer' })
      return { uri, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
    }
    const items = ['--db=shop', '--collection=items']
    const content = async (uri: string) => {
      const { stdout } = await run('mongoexport', [`--uri=${uri}`, ...items, '--sort={_id:1}'])
      return stdout
    }
    await using server = await start('first')
    const file = join(here.folder, 'items.json')
    const lines = Array.from({ length: 5_000 }, (_, n) => JSON.stringify({ _id: n, text: `${n}` }))
    await writeFile(file, `${lines.join('\n')}\n`)
    await run('mongoimport', [`--uri=${server.uri}`, ...items, `--file=${file}`])
    const env = { ...here.env, MONGO_URI: server.uri }
    const taken = await here.run(['run', 'mongo', '--wait', '--here'], { env })
    equal(taken.status, 0, taken.stderr)
    await using empty = await start('second')
    const restored = await here.run(['restore', 'mongo', '--into', empty.uri], { env })
    equal(restored.status, 0, restored.stderr)
    equal(await content(empty.uri), await content(server.uri))
  })
})
