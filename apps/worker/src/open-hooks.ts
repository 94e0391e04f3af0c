import type { Hook, RunHooks } from '@backstream/backup'
import { type HookConfig, type HooksConfig, resolveSecret } from '@backstream/config'
import { type HookDeps, runHook } from '@backstream/sources'

/** The commands around the sources of a plan, each where its `via` says. */
export function openHooks(
  hooks: HooksConfig | null,
  env: Readonly<Record<string, string | undefined>>,
): RunHooks | null {
  const deps: HookDeps = { environment: env, resolveSecret: (ref) => resolveSecret(ref, env) }
  const open = (hook: HookConfig | null): Hook | null =>
    hook && { run: (run) => runHook(hook, deps, run) }
  return hooks && { before: open(hooks.before), after: open(hooks.after) }
}
