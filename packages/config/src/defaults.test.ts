import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './parse-config.ts'

const text = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
plans: { media: { storage: main, source: { kind: directory, path: /srv/media } } }
`

test('fills in every default', () => {
  const result = parseConfig(text, { file: 'backstream.yaml', env: {} })
  assert.ok(result.ok)
  const { config } = result
  assert.deepEqual(
    { ...config, fingerprint: '' },
    {
      name: 'home',
      redis: {
        url: { value: 'redis://127.0.0.1:6379' },
        username: null,
        password: null,
        tls: false,
        sentinels: null,
      },
      board: {
        host: '127.0.0.1',
        port: 7373,
        url: null,
        basePath: '',
        trustedProxies: [],
        users: {},
        oidc: null,
        downloadMaxBytes: null,
      },
      notify: {},
      heartbeat: null,
      telemetry: null,
      limits: {},
      storages: {
        main: {
          name: 'main',
          kind: 's3',
          bucket: 'backups',
          prefix: '',
          region: null,
          endpoint: null,
          pathStyle: false,
          credentials: null,
          maintenance: null,
          storageClass: null,
          sse: null,
          tags: {},
          lock: null,
          caFile: null,
          proxy: null,
          bandwidthBytesPerSecond: null,
          maxRuns: null,
          profile: null,
        },
      },
      plans: [
        {
          name: 'media',
          enabled: true,
          sources: [
            {
              kind: 'directory',
              at: '',
              via: null,
              path: '/srv/media',
              exclude: [],
              include: [],
              excludeFile: null,
              excludeCaches: false,
              excludeIfPresent: [],
              excludeLargerThanBytes: null,
              oneFileSystem: false,
              onUnreadable: 'error',
              allowEmpty: false,
            },
          ],
          storage: 'main',
          schedule: null,
          runsOn: null,
          isLocal: true,
          overdueAfterMs: null,
          catchUpMs: Number.POSITIVE_INFINITY,
          attempts: 3,
          backoff: { delayMs: 10_000, factor: 3, maxMs: 1_800_000 },
          timeoutMs: null,
          idleTimeout: { sourceMs: 1_800_000, storeMs: 300_000 },
          retention: null,
          minSizeBytes: null,
          shrinkPercent: 50,
          verify: null,
          drill: null,
          overlap: 'skip',
          compression: { algorithm: 'zstd', level: 3 },
          cpus: null,
          encryption: null,
          hooks: null,
          limits: [],
          notify: [],
        },
      ],
      retired: [],
      fingerprint: '',
      file: 'backstream.yaml',
    },
  )
})
