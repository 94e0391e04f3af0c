/** Each piece of configuration in docs/ is taken as it stands, in an installation that has the rest. */
import { deepEqual, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '@backstream/config'
import { parse, stringify } from 'yaml'

const docs = new URL('../../docs/', import.meta.url)
type Piece = Record<string, Record<string, object>>

const rest: Piece = {
  storages: { main: { kind: 's3', bucket: 'backups', region: 'eu-central-1' } },
  notify: Object.fromEntries(
    ['hc', 'ops'].map((name) => [name, { kind: 'webhook', url: { env: 'OPS_URL' } }]),
  ),
  plans: { media: {} },
}
const plan = {
  storage: 'main',
  sources: [
    { kind: 'directory', at: 'files', path: '/srv/media' },
    { kind: 'postgres', at: 'database', uri: { env: 'SHOP_URI' } },
  ],
}

const pieces = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => {
    const blocks = readFileSync(new URL(name, docs), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)
    return [...blocks].map(([, text = ''], at) => ({ name: `${name}, ${at + 1}`, text }))
  })

for (const { name, text } of pieces) {
  // The lines of a storage are looked at by stores-page.test.ts.
  if (name.startsWith('stores.md')) continue
  test(`docs/${name} is a piece of a valid configuration`, () => {
    const result = parseConfig(stringify(whole(text)), { file: name, env: {} })
    deepEqual(result.ok ? [] : result.problems, [])
  })
}

test('the pieces are found', () => {
  ok(pieces.length > 20)
})

function whole(text: string): object {
  const piece = pieceOf(text)
  const merged: Piece = { ...rest, ...piece }
  merged['storages'] = completed(
    { ...rest['storages'], ...piece['storages'] },
    () => rest['storages']?.['main'],
  )
  merged['notify'] = { ...rest['notify'], ...piece['notify'] }
  merged['plans'] = completed(merged['plans'], (one) =>
    'source' in one || 'sources' in one ? { storage: 'main' } : plan,
  )
  return { version: 1, name: 'home', redis: 'redis://127.0.0.1', ...merged }
}

/** Keys of a plan alone stand for a plan that has them; the same one several times for several plans. */
function pieceOf(indented: string): Piece {
  const text = indented.replaceAll(new RegExp(`^${/^ */.exec(indented)}`, 'gm'), '')
  if (!/^(source|hooks|drill):/m.test(text)) return parse(text)
  const plans = text.split(/^(?=source:|hooks:|drill:)/m).filter((part) => part.trim() !== '')
  return { plans: Object.fromEntries(plans.map((part, at) => [`plan-${at}`, parse(part)])) }
}

function completed(
  entries: Record<string, object> = {},
  missing: (entry: object) => object | undefined,
) {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [name, { ...missing(entry), ...entry }]),
  )
}
