import { Option } from 'commander'

/** Of every command that opens a backup; the session reads it. */
export function identityOption(): Option {
  return new Option(
    '-i, --identity <file>',
    'age key of an encrypted backup, - for standard input (default: $BACKSTREAM_IDENTITY_FILE)',
  )
}
