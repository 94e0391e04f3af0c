/** docs/stores.md: each store's lines are valid, and its table says what comes of them. */
import { deepEqual, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseConfig, type StorageConfig } from '@backstream/config'
import { silentLogger } from '@backstream/kernel'
import { resolveProfile } from '@backstream/storage-s3'

const page = readFileSync(new URL('../../docs/stores.md', import.meta.url), 'utf8')
const sections = [...page.matchAll(/^## (.+?)\n\n```yaml\n(.*?)^```$/gms)].map(
  ([, name = '', lines = '']) => ({ name, lines }),
)
/** `| [AWS](#aws) | known | CRC32 … | yes | 156.2 GiB |` */
const rows = [...page.matchAll(/^\| \[(.+?)\]\(#[\w-]+\) \| (.+?) \| (.+?) \| .+? \| (.+?) \|$/gm)]

function storageOf(lines: string): StorageConfig {
  const indented = lines.replace(/^/gm, '    ')
  const text = `
version: 1
name: home
redis: redis://r
storages:
  main:
${indented}
plans:
  media: { storage: main, schedule: { every: 6h }, source: { kind: directory, path: /srv/media } }
`
  const result = parseConfig(text, { file: 'docs/stores.md', env: {} })
  ok(result.ok, JSON.stringify(result.ok || result.problems))
  const { main } = result.config.storages
  ok(main)
  return main
}

describe('docs/stores.md', () => {
  it('has a section for each row of its table', () => {
    deepEqual(
      rows.map(([, name]) => name),
      sections.map(({ name }) => name),
    )
    ok(sections.length >= 7)
  })

  for (const [at, { name, lines }] of sections.entries()) {
    it(`says of ${name} what its profile comes to`, () => {
      const profile = resolveProfile({
        ...storageOf(lines),
        credentials: null,
        logger: silentLogger,
      })
      const conditionalPut = { true: 'known', false: 'not there', undefined: 'asked once' }
      const comparison = profile.checksums ? 'CRC32 of the whole object' : 'MD5 of the parts'
      const largest = `${Math.floor((profile.maxObjectBytes / 2 ** 30) * 10) / 10} GiB`
      deepEqual(rows[at]?.slice(2, 5), [
        conditionalPut[`${profile.conditionalPut}`],
        comparison,
        largest,
      ])
    })
  }
})
