import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { temporaryDirectory } from './temporary-directory.ts'

export interface TlsIdentity extends AsyncDisposable {
  /** PEM. */
  readonly keyFile: string
  /** PEM, signed by itself: its own authority. */
  readonly certificateFile: string
}

/** A key and a certificate for `localhost`, by openssl, gone when it is disposed of. */
export async function makeTlsIdentity(): Promise<TlsIdentity> {
  const folder = await temporaryDirectory('tls')
  const keyFile = join(folder.path, 'key.pem')
  const certificateFile = join(folder.path, 'certificate.pem')
  const files = ['-keyout', keyFile, '-out', certificateFile]
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  execFileSync('openssl', ['req', ...kind, '-days', '2', ...name, ...files], { stdio: 'pipe' })
  return { keyFile, certificateFile, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}
