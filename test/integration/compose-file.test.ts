/** docker-compose.yml: by Compose itself where there is one, and what Compose does not look at. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '@backstream/config'
import { parse } from 'yaml'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Service {
  readonly image?: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { condition: string; required?: boolean }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly ports?: readonly string[]
}

const file = parse(read('docker-compose.yml'), { merge: true })
const services = Object.entries<Service>(file.services)
const compose = spawnSync('docker', ['compose', 'version']).status === 0

describe('docker-compose.yml', () => {
  const skip = compose ? false : 'no `docker compose` here: it was not asked about the file'
  for (const profile of ['', 'try']) {
    it(`is taken by docker compose config, profile "${profile}"`, { skip }, () => {
      const args = ['compose', ...(profile ? ['--profile', profile] : []), 'config', '--quiet']
      const { status, stderr } = spawnSync('docker', args, { cwd: fileURLToPath(root) })
      equal(status, 0, String(stderr))
    })
  }

  for (const [name, service] of services) {
    it(`keeps ${name} without a writable root and without capabilities, and watches it`, () => {
      equal(service.read_only, true)
      deepEqual(service.cap_drop, ['ALL'])
      ok(service.healthcheck)
    })

    it(`gives ${name} no secret and no volume that is not there`, () => {
      for (const secret of service.secrets ?? []) ok(secret in file.secrets, secret)
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(/:(?=\/)/)
        const path = from.replace(/^\$\{\w+:-(.*)\}$/, '$1')
        ok(path.startsWith('.') ? existsSync(new URL(path, root)) : path in file.volumes, volume)
      }
    })

    it(`lets ${name} wait for what always starts, and not for what is of a profile`, () => {
      for (const [other, { required = true }] of Object.entries(service.depends_on ?? {})) {
        const profiles = file.services[other]?.profiles
        equal(required, profiles === undefined, `${other}, of the profile ${profiles}`)
      }
    })
  }

  it('checks the health of each process by its own name, and shows the board on this machine only', () => {
    for (const role of ['scheduler', 'worker', 'board']) {
      deepEqual(file.services[role].command, [role])
      deepEqual(file.services[role].healthcheck.test, ['CMD', 'backstream', 'health', role])
    }
    for (const [, { ports = [] }] of services) {
      for (const port of ports) ok(port.startsWith('127.0.0.1:'), port)
    }
  })

  it('mounts each secret and sets each variable that its configuration asks for', () => {
    const text = read('examples/compose.yaml')
    ok(parseConfig(text, { file: 'compose.yaml', env: {} }).ok)
    for (const [, secret = ''] of text.matchAll(/\/run\/secrets\/([\w-]+)/g)) {
      ok(
        services.some(([, { secrets }]) => secrets?.includes(secret)),
        secret,
      )
    }
    for (const [, variable = ''] of text.matchAll(/\{ env: (\w+) \}/g)) {
      ok(variable in file.services.worker.environment, variable)
    }
  })
})

describe('Dockerfile', () => {
  it('needs no compiler, on whatever processor: no package of the image has an install script', () => {
    const packages = Object.entries<{
      dev?: boolean
      optional?: boolean
      hasInstallScript?: boolean
    }>(JSON.parse(read('package-lock.json')).packages)
    const compiled = packages.filter(
      ([, { dev, optional, hasInstallScript }]) => hasInstallScript && !dev && !optional,
    )
    deepEqual(
      compiled.map(([path]) => path),
      [],
    )
  })
})
