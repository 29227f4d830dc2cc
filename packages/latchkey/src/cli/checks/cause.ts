/**
 * Of everything that the doctor found, the one thing to do: most findings follow from one cause.
 *
 * Invariant: a finding that nobody can act on until something else is fixed is never the cause: without a server
 * nothing is known about the token, and a header of git's own hides every helper.
 */
import type { Finding } from './check.ts';

interface Checked extends Finding {
  readonly name: string;
}

/**
 * The checks, ordered so that causes come before their effects. Checks that aren't here come last, in their own order.
 */
const CAUSAL = [
  'git version',
  'remote over https',
  'server reachable',
  'certificate',
  'clock',
  'no secret in the remote',
  'no header of its own',
  'credential helpers',
  'what the helper answers with',
  'token',
  'whose token',
  'clone and fetch',
  'push',
  'workflow files',
];
/** Refused because the token doesn't reach it: the access check has the link with owner and repository. */
const ACCESS = new Set(['clone and fetch', 'push', 'workflow files']);

const rank = (name: string): number => (CAUSAL.indexOf(name) + CAUSAL.length + 1) % (CAUSAL.length + 1);

/** Null when nothing failed and nothing needs doing. */
export function causeOf<C extends Checked>(checked: readonly C[]): C | null {
  const byRank = (state: Finding['state']): readonly C[] =>
    checked.filter((one) => one.state === state).sort((a, b) => rank(a.name) - rank(b.name));
  const [first, ...others] = byRank('fail');
  const warnings = byRank('warn');
  if (first === undefined) return warnings.find(({ command }) => command !== undefined) ?? null;
  if (ACCESS.has(first.name)) return warnings.find(({ name }) => name === 'whose token') ?? first;
  if (first.name !== 'token') return first;
  const linked = others.find(({ name, command }) => ACCESS.has(name) && command?.startsWith('http') === true);
  return linked?.command === undefined ? first : { ...first, command: linked.command };
}
