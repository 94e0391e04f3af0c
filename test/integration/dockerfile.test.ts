/** The Dockerfile, as far as it can be read without building it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const text = read('Dockerfile')
const lines = text.replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', ' ')
const instructions = lines.split('\n').filter((line) => line.trim() !== '')
const stages = instructions.reduce<string[][]>((all, line) => {
  if (line.startsWith('FROM ')) all.push([])
  all.at(-1)?.push(line)
  return all
}, [])
const full = stages.at(-1) ?? []

const packages = full
  .flatMap((line) => [...line.matchAll(/apt-get install([^&]*)/g)])
  .flatMap(([, words = '']) => words.split(/\s+/))
  .filter((word) => /^[a-z]/.test(word))

/** Of the makers' own repository, not Debian's. */
const elsewhere = ['postgresql-client-18']

describe('Dockerfile', () => {
  it('has a slim target, on which the image itself stands', () => {
    const names = stages.map(([from = '']) => / AS (\S+)$/.exec(from)?.[1])
    ok(names.includes('slim'))
    equal(full[0], 'FROM slim')
    const slim = stages[names.indexOf('slim')] ?? []
    ok(!slim.some((line) => line.includes('apt-get')), 'slim has no clients')
    ok(slim.includes('ENTRYPOINT ["backstream"]'))
    for (const stage of [slim, full])
      equal(
        stage.findLast((line) => /^USER /.test(line)),
        'USER node',
      )
  })

  it('copies only from stages that are there', () => {
    const named = stages.map(([from = '']) => / AS (\S+)$/.exec(from)?.[1])
    for (const [, from] of lines.matchAll(/--from=(\S+)/g)) ok(named.includes(from), from)
  })

  it('is given the documents that the package is made of', () => {
    const letIn = read('.dockerignore').split('\n')
    const [, list = ''] = /^const documents = \[(.*)\]$/m.exec(read('tools/stage-package.ts')) ?? []
    const documents = [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name)
    ok(documents.length > 3)
    deepEqual(
      [...documents, 'apps', 'packages', 'tools'].filter((path) => !letIn.includes(`!${path}`)),
      [],
    )
  })

  it('tries each program that a source of the image needs', () => {
    const tried = full.findLast((line) => line.startsWith('RUN ')) ?? ''
    const wanted = ['pg_dump', 'pg_basebackup', 'psql', 'mariadb-dump', 'redis-cli', 'sqlite3']
    for (const program of [...wanted, 'ssh', 'kubectl', 'mongodump', 'mongorestore'])
      ok(new RegExp(`\\b${program} (?:--version|-V|version)`).test(tried), program)
  })

  const isDebian = /^bash:/.test(String(spawnSync('apt-cache', ['policy', 'bash']).stdout))
  const skip = isDebian ? false : 'no lists of Debian packages here: names were not looked up'
  it('installs packages that Debian has', { skip }, () => {
    const ofDebian = packages.filter((name) => !elsewhere.includes(name))
    const { stdout } = spawnSync('apt-cache', ['policy', ...ofDebian], { encoding: 'utf8' })
    deepEqual(
      ofDebian.filter((name) => !stdout.includes(`${name}:\n`)),
      [],
    )
    ok(ofDebian.length > 6)
  })
})
