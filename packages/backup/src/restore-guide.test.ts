import { equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { type GuideSubject, renderRestoreGuide } from './restore-guide.ts'

const subject: GuideSubject = {
  plan: 'shop',
  backup: '20261123T031500Z-000042',
  location: 's3://bucket/prefix',
  algorithm: 'zstd',
  archives: [{ key: 'shop/20261123T031500Z-000042/archive.tar.zst', sha256: 'ab'.repeat(32) }],
  sources: [{ kind: 'directory', at: '' }],
}

test('the output of a lone command has the plan’s name, a directory has none', () => {
  match(renderRestoreGuide({ ...subject, sources: [{ kind: 'command', at: '' }] }), /'shop' > OUT/)
  ok(!renderRestoreGuide(subject).includes('OUTPUT'))
})

test('a shell reads a name with quotes in it as it is', () => {
  const guide = renderRestoreGuide({
    ...subject,
    sources: [{ kind: 'command', at: `it's "$HOME"` }],
  })
  const word = /tar -xOf - (.*) > OUTPUT/.exec(guide)?.[1]
  equal(spawnSync('sh', ['-c', `printf %s ${word}`]).stdout.toString(), `it's "$HOME"`)
})

test('volumes are put together in their order', () => {
  const archives = ['a', 'b'].map((key) => ({ key, sha256: '00' }))
  const fetch = `( aws s3 cp 's3://bucket/prefix/a' - && aws s3 cp 's3://bucket/prefix/b' - ) | gzip -dc | tar -xpf -`
  ok(renderRestoreGuide({ ...subject, archives, algorithm: 'gzip' }).includes(fetch))
})
