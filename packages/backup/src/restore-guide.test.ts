import { equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { type GuideSubject, renderRestoreGuide } from './restore-guide.ts'

const subject: GuideSubject = {
  plan: 'shop',
  backup: '20261123T031500Z-000042',
  location: 's3://bucket/prefix',
  algorithm: 'zstd',
  encryption: null,
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

test('what is encrypted is decrypted on the way, and the key that is needed is named', () => {
  const encryption = { recipients: ['age1one', 'age1two'] }
  const guide = renderRestoreGuide({ ...subject, encryption })
  match(guide, /archive\.tar\.zst' - \| age -d -i "\$KEY" \| zstd -dc \| tar -xpf -/)
  match(guide, /backstream restore shop\/20261123T031500Z-000042 .* -i "\$KEY"\n/)
  match(guide, /- age1one\n- age1two\n/)
  ok(!renderRestoreGuide(subject).includes('age'))
})

test('what is encrypted is not named, but for the plan', () => {
  const encryption = { recipients: ['age1one'] }
  const guide = (at: string) =>
    renderRestoreGuide({ ...subject, encryption, sources: [{ kind: 'command', at }] })
  ok(!guide('payroll').includes('payroll'))
  match(guide('payroll'), /tar -xOf - "\$NAME" > OUTPUT/)
  match(guide(''), /tar -xOf - 'shop' > OUTPUT/)
})

test('each kind of database is told how it goes back with its own tools', () => {
  for (const [kind, command] of [
    ['postgres', 'pg_restore --create'],
    ['mysql', 'mysql DATABASE < OUTPUT'],
    ['mariadb', 'mariadb DATABASE < OUTPUT'],
    ['mongodb', 'mongorestore --archive=OUTPUT'],
    ['redis', 'redis-server --dir DIR'],
    ['sqlite', 'sqlite3 NEW.db < OUTPUT'],
  ] as const) {
    const guide = renderRestoreGuide({ ...subject, sources: [{ kind, at: 'db' }] })
    ok(guide.includes(`\n    ${command}`) || guide.includes(` && ${command}`), kind)
  }
})
