import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StandInCluster } from './cluster.ts'
import type { StandInContainer } from './docker.ts'

export interface StandIns {
  /** To be first in PATH: holds `kubectl`, `docker` and, when there is an ssh configuration, `ssh`. */
  readonly bin: string
  /** What a worker needs to find the cluster and the containers. */
  readonly env: Readonly<Record<string, string>>
  setCluster(cluster: StandInCluster): Promise<void>
  setContainers(containers: readonly StandInContainer[]): Promise<void>
}

/** Puts stand-ins for `kubectl` and `docker` into a folder, with no cluster and no container yet. */
export async function installStandIns(folder: string): Promise<StandIns> {
  const [bin, dockerConfig] = [join(folder, 'bin'), join(folder, 'docker')]
  const kubeconfig = join(folder, 'kubeconfig')
  await mkdir(bin, { recursive: true })
  await mkdir(dockerConfig, { recursive: true })
  for (const name of ['kubectl', 'docker']) {
    const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
    await writeProgram(join(bin, name), `exec '${process.execPath}' '${program}' "$@"`)
  }
  const setCluster: StandIns['setCluster'] = (cluster) =>
    writeFile(kubeconfig, JSON.stringify(cluster))
  await setCluster({ workloads: [], pods: [] })
  return {
    bin,
    env: { KUBECONFIG: kubeconfig, DOCKER_CONFIG: dockerConfig },
    setCluster,
    setContainers: (containers) =>
      writeFile(join(dockerConfig, 'containers.json'), JSON.stringify(containers)),
  }
}

export async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
}
