import type { ViaConfig } from '@backstream/config'
import type { Channel } from './channel.ts'
import { clientEnvironment } from './client-environment.ts'
import { composeTarget, createDockerChannel, dockerTarget } from './docker-channel.ts'
import { createKubernetesChannel } from './kubernetes-channel.ts'
import { createLocalRunner, type RunnerDeps } from './local-runner.ts'
import { createRemoteRunner } from './remote-runner.ts'
import type { Runner } from './runner.ts'
import { createSshChannel } from './ssh-channel.ts'

/** The runner that `via` of a source names; without one, commands run on this machine. */
export function openRunner(via: ViaConfig | null, deps: RunnerDeps): Runner {
  if (via === null) return createLocalRunner(deps)
  const env = clientEnvironment(deps.environment ?? {})
  return createRemoteRunner(openChannel(via, env), {
    clientEnvironment: env,
    limits: deps.limits,
    beginMs: deps.beginMs ?? defaultBeginMs,
  })
}

const defaultBeginMs = 60_000

function openChannel(via: ViaConfig, env: Readonly<Record<string, string>>): Channel {
  switch (via.way) {
    case 'kubernetes':
      return createKubernetesChannel(via, env)
    case 'docker':
      return createDockerChannel(dockerTarget(via), env)
    case 'compose':
      return createDockerChannel(composeTarget(via), env)
    case 'ssh':
      return createSshChannel(via)
  }
}
