import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createUserDirectory } from './users.ts'

const users = {
  ann: { role: 'operator', password: { env: 'ANN' } },
  vic: { role: 'viewer', password: { env: 'VIC' } },
} as const

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('createUserDirectory', () => {
  const passwords: Record<string, string> = { ANN: 'pässword:with colon', VIC: 'look' }
  const directory = createUserDirectory(users, {
    readSecret: (ref) => ('env' in ref ? (passwords[ref.env] ?? '') : ''),
  })

  it('knows a user by name and password', async () => {
    deepEqual(await directory.identify(basic('ann:pässword:with colon')), {
      name: 'ann',
      role: 'operator',
    })
    deepEqual(await directory.identify(basic('vic:look')), { name: 'vic', role: 'viewer' })
  })

  for (const header of [
    undefined,
    '',
    'Bearer abc',
    'Basic',
    'Basic !!!',
    basic('ann'),
    basic('ann:'),
    basic('ann:look'),
    basic('vic:look '),
    basic('nobody:look'),
    basic('__proto__:look'),
    basic('constructor:pässword:with colon'),
    basic(':'),
  ]) {
    it(`knows nobody by ${header}`, async () => {
      equal(await directory.identify(header), undefined)
    })
  }

  it('reads a secret for a user it does not know, as for one it does', async () => {
    let reads = 0
    const counting = createUserDirectory(users, {
      readSecret: () => {
        reads += 1
        return 'secret'
      },
    })
    equal(await counting.identify(basic('nobody:secret')), undefined)
    equal(reads, 1)
  })

  it('sees a password that was changed meanwhile', async () => {
    passwords['VIC'] = 'anew'
    equal(await directory.identify(basic('vic:look')), undefined)
    deepEqual(await directory.identify(basic('vic:anew')), { name: 'vic', role: 'viewer' })
  })

  it('remembers who entered, until the password is another one or the user is gone', async () => {
    const entered = await directory.enter('ann', 'pässword:with colon')
    const person = { name: 'ann', role: null, proof: entered?.proof ?? '' }
    deepEqual(await directory.recall(person), { name: 'ann', role: 'operator' })
    equal(await directory.recall({ ...person, name: 'vic' }), undefined)
    equal(await directory.recall({ ...person, name: 'constructor' }), undefined)
    equal(await directory.recall({ ...person, role: 'operator' }), undefined)
    passwords['ANN'] = 'another'
    equal(await directory.recall(person), undefined)
  })

  it('lets nobody in by an empty password, and says so at start', async () => {
    const empty = createUserDirectory(users, { readSecret: () => '' })
    equal(await empty.identify(basic('ann:')), undefined)
    await rejects(empty.check(), { code: 'usage', message: /ann is empty/ })
  })

  it('says at start which password cannot be read', async () => {
    const broken = createUserDirectory(users, {
      readSecret: () => {
        throw new Error('ENOENT')
      },
    })
    await rejects(broken.check(), { code: 'usage', message: /board user ann cannot be read/ })
  })
})
