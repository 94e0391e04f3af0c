import { writeFile } from 'node:fs/promises'
import { buildJsonSchema } from './config-schema.ts'

const target = new URL('../../../../backstream.schema.json', import.meta.url)
await writeFile(target, `${JSON.stringify(buildJsonSchema(), null, 2)}\n`)
