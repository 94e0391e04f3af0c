import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * `mongodump` and `mongorestore` in place of MongoDB's, which Debian does not have: they take the real
 * command line, refuse what the real ones refuse, and write and read an archive of the real layout.
 */
export async function writeMongoTools(
  folder: string,
  { isCut = false }: { readonly isCut?: boolean } = {},
): Promise<{ readonly path: string; readonly seen: string }> {
  const path = join(folder, `mongo-${isCut ? 'cut' : 'whole'}`)
  const seen = join(path, 'seen')
  await mkdir(path)
  for (const name of ['mongodump', 'mongorestore'])
    await writeFile(join(path, name), tool(name, { seen, isCut }), { mode: 0o755 })
  return { path, seen }
}

function tool(name: string, given: { readonly seen: string; readonly isCut: boolean }): string {
  const common = ['config', 'uri', 'host', 'port', 'username', 'password', 'authenticationDatabase']
  const flags = {
    mongodump: ['oplog', 'db', 'archive'],
    mongorestore: ['drop', 'stopOnError', 'oplogReplay', 'nsFrom', 'nsTo', 'archive'],
  }
  const known = [...common, 'version', ...(flags[name as keyof typeof flags] ?? [])]
  return `#!${process.execPath}
const fs = require('node:fs')
const args = process.argv.slice(2)
const fail = (text) => { console.error(new Date().toISOString() + '\\t' + text); process.exit(1) }
for (const arg of args) {
  const [, flag] = /^--([A-Za-z]+)(?:=.*)?$/.exec(arg) ?? []
  if (!${JSON.stringify(known)}.includes(flag)) fail('error parsing command line options: unknown option ' + arg)
  if (flag === 'uri' || flag === 'password') fail('a secret on the command line')
}
if (args.includes('--version')) { console.log('${name} version: 100.9.4'); process.exit(0) }
const file = args.find((arg) => arg.startsWith('--config='))
const config = file ? fs.readFileSync(file.slice(9), 'utf8').trim() : ''
if (file && !/^(?:uri|password): "/.test(config)) fail('error parsing config file')
const note = (more) => fs.appendFileSync(${JSON.stringify(given.seen)}, ['${name}', ...args, config, ...more].join(' ') + '\\n')
${name === 'mongodump' ? dump(given.isCut) : restore}
`
}

const bson = `
const cstring = (text) => Buffer.from(text + '\\0')
const int = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b }
const document = (...elements) => { const body = Buffer.concat([...elements, Buffer.from([0])]); return Buffer.concat([int(body.length + 4), body]) }
const text = (name, value) => Buffer.concat([Buffer.from([2]), cstring(name), int(Buffer.byteLength(value) + 1), cstring(value)])
const flag = (name, value) => Buffer.concat([Buffer.from([8]), cstring(name), Buffer.from([value ? 1 : 0])])
const long = (name) => Buffer.concat([Buffer.from([18]), cstring(name), Buffer.alloc(8)])
const number = (name, n) => Buffer.concat([Buffer.from([16]), cstring(name), int(n)])
const end = int(0xffffffff)
`

const dump = (isCut: boolean): string => `${bson}
note([])
const collections = [['shop', 'orders'], ['shop', 'people'], ['', 'oplog']]
const parts = [int(0x8199e26d), document(number('concurrent_collections', 4), text('version', '0.1'), text('server_version', '7.0.5'), text('tool_version', '100.9.4'))]
for (const [db, collection] of collections) parts.push(document(text('db', db), text('collection', collection), text('metadata', '{"indexes":[]}'), number('size', 0), text('type', 'collection')))
parts.push(document(text('db', 'shop'), text('collection', 'seen'), text('metadata', '{}'), number('size', 0), text('type', 'view')), end)
for (let block = 0; block < 20; block++) for (const [db, collection] of collections) {
  parts.push(document(text('db', db), text('collection', collection), flag('EOF', false), long('CRC')))
  for (let n = 0; n < 50; n++) parts.push(document(number('n', n), text('pad', 'x'.repeat(200))))
  parts.push(end)
}
for (const [db, collection] of collections) parts.push(document(text('db', db), text('collection', collection), flag('EOF', true), long('CRC')), end)
const bytes = Buffer.concat(parts)
process.stdout.write(${isCut} ? bytes.subarray(0, bytes.length / 2) : bytes)
`

const restore = `
let size = 0
let last = Buffer.alloc(0)
process.stdin.on('data', (chunk) => { size += chunk.length; last = chunk })
process.stdin.on('end', () => { note([size > 100000 && last.subarray(-4).equals(Buffer.from([255, 255, 255, 255])) ? 'whole' : 'cut']) })
`
