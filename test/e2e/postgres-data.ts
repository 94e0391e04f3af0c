import type { PrivatePostgres } from '@backstream/testkit'

/** What a server has that a dump of its rows alone would lose. */
const schema = `
CREATE ROLE owner_of_shop LOGIN PASSWORD 'kept';
CREATE ROLE reporting NOLOGIN;
GRANT reporting TO owner_of_shop WITH ADMIN OPTION;
CREATE DATABASE shop OWNER owner_of_shop;
CREATE DATABASE "odd/näme x" TEMPLATE template0 ENCODING 'UTF8';
COMMENT ON DATABASE shop IS 'the shop';
`

const shop = `
SET ROLE owner_of_shop;
CREATE SCHEMA sales;
CREATE TYPE sales.mood AS ENUM ('glad', 'sad');
CREATE TABLE sales.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, mood sales.mood,
  note text, body bytea, amounts numeric(20, 4)[], extra jsonb, total bigint
) PARTITION BY RANGE (id);
CREATE TABLE sales.orders_low PARTITION OF sales.orders FOR VALUES FROM (0) TO (20000);
CREATE TABLE sales.orders_rest PARTITION OF sales.orders DEFAULT;
CREATE SEQUENCE sales.invoices START 1000 INCREMENT 7;
CREATE FUNCTION sales.twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE PROCEDURE sales.nothing() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE INDEX twice_total ON sales.orders (sales.twice(total));
CREATE VIEW sales.glad AS SELECT * FROM sales.orders WHERE mood = 'glad';
CREATE MATERIALIZED VIEW sales.counts AS SELECT mood, count(*) FROM sales.orders GROUP BY mood;
CREATE FUNCTION sales.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, 'none'); RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON sales.orders FOR EACH ROW EXECUTE FUNCTION sales.stamp();
GRANT SELECT ON sales.orders TO reporting;
INSERT INTO sales.orders (at, mood, note, body, amounts, extra, total)
  SELECT '2026-01-01'::timestamptz + n * interval '1 minute', (ARRAY['glad', 'sad'])[1 + n % 2]::sales.mood,
    nullif(repeat(chr(128512 + n % 50) || E'\\t\\\\.\\n', n % 5), ''), sha256(n::text::bytea),
    ARRAY[n / 7.0, -n], jsonb_build_object('n', n, 'text', repeat('x', n % 300)), n
  FROM generate_series(1, 30000) n;
SELECT nextval('sales.invoices') FROM generate_series(1, 5);
CREATE TABLE sales.accounts (id int PRIMARY KEY, amount bigint NOT NULL);
INSERT INTO sales.accounts SELECT n, 1000 FROM generate_series(1, 100) n;
CREATE TABLE sales.transfers (id serial PRIMARY KEY, source int, target int, amount bigint);
RESET ROLE;
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 100000), 'hex'));
REFRESH MATERIALIZED VIEW sales.counts;
`

export async function fillPostgres({ sql }: PrivatePostgres): Promise<void> {
  for (const statement of schema.split(';\n'))
    if (statement.trim()) await sql('postgres', statement)
  await sql('shop', shop)
  await sql('odd/näme x', `CREATE TABLE "T" AS SELECT n FROM generate_series(1, 10) n`)
}

/** Moves an amount between accounts, and writes it down, in one transaction. */
export const transfer = `DO $$ DECLARE a int := 1 + random() * 99; b int := 1 + random() * 99; BEGIN
  UPDATE sales.accounts SET amount = amount - 5 WHERE id = least(a, b);
  UPDATE sales.accounts SET amount = amount + 5 WHERE id = greatest(a, b);
  INSERT INTO sales.transfers (source, target, amount) VALUES (least(a, b), greatest(a, b), 5);
END $$`

/** Sums that hold at every moment, and at no mixture of two. */
export const ledger = `SELECT (SELECT sum(amount) FROM sales.accounts),
  (SELECT count(*) FROM sales.accounts a WHERE a.amount <> 1000
    + (SELECT coalesce(sum(amount), 0) FROM sales.transfers WHERE target = a.id)
    - (SELECT coalesce(sum(amount), 0) FROM sales.transfers WHERE source = a.id))`

/** Rows, sequences, routines, types, rights, comments and roles, as one text. */
export async function describePostgres({ sql }: PrivatePostgres): Promise<string> {
  const told = [
    await sql(
      'postgres',
      `SELECT rolname, rolsuper, rolcanlogin, rolpassword FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1`,
    ),
    await sql(
      'postgres',
      `SELECT r.rolname, m.rolname, admin_option FROM pg_auth_members x JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE m.rolname !~ '^pg_' ORDER BY 1, 2`,
    ),
    await sql(
      'postgres',
      `SELECT datname, pg_get_userbyid(datdba), shobj_description(oid, 'pg_database') FROM pg_database WHERE NOT datistemplate ORDER BY 1`,
    ),
    await sql('odd/näme x', `TABLE "T"`),
  ]
  for (const query of [
    `SELECT md5(string_agg(o::text, ',' ORDER BY id)), count(*) FROM sales.orders o`,
    `SELECT tableoid::regclass, count(*) FROM sales.orders GROUP BY 1 ORDER BY 1`,
    `SELECT last_value, is_called FROM sales.invoices`,
    `SELECT sequencename, last_value, increment_by FROM pg_sequences WHERE sequencename <> 'transfers_id_seq' ORDER BY 1`,
    `SELECT proname, prokind, prosrc, pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'sales'::regnamespace ORDER BY 1`,
    `SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2::text`,
    `SELECT relname, relkind, relacl, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'sales'::regnamespace ORDER BY 1`,
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'sales' ORDER BY 1`,
    `TABLE sales.counts`,
    `SELECT md5(lo_get(4711))`,
    `SELECT enumlabel FROM pg_enum ORDER BY enumsortorder`,
  ])
    told.push(await sql('shop', query))
  return told.join('\n')
}
