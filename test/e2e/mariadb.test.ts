import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type PrivateMariadb, startPrivateMariadb } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'
import { withFilter, withHold } from './shortened-client.ts'

const server = `
CREATE ROLE clerk;
CREATE USER anna@localhost IDENTIFIED BY 'kept';
GRANT clerk TO anna@localhost;
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE \`odd/näme\`;
GRANT SELECT ON shop.* TO clerk;
CREATE USER weak@localhost IDENTIFIED BY 'r3ader';
`
const shop = `
CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, note text, body blob, total decimal(20, 4), twice decimal(20, 4) AS (2 * total) STORED);
INSERT INTO orders (note, body, total) SELECT concat('näme 😀 ', seq, '\\n\\''), unhex(sha2(seq, 512)), seq / 7 FROM seq_1_to_20000;
CREATE SEQUENCE invoices START 1000 INCREMENT 7;
SELECT nextval(invoices), nextval(invoices);
CREATE FUNCTION double_of(n int) RETURNS int DETERMINISTIC RETURN 2 * n;
CREATE PROCEDURE nothing() SELECT 1;
CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, what text);
CREATE TRIGGER stamp AFTER INSERT ON orders FOR EACH ROW INSERT INTO log (what) VALUES (NEW.id);
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
CREATE VIEW large AS SELECT * FROM orders WHERE total > 100;
CREATE TABLE accounts (id int PRIMARY KEY, amount bigint NOT NULL);
INSERT INTO accounts SELECT seq, 1000 FROM seq_1_to_100;
GRANT SELECT ON accounts TO weak@localhost;
GRANT INSERT ON orders TO weak@localhost;
`
const transfer = `SET @a = 1 + floor(rand() * 50), @b = 51 + floor(rand() * 50); START TRANSACTION;
UPDATE accounts SET amount = amount - 5 WHERE id = @a; UPDATE accounts SET amount = amount + 5 WHERE id = @b; COMMIT`

async function describeServer({ sql }: PrivateMariadb): Promise<string> {
  const told = [
    await sql('shop', 'CHECKSUM TABLE orders, log EXTENDED'),
    await sql('shop', 'SHOW CREATE TABLE orders'),
    await sql('shop', 'SELECT next_not_cached_value FROM invoices'),
    await sql(
      'shop',
      `SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = 'shop' ORDER BY 1`,
    ),
    await sql(
      'shop',
      `SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = 'shop'`,
    ),
    await sql(
      'shop',
      `SELECT event_name, event_definition FROM information_schema.events WHERE event_schema = 'shop'`,
    ),
    await sql(
      'shop',
      `SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'shop'`,
    ),
    await sql(
      '',
      `SELECT schema_name, default_collation_name FROM information_schema.schemata WHERE schema_name IN ('shop', 'odd/näme')`,
    ),
    await sql(
      '',
      `SELECT user, host, authentication_string, is_role FROM mysql.user ORDER BY 1, 2`,
    ),
    await sql('', `SELECT user, role FROM mysql.roles_mapping WHERE user = 'anna'`),
    await sql('odd/näme', 'SELECT * FROM t'),
  ]
  return told.join('\n')
}

describe('MariaDB', needs('mariadbd', 'mariadb-install-db'), () => {
  let source: PrivateMariadb
  let here: Installation
  let bucket: BucketView
  before(async () => {
    source = await startPrivateMariadb()
    await source.sql('', server)
    await source.sql('shop', shop)
    await source.sql('odd/näme', 'CREATE TABLE t AS SELECT 1 AS n')
    here = await openInstallation({
      plans: () => `
  all: { source: { kind: mariadb, host: ${source.socket}, user: root, password: { env: DB_SECRET }, databases: ["*"] } }
  shop: { source: { kind: mysql, uri: { env: SHOP_URI } } }
  half: { source: { kind: mariadb, uri: { env: SHOP_URI } } }
  weak: { source: { kind: mariadb, uri: { env: WEAK_URI } } }
`,
    })
    bucket = viewBucket(here.s3)
  })
  after(async () => {
    await bucket?.[Symbol.asyncDispose]()
    await here?.[Symbol.asyncDispose]()
    await source?.[Symbol.asyncDispose]()
  })
  leakGuard()

  const run = (plan: string, env: Readonly<Record<string, string>> = {}) =>
    here.run(['run', plan, '--wait', '--here'], {
      env: {
        ...here.env,
        DB_SECRET: source.password,
        SHOP_URI: source.uri('shop'),
        WEAK_URI: source.uri('shop', { user: 'weak', password: 'r3ader' }),
        ...env,
      },
    })

  it('comes back into an empty server as it was, with users, roles and routines', async () => {
    let isBusy = true
    const writing = (async () => {
      while (isBusy) await source.sql('shop', transfer)
    })()
    const taken = await run('all')
    isBusy = false
    await writing
    equal(taken.status, 0, taken.stderr)
    deepEqual(await bucket.consistency('all'), ['each database as of one moment (a snapshot)'])
    await using empty = await startPrivateMariadb()
    const passwordFile = join(here.folder, 'password')
    await writeFile(passwordFile, `${empty.password}\n`)
    const into = ['--into', `mariadb://root@localhost?socket=${empty.socket}`]
    const restored = await here.run([
      ...['restore', 'all', ...into, '--into-password-file', passwordFile],
    ])
    equal(restored.status, 0, restored.stderr)
    equal(await describeServer(empty), await describeServer(source))
    equal(await empty.sql('shop', 'SELECT sum(amount) FROM accounts'), '100000\n')
  })

  it('is put back into a database of another name, by the programs of MySQL too', async () => {
    const taken = await run('shop')
    equal(taken.status, 0, taken.stderr)
    const into = ['--into', `mysql://root@localhost/copy?socket=${source.socket}`]
    const env = { ...here.env, MYSQL_PWD: source.password }
    const restored = await here.run(['restore', 'shop', ...into], { env })
    equal(restored.status, 0, restored.stderr)
    equal(await source.sql('copy', 'SELECT count(*) FROM orders'), '20000\n')
    const again = await here.run(['restore', 'shop', ...into], { env })
    equal(again.status, 4, again.stderr)
  })

  it('is no backup when the client ends with 0 and gave half', async () => {
    const filter = '{ head -c 500000; cat > /dev/null; }'
    const path = await withFilter(here, { program: 'mariadb-dump', filter })
    const { status, stderr } = await run('half', { PATH: path })
    equal(status, 1)
    match(stderr, /The output of mariadb-dump of shop does not end with .*Dump completed/)
    deepEqual([await bucket.leftovers('half'), await bucket.uploads()], [[], []])
  })

  it('tells before a byte is read what may not be read', async () => {
    const { status, stderr } = await run('weak')
    equal(status, 1)
    match(stderr, /may not read all of shop: `shop`\.`orders`/)
  })

  it('is not read by a client older than the server', async () => {
    const bin = join(here.folder, 'old-bin')
    await mkdir(bin)
    const words = 'mariadb-dump  Ver 10.19 Distrib 5.5.68-MariaDB, for Linux (x86_64)'
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo '${words}'; exit; fi\nexit 1\n`
    await writeFile(join(bin, 'mariadb-dump'), script, { mode: 0o755 })
    const { status, stderr } = await run('half', { PATH: `${bin}:${here.env['PATH']}` })
    equal(status, 1)
    match(stderr, /mariadb-dump 5\.5\.68 on this machine is older than the server, \d/)
  })

  it('is no backup when the server dies half way, and says so', async () => {
    const client = await withHold(here, { program: 'mariadb-dump', bytes: 500_000 })
    const running = run('half', { PATH: client.path })
    await client.held()
    await source.kill()
    await client.letGo()
    const { status, stderr } = await running
    equal(status, 1)
    match(
      stderr,
      /The command mariadb-dump of shop ended with status \d+\. It said: .*Lost connection/s,
    )
    deepEqual([await bucket.leftovers('half'), await bucket.uploads()], [[], []])
  })
})
