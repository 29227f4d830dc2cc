/** Workflow files in unpushed commits: pushing them takes a permission beyond contents. */
import { type Check, fail, ok, warn } from './check.ts';
import { get } from './probe.ts';
import { runGit, type Subject } from './subject.ts';
import { cannotAsk, jsonOf, passwordOf, printable } from './token.ts';

interface Answer {
  readonly allowed?: boolean;
  readonly detail?: string;
  readonly fix?: { readonly url?: string | null };
}

const FOLDER = '.github/workflows';

/** Workflow files changed by commits of any branch that no remote has. */
async function unpushed(subject: Subject): Promise<readonly string[]> {
  const { code, stdout } = await runGit(subject, [
    'log',
    '--branches',
    'HEAD',
    '--not',
    `--remotes=${subject.remote ?? '*'}`,
    '--format=',
    '--name-only',
    '--max-count=1000',
    '--',
    FOLDER,
  ]);
  return code === 0 ? [...new Set(stdout.split('\n').filter((line) => line !== ''))] : [];
}

const workflowFiles: Check = {
  name: 'workflow files',
  cannotRun: (subject) => {
    if (subject.remote === null) return 'there is no clone here';
    if (subject.repository === null) return 'the address names no repository';
    return cannotAsk(subject) ?? (subject.probe.isLatchkey ? null : 'only a Latchkey tells about a token');
  },
  run: async (subject) => {
    const [path, ...others] = await unpushed(subject);
    if (path === undefined) return ok('no commit that waits to be pushed changes one');
    const { status, body } = await get(
      `${subject.address}/api/v3/user/personal-access-tokens/current/check`,
      { authorization: `Bearer ${passwordOf(subject)}` },
      { permission: 'workflows', level: 'write', repository: subject.repository ?? '' },
    );
    const files = `${printable(path)}${others.length === 0 ? '' : ` and ${others.length} more`}`;
    if (status !== 200)
      return warn(`commits that wait to be pushed change ${files}; the server does not say whether the token may`);
    const { allowed, detail, fix } = jsonOf(body) as Answer;
    if (allowed === true) return ok(`commits that wait to be pushed change ${files}, which the token may`);
    return fail(
      `commits that wait to be pushed change ${files}: ${printable(detail ?? 'the token may not')}`,
      fix?.url ?? undefined,
    );
  },
};

export const WORKFLOW_CHECKS: readonly Check[] = [workflowFiles];
