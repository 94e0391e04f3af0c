import { minimalEnvironment } from './minimal-environment.ts'

/** What the clients of containers, clusters and other hosts need beside the common few variables. */
const wanted: readonly RegExp[] = [
  /^(?:https?_proxy|no_proxy|all_proxy)$/i,
  /^SSH_AUTH_SOCK$/,
  /^DOCKER_(?:HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY|API_VERSION)$/,
  /^KUBECONFIG$/,
  /^KUBERNETES_(?:SERVICE_HOST|SERVICE_PORT|SERVICE_PORT_HTTPS|PORT)$/,
  // For the programs that a kubeconfig asks for a token. Files and names, never keys.
  /^AWS_(?:PROFILE|REGION|DEFAULT_REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE)$/,
  /^(?:CLOUDSDK_CONFIG|GOOGLE_APPLICATION_CREDENTIALS|USE_GKE_GCLOUD_AUTH_PLUGIN)$/,
  /^(?:AZURE_CONFIG_DIR|AZURE_FEDERATED_TOKEN_FILE|XDG_CONFIG_HOME|XDG_CACHE_HOME)$/,
]

/** What is taken over from `environment` for a client: no secret of a plan or a storage. */
export function clientEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { ...minimalEnvironment(environment) }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && wanted.some((pattern) => pattern.test(name))) kept[name] = value
  }
  return kept
}
