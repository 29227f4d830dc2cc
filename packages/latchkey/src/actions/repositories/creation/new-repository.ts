/**
 * A new repository as people want it: with its first commit, if they choose anything that is in one.
 *
 * Invariant: what is wrong with any choice is said before anything is made.
 */
import { Problem, problem } from '../../../base/errors.ts';
import { gitignoreNamed, licenseNamed, licenseText } from '../../../catalogue/first-files/first-files.ts';
import { commitFiles, type FileAction } from '../../../git/objects/file-commit.ts';
import { accountById, ownerByLogin } from '../../../store/accounts.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { homepageProblem } from '../changes.ts';
import { demandMove } from '../refs/ref-guard.ts';
import { addRepository, type EmptyRepositoryDraft, firstBranch } from '../repositories.ts';
import { committerOf, signatureFor } from '../target.ts';
import { type RepositoryView, viewOf } from '../view.ts';

/** What stands for the first commit before it is written. */
const NEW_COMMIT = 'new';

/** What the first commit holds; without any of these there is none. */
export interface FirstFiles {
  readonly readme: boolean;
  /** The name of a template; '' = none. */
  readonly gitignore?: string | undefined;
  /** A licence's key; '' = none. */
  readonly license?: string | undefined;
}

/**
 * Makes a repository, with the files chosen in a first commit by whoever asks. The permit is about the account that
 * will own it. @throws Problem
 */
export async function createRepository(
  ctx: Context,
  permit: Permit,
  draft: EmptyRepositoryDraft & FirstFiles,
): Promise<RepositoryView> {
  const wrong = homepageProblem(draft.homepage ?? '');
  if (wrong !== null) throw problem('invalid', wrong, 'homepage');
  const files = await firstFiles(ctx, draft);
  const isFilled = files.length > 0;
  const account = await ownerByLogin(ctx.store.db, draft.owner);
  const branch = firstBranch(ctx, account ?? { profile: {} }, draft);
  if (isFilled) await demandMove(ctx, permit, { ref: `refs/heads/${branch}`, from: null, to: NEW_COMMIT });
  const repository = await addRepository(ctx, permit, { ...draft, defaultBranch: branch });
  if (isFilled) await writeFirstCommit(ctx, permit, draft, branch, files);
  const owner = await accountById(ctx.store.db, repository.ownerId);
  if (owner === null) throw problem('not_found', 'The owner is gone.', 'owner');
  return viewOf(ctx, { owner, repository, role: 'admin' });
}

/** The files of the first commit. @throws Problem for a choice that nobody knows */
async function firstFiles(ctx: Context, draft: EmptyRepositoryDraft & FirstFiles): Promise<FileAction[]> {
  const { name, description = '', gitignore = '', license = '' } = draft;
  const [template, terms] = [
    gitignore === '' ? null : await gitignoreNamed(gitignore),
    license === '' ? null : await licenseNamed(license),
  ];
  const complaints = [
    ...(template === null && gitignore !== ''
      ? [unknown('gitignore_template', `There is no template ${cut(gitignore)}: GET /gitignore/templates lists them.`)]
      : []),
    ...(terms === null && license !== ''
      ? [unknown('license_template', `There is no licence ${cut(license)} to choose: GET /licenses lists them.`)]
      : []),
  ];
  if (complaints.length > 0) throw new Problem(complaints);
  const account = await ownerByLogin(ctx.store.db, draft.owner);
  const owner = account === null || account.name === '' ? draft.owner : account.name;
  const year = new Date(ctx.clock.now() * 1000).getUTCFullYear();
  const texts: [string, string][] = [];
  if (draft.readme) texts.push(['README.md', `# ${name}\n${description === '' ? '' : `\n${description}\n`}`]);
  if (template !== null) texts.push(['.gitignore', template.source]);
  if (terms !== null) texts.push(['LICENSE', licenseText(terms, owner, year)]);
  return texts.map(([path, content]) => ({ kind: 'create', path, content: Buffer.from(content) }));
}

const unknown = (field: string, message: string) => ({ field, code: 'invalid', message }) as const;
const cut = (text: string): string => text.slice(0, 60);

async function writeFirstCommit(
  ctx: Context,
  permit: Permit,
  { owner, name }: EmptyRepositoryDraft,
  branch: string,
  actions: readonly FileAction[],
): Promise<void> {
  const author = await signatureFor(ctx, permit);
  const plumbing = ctx.git.open(owner, name, `user ${permit.actor.userId}`, committerOf(permit));
  await commitFiles(
    plumbing,
    { branch, startId: null, actions, message: 'Initial commit', author, committer: author },
    // The repository already has its audit entry: it is made with this commit.
    async ({ to }) => to,
  );
}
