/** What clients say that cannot reach a place, and what it means. */
import type { SourceProblem } from '../source.ts'

interface Answer {
  readonly said: RegExp
  readonly message: string
  readonly remedy: string
  /** False where it may pass by itself. */
  readonly permanent: boolean
}

/** The first answer that fits what a client said on standard error, as a problem. */
export function explainAnswer(said: string, answers: readonly Answer[]): SourceProblem | null {
  const answer = answers.find((candidate) => candidate.said.test(said))
  if (!answer) return null
  const { message, remedy, permanent } = answer
  return { code: 'place-unreachable', message, remedy, permanent }
}

const noShell: Answer = {
  said: /executable file not found|no such file or directory: unknown|stat sh: no such file/i,
  message: 'there is no shell in that container',
  remedy: 'It must hold sh and dd (coreutils or busybox); name another container that does.',
  permanent: true,
}

export const kubectlAnswers: readonly Answer[] = [
  noShell,
  {
    said: /container .*not found|container .*is not valid for pod/i,
    message: 'there is no such container in the pod',
    remedy: 'Correct container.',
    permanent: true,
  },
  {
    said: /\(NotFound\)|pods? .*not found/,
    message: 'the cluster has nothing of that name',
    remedy: 'Correct via.kubernetes, namespace and context above all.',
    permanent: false,
  },
  {
    said: /\(Forbidden\)|forbidden:/i,
    message: 'the cluster does not allow it',
    remedy:
      'Give the user of the kubeconfig get and list on pods and the workload, and create on pods/exec.',
    permanent: true,
  },
  {
    said: /\(Unauthorized\)|must be logged in|provide credentials|getting credentials/i,
    message: 'the cluster does not know who asks',
    remedy: 'Renew the credentials of the kubeconfig that the worker uses.',
    permanent: true,
  },
  {
    said: /context .*(?:does not exist|was not found)|no context exists/i,
    message: 'the kubeconfig has no such context',
    remedy: 'Correct context, or KUBECONFIG of the worker.',
    permanent: true,
  },
  {
    said: /connection to the server|connection refused|no such host|i\/o timeout|unable to connect|tls handshake/i,
    message: 'the cluster does not answer',
    remedy: 'See whether its API server can be reached from the machine of the worker.',
    permanent: false,
  },
]

export const dockerAnswers: readonly Answer[] = [
  noShell,
  {
    said: /permission denied while trying to connect/i,
    message: 'this user may not talk to Docker',
    remedy: 'Put the user of the worker into the group docker, or set DOCKER_HOST.',
    permanent: true,
  },
  {
    said: /cannot connect to the docker daemon|error during connect/i,
    message: 'Docker does not answer',
    remedy: 'Start it, mount its socket, or set DOCKER_HOST for the worker.',
    permanent: false,
  },
  {
    said: /no such container|is not running|is paused|is restarting/i,
    message: 'the container does not run',
    remedy: 'Start it, or correct its name.',
    permanent: false,
  },
]

export const sshAnswers: readonly Answer[] = [
  {
    said: /host key verification failed|remote host identification has changed/i,
    message: 'its host key is not the known one, or is not known yet',
    remedy: 'Compare the key, then add it to known_hosts of the user of the worker (ssh-keyscan).',
    permanent: true,
  },
  {
    said: /permission denied \(|too many authentication failures/i,
    message: 'it does not let this user in',
    remedy:
      'Give the user of the worker a key without a passphrase, or an agent, that the host accepts.',
    permanent: true,
  },
  {
    said: /could not resolve hostname/i,
    message: 'its name leads nowhere',
    remedy: 'Correct host, or add it to the ssh configuration of the user of the worker.',
    permanent: true,
  },
  {
    said: /connection refused|connection timed out|no route to host|network is unreachable|connection closed|connection reset/i,
    message: 'it does not answer',
    remedy: 'See whether it is up and its sshd can be reached.',
    permanent: false,
  },
]
