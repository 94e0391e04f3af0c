import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseEnv } from 'node:util'
import { temporaryDirectory } from '@backstream/testkit'
import { addEnvironmentFile, renderVariable } from './environment-file.ts'

describe('.env beside the configuration', () => {
  it('adds what is not set yet', async () => {
    await using place = await temporaryDirectory('env')
    await writeFile(join(place.path, '.env'), `A='one'\nB=two\n# C=3\n`)
    const env: Record<string, string | undefined> = { B: '', PATH: '/bin' }
    equal(addEnvironmentFile(env, join(place.path, 'backstream.yaml')), null)
    deepEqual(env, { A: 'one', B: '', PATH: '/bin' })
  })

  it('is not looked for where the configuration is piped in, and need not be there', async () => {
    await using place = await temporaryDirectory('env')
    const env = {}
    equal(addEnvironmentFile(env, '-'), null)
    equal(addEnvironmentFile(env, join(place.path, 'backstream.yaml')), null)
    deepEqual(env, {})
  })

  it('says where one is there and cannot be read', async () => {
    await using place = await temporaryDirectory('env')
    await writeFile(join(place.path, 'backstream.yaml'), '')
    const env = { BACKSTREAM_CONFIG: join(place.path, 'sub', 'backstream.yaml') }
    equal(addEnvironmentFile(env, undefined), null)
    const { mkdir } = await import('node:fs/promises')
    await mkdir(join(place.path, '.env'))
    match(
      addEnvironmentFile({}, join(place.path, 'x.yaml')) ?? '',
      /\.env cannot be read \(EISDIR\)/,
    )
  })

  it('gets values that come back as they were, or refuses them', () => {
    for (const value of ['', 'plain', 'with # and = and "', `it's`, '$HOME `x` \\n', ' blank ']) {
      deepEqual(parseEnv(renderVariable('NAME', value)), { NAME: value })
    }
    throws(() => renderVariable('NAME', `'"`), /value of NAME cannot be written/)
    throws(() => renderVariable('NAME', 'two\nlines'), /value of NAME cannot be written/)
  })
})
