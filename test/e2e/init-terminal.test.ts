import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseEnv } from 'node:util'
import {
  leakGuard,
  type PrivatePostgres,
  startPrivatePostgres,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@backstream/testkit'
import { needs } from './main-job-shell.ts'
import { startAtTerminal } from './terminal.ts'

describe('init at a terminal', needs('script', 'psql'), () => {
  let server: PrivatePostgres
  let place: TemporaryDirectory
  before(async () => {
    server = await startPrivatePostgres()
    await server.sql('postgres', 'CREATE DATABASE shop')
    place = await temporaryDirectory('init-terminal')
  })
  after(async () => {
    for (const each of [place, server]) await each?.[Symbol.asyncDispose]()
  })
  leakGuard()

  const address = () => `postgres://postgres@/shop?host=${server.host}`

  async function folder(name: string): Promise<string> {
    const path = join(place.path, name)
    await mkdir(path)
    return path
  }

  it('shows what is typed in the open, nothing of a secret, and keeps it in .env alone', async () => {
    const cwd = await folder('asked')
    const secret = 'typed/s3cret+0f3a'
    await using terminal = startAtTerminal(['init'], { cwd })
    await terminal.answer(/What to back up.*: /, address())
    await terminal.answer(/Where to.*: /, 's3://backups/here')
    await terminal.answer(/Endpoint.*: /, 'https://s3.example.com')
    await terminal.answer(/Region.*: /, '')
    await terminal.answer(/Password for shop.*: /, server.password)
    await terminal.answer(/S3_ACCESS_KEY_ID.*: /, 'typed-id')
    await terminal.answer(/S3_SECRET_ACCESS_KEY.*: /, secret)
    equal(await terminal.ended, 0, terminal.screen())

    const screen = terminal.screen()
    // It is a terminal that shows what is typed, where it is not told otherwise.
    match(screen, /s3:\/\/backups\/here[\s\S]*https:\/\/s3\.example\.com/)
    match(screen, /shop: PostgreSQL \d+\.\d+, primary/)
    const typed = [server.password, 'typed-id', secret]
    for (const hidden of typed) ok(!screen.includes(hidden), screen)
    deepEqual((await readdir(cwd)).toSorted(), ['.env', 'age.key', 'backstream.yaml'])
    for (const name of ['age.key', 'backstream.yaml']) {
      const text = await readFile(join(cwd, name), 'utf8')
      for (const hidden of typed) ok(!text.includes(hidden), `${name}: ${text}`)
    }
    equal((await stat(join(cwd, '.env'))).mode & 0o777, 0o600)
    deepEqual(
      { ...parseEnv(await readFile(join(cwd, '.env'), 'utf8')) },
      {
        SHOP_URI: address(),
        SHOP_PASSWORD: server.password,
        S3_ACCESS_KEY_ID: 'typed-id',
        S3_SECRET_ACCESS_KEY: secret,
      },
    )
  })

  it('writes nothing where it is left with Ctrl-C while it asks for a secret', async () => {
    const cwd = await folder('left')
    const storage = ['--storage', 's3://backups', '--endpoint', 'https://s3.example.com']
    await using terminal = startAtTerminal(['init', '--path', cwd, ...storage], { cwd })
    await terminal.answer(/S3_ACCESS_KEY_ID.*: /, 'typed-id')
    await terminal.press(/S3_SECRET_ACCESS_KEY.*: /, '\u0003')
    equal(await terminal.ended, 130, terminal.screen())
    match(terminal.screen(), /interrupted; nothing was written/)
    deepEqual(await readdir(cwd), [])
  })
})
