import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { type AgeIdentity, parseAgeIdentities } from '@backstream/backup'
import { CliError } from '../cli-error.ts'

/** The keys in a file, or on standard input for `-`. Never asked for what needs no key. */
export async function readIdentities(
  file: string,
  stdin: NodeJS.ReadableStream,
): Promise<readonly AgeIdentity[]> {
  if (file === '-') return parseAgeIdentities(await text(stdin))
  return parseAgeIdentities(await readText(file))
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CliError('usage', `The identity file ${file} cannot be read`, {
      cause,
      remedy: 'Name the file that age-keygen wrote: -i FILE, or BACKSTREAM_IDENTITY_FILE.',
    })
  }
}
