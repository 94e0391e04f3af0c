import { freePort, type PrivatePostgres, type PrivateRedis, type TestS3 } from '@backstream/testkit'

/** One in every place where a configuration takes a secret. */
export const planted = {
  redis: 'canary+redis/0f3a9c',
  board: 'canary+board/1b7d2e',
  webhook: 'canary-webhook-2c8e4f',
  header: 'canary+header/3d9f5a',
  heartbeat: 'canary-heartbeat-4ea06b',
  command: 'canary+command/5fb17c',
  failing: 'canary+failing/60c28d',
  pod: "canary'pod 71d39e",
  host: 'canary"host 82e4af',
  container: 'canary$container 93f5b0',
  unreached: 'canary+unreached/a406c1',
  reader: 'canary+reader/b517d2',
  driller: 'canary+driller/c628e3',
  nowhere: 'canary%nowhere d739f4',
  mongodb: 'canary+mongodb/e84a05',
  mariadb: 'canary+mariadb/f95b16',
  hook: 'canary+hook/0a6c27',
  told: 'canary+told/1b7d38',
  mail: 'canary+mail/2c8e49',
  ping: 'canary-ping-3d9f5b',
  telemetry: 'canary+telemetry/4ea06c',
}

export interface Services {
  readonly redis: PrivateRedis
  readonly s3: TestS3
  readonly postgres: PrivatePostgres
  /** Answers every notification with an error. */
  readonly hookPort: number
}

/** What a configuration refers to. */
export async function planEnvironment({
  s3,
  postgres,
  hookPort,
}: Services): Promise<Readonly<Record<string, string>>> {
  const login = (user: 'reader' | 'driller') => ({ user, password: planted[user] })
  return {
    BOARD_PORT: String(await freePort()),
    S3_ID: s3.accessKeyId,
    S3_SECRET: s3.secretAccessKey,
    REDIS_PASSWORD: planted.redis,
    BOARD_PASSWORD: planted.board,
    HOOK_URL: `http://127.0.0.1:${hookPort}/${planted.webhook}`,
    HOOK_PORT: String(hookPort),
    HOOK_HEADER: planted.header,
    HEARTBEAT_URL: `http://127.0.0.1:${hookPort}/${planted.heartbeat}`,
    UNREACHED_URI: `postgres://me:${encodeURIComponent(planted.unreached)}@127.0.0.1:1/shop`,
    READER_URI: postgres.uri('shop', login('reader')),
    DRILL_URI: postgres.uri('postgres', login('driller')),
    MONGO_URI: `mongodb://me:${encodeURIComponent(planted.mongodb)}@127.0.0.1:1/`,
    MARIADB_PASSWORD: planted.mariadb,
    HOOK_TOKEN: planted.hook,
    TOLD_TOKEN: planted.told,
    MAIL_PASSWORD: planted.mail,
    PING_URL: `http://127.0.0.1:${hookPort}/${planted.ping}`,
    TELEMETRY_TOKEN: planted.telemetry,
    NOWHERE_URI: 'postgres://me@127.0.0.1:1/postgres',
    NOWHERE_PASSWORD: planted.nowhere,
    ...Object.fromEntries(
      (['command', 'failing', 'pod', 'host', 'container'] as const).map((name) => [
        `SECRET_${name.toUpperCase()}`,
        planted[name],
      ]),
    ),
  }
}

/** A database with two users: one that may read it, and one that may make others. */
export async function fillDatabase({ sql }: PrivatePostgres): Promise<void> {
  await sql('postgres', 'CREATE DATABASE shop')
  await sql('shop', 'CREATE TABLE items AS SELECT n FROM generate_series(1, 500) n')
  const reader = `CREATE ROLE reader LOGIN PASSWORD '${planted.reader}'`
  await sql('postgres', `${reader}; GRANT pg_read_all_data TO reader`)
  await sql('postgres', `CREATE ROLE driller LOGIN CREATEDB PASSWORD '${planted.driller}'`)
}

/** The worker `vault` is the one that drills. */
export function configuration({ redis, s3 }: Services): string {
  // Each says its secret on standard error, as programs do that were told to be verbose.
  const source = (name: string, status = 0): string =>
    `kind: command, argv: [sh, -c, "echo using $TOKEN >&2; echo data; sleep 1; exit ${status}"], env: { TOKEN: { env: SECRET_${name} } }`
  const drilled = (into: string): string =>
    `source: { kind: postgres, uri: { env: READER_URI } }, drill: { cron: "0 9 * * 0", runsOn: vault, into: ${into} }`
  return `
version: 1
name: canaries
redis: { url: "${redis.url}", password: { env: REDIS_PASSWORD } }
board: { listen: "127.0.0.1:\${BOARD_PORT}", users: { me: { role: operator, password: { env: BOARD_PASSWORD } } } }
notify:
  check: { kind: ping, url: { env: PING_URL } }
  script: { kind: command, argv: [sh, -c, "echo told $TOKEN >&2; sleep 1; exit 1"], env: { TOKEN: { env: TOLD_TOKEN } }, on: [failed] }
  post: { kind: mail, from: a@example.com, to: [b@example.com], smtp: { host: 127.0.0.1, port: 1, user: me, password: { env: MAIL_PASSWORD } }, on: [failed] }
  ops: { kind: webhook, url: { env: HOOK_URL }, headers: { authorization: { env: HOOK_HEADER } }, on: [failed, succeeded] }
telemetry: { url: "http://127.0.0.1:\${HOOK_PORT}", headers: { authorization: { env: TELEMETRY_TOKEN } } }
heartbeat: { url: { env: HEARTBEAT_URL }, every: 10s }
storages:
  main:
    kind: s3
    bucket: ${s3.bucket}
    prefix: ${s3.prefix}
    region: ${s3.region}
    endpoint: ${s3.endpoint}
    pathStyle: true
    credentials: { accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_SECRET } }
defaults: { storage: main, attempts: 1, notify: [ops, check, script, post] }
plans:
  local:
    source: { ${source('COMMAND')} }
    hooks: { before: { argv: [sh, -c, "echo quiet $TOKEN >&2; sleep 1"], env: { TOKEN: { env: HOOK_TOKEN } } } }
  failing: { source: { ${source('FAILING', 3)} } }
  pod: { source: { ${source('POD')}, via: { kubernetes: { workload: statefulset/db } } } }
  container: { source: { ${source('CONTAINER')}, via: { docker: { container: shop-db-1 } } } }
  host: { source: { ${source('HOST')}, via: { ssh: { host: web-01 } } } }
  unreached: { source: { kind: postgres, uri: { env: UNREACHED_URI } } }
  cache: { source: { kind: redis, host: 127.0.0.1, port: ${redis.port}, password: { env: REDIS_PASSWORD } } }
  mongo: { source: { kind: mongodb, uri: { env: MONGO_URI } } }
  maria: { source: { kind: mariadb, host: 127.0.0.1, port: 1, user: me, password: { env: MARIADB_PASSWORD } } }
  drilled: { ${drilled('{ uri: { env: DRILL_URI } }')} }
  undrilled: { ${drilled('{ uri: { env: NOWHERE_URI }, password: { env: NOWHERE_PASSWORD } }')} }
`
}
