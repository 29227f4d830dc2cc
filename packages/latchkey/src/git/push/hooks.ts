/**
 * Refusals that depend on pushed content are given in band, by a hook of ours (assets/hooks/pre-receive), because git
 * would not show the words of a refused POST.
 *
 * Invariant: only a push by somebody without `workflows: write`, or whose content must be scanned, or that names an
 * odd ref, is checked; no other push starts a process for it. Whatever is checked has its ref names checked, too.
 * Never: a hook that came with a repository, unless the operator allowed those.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../base/version.ts';
import type { EnvironmentOptions } from '../processes/environment.ts';
import type { ContentScan } from './content-scan.ts';

/** The message to a checked push that changes a workflow file: before the list of files, and after it. */
export interface WorkflowRefusal {
  readonly sentence: string;
  readonly remedy: string;
}

/** What is checked in a push. */
export interface PushChecks {
  /** Set when it must be checked for workflow files. */
  readonly workflowRefusal: WorkflowRefusal | null;
  /** Set when the server scans the new objects. */
  readonly scan: ContentScan | null;
  /** True when it may bring a ref that git takes for something else. The hook refuses that. */
  readonly oddRefs: boolean;
  /** True when branches may only move forward, which git itself looks at. */
  readonly forwardOnly?: boolean;
}

/**
 * Hook folder → hook → which of our scripts it is. In addition to our pre-receive, a repository's own allowed hooks are
 * called by name.
 */
const HOOK_FOLDERS = {
  inspect: { 'pre-receive': 'pre-receive' },
  'inspect-then-own': {
    'pre-receive': 'pre-receive',
    'reference-transaction': 'own-hook',
    update: 'own-hook',
    'proc-receive': 'own-hook',
    'post-receive': 'own-hook',
    'post-update': 'own-hook',
  },
} as const satisfies Record<string, Record<string, string>>;

const SCRIPTS = packageFile('assets/hooks/');

/**
 * Puts our hooks below `folder`. They are copied, since a package or an image may have lost the executable bit, and
 * moved into place, since another process may be doing the same.
 */
export function installHooks(folder: string): void {
  for (const [way, hooks] of Object.entries(HOOK_FOLDERS)) {
    mkdirSync(join(folder, way), { recursive: true, mode: 0o700 });
    for (const [hook, script] of Object.entries(hooks)) {
      const draft = join(folder, `${hook}.${randomUUID()}`);
      copyFileSync(join(SCRIPTS, script), draft);
      chmodSync(draft, 0o755);
      renameSync(draft, join(folder, way, hook));
    }
  }
}

/**
 * The part of a git process's environment that says which hooks run: none; ours for a checked push; the repository's
 * own after ours, where the operator allows those.
 */
export function hooksOf(
  folders: { readonly noHooks: string; readonly hooks: string },
  { workflowRefusal, scan, oddRefs }: PushChecks,
  allowOwn: boolean,
): Pick<EnvironmentOptions, 'hooksFolder' | 'forHooks'> {
  if (workflowRefusal === null && scan === null && !oddRefs) return { hooksFolder: allowOwn ? null : folders.noHooks };
  const way: keyof typeof HOOK_FOLDERS = allowOwn ? 'inspect-then-own' : 'inspect';
  const forHooks = {
    ...(workflowRefusal === null
      ? {}
      : { LATCHKEY_WORKFLOW_REFUSAL: workflowRefusal.sentence, LATCHKEY_WORKFLOW_WAY_OUT: workflowRefusal.remedy }),
    ...(scan === null ? {} : { LATCHKEY_ASKS: '1' }),
    ...(allowOwn ? { LATCHKEY_OWN_HOOKS: '1' } : {}),
  };
  return { hooksFolder: join(folders.hooks, way), forHooks };
}

/** Settings of git for one push: how much it takes, and whether branches may lose commits. */
export function limitsOf({
  maxInputBytes,
  forwardOnly = false,
}: Pick<PushChecks, 'forwardOnly'> & { readonly maxInputBytes: number | null }): (readonly [string, string])[] {
  return [
    ...(maxInputBytes === null ? [] : [['receive.maxInputSize', String(maxInputBytes)] as const]),
    ...(forwardOnly ? [['receive.denyNonFastForwards', 'true'] as const] : []),
  ];
}
