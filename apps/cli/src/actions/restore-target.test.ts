import { equal, throws } from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryDirectory } from '@backstream/testkit'
import { checkRestoreTarget } from './restore-target.ts'

const refused = { code: 'refused' }
const base = { plan: 'home', yes: undefined, home: '/nowhere' }

describe('checkRestoreTarget', () => {
  it('gives an absolute path back', () => {
    equal(checkRestoreTarget({ ...base, to: '/srv/../srv/x' }), '/srv/x')
  })

  it('refuses the root and the home directory, however they are spelt', async () => {
    await using folder = await temporaryDirectory()
    const link = join(folder.path, 'link')
    symlinkSync(folder.path, link)
    for (const to of ['/', '//', '/..', '/usr/..']) {
      throws(() => checkRestoreTarget({ ...base, to }), refused)
    }
    for (const to of [folder.path, `${folder.path}/`, link, `${link}/new/..`]) {
      throws(() => checkRestoreTarget({ ...base, to, home: folder.path }), refused)
      throws(() => checkRestoreTarget({ ...base, to, home: link }), refused)
    }
  })

  it('lets a directory below home pass, be it there or not', async () => {
    await using folder = await temporaryDirectory()
    const to = join(folder.path, 'a/b')
    equal(checkRestoreTarget({ ...base, to, home: folder.path }), to)
  })

  it('takes --yes only with the name of the plan that is restored', () => {
    equal(checkRestoreTarget({ ...base, to: '/', yes: 'home' }), '/')
    throws(() => checkRestoreTarget({ ...base, to: '/', yes: 'other' }), { code: 'usage' })
  })
})
