/**
 * A repository's page: how to clone it, its branches and latest commits, who has access; and the page that creates
 * one.
 */

import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { type Access, listAccess } from '../../../actions/repositories/collaborators.ts';
import { findCommitId, type KnownCommit, readHistory, readRefs } from '../../../actions/repositories/history.ts';
import { type RepositoryView, viewTarget } from '../../../actions/repositories/view.ts';
import { sshCloneAddress } from '../../../base/settings/values.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { Refused, type Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { CommandBox, CopyBox, Label, Subhead, Time } from '../parts/components.tsx';
import { cloneUrl } from '../tokens/secret/next-steps.tsx';

const LATEST = 10;
const MAX_BRANCHES = 50;
const MAX_PEOPLE = 50;

const SEE = needOf('GET', '/repos/{owner}/{repo}');
const MANAGE = needOf('PATCH', '/repos/{owner}/{repo}');

/** The permit to see the repository in the path; null sends a person without one to the sign-in. */
async function toSee(visit: Visit): Promise<Permit | null> {
  try {
    return await visit.permit(SEE, { kind: 'repository', owner: visit.param('owner'), name: visit.param('repo') });
  } catch (error) {
    if (error instanceof Refused && visit.person === null) return null;
    throw error;
  }
}

async function show(visit: Visit): Promise<Answer> {
  const permit = await toSee(visit);
  if (permit === null)
    return redirect(`/login?${new URLSearchParams({ return_to: visit.url, notice: 'sign-in-first' })}`);
  const view = await viewTarget(visit.ctx, permit);
  const { owner, repository } = view;
  if (`/${owner.login}/${repository.name}` !== visit.path) return redirect(`/${owner.login}/${repository.name}`);
  const head = await findCommitId(visit.ctx, permit, null);
  const [branches, commits, people] = await Promise.all([
    readRefs(visit.ctx, permit, 'refs/heads/', { offset: 0, limit: MAX_BRANCHES }),
    head === null ? [] : readHistory(visit.ctx, permit, head, { offset: 0, limit: LATEST }),
    visit.person === null || view.role === null
      ? []
      : listAccess(visit.ctx, permit, 'all', { afterId: 0, skip: 0, limit: MAX_PEOPLE }),
  ]);
  const mayManage = permit.holds(MANAGE);
  return page(
    `${owner.login}/${repository.name}`,
    <>
      <Subhead title={`${owner.login}/${repository.name}`} level={1}>
        {mayManage ? (
          <a class="btn btn-sm" href={`${visit.path}/settings`}>
            Settings
          </a>
        ) : undefined}
      </Subhead>
      <p>
        <Label>{repository.visibility}</Label>
        {repository.archivedAt === null ? null : (
          <>
            {' '}
            <Label tone="attention">archived, read-only</Label>
          </>
        )}{' '}
        {repository.description}
      </p>
      <div class="lk-columns lk-columns-right">
        <div class="lk-content">
          {commits.length === 0 && branches.length === 0 ? (
            <Empty visit={visit} view={view} />
          ) : (
            <Commits branch={view.defaultBranch} commits={commits} />
          )}
        </div>
        <aside aria-label="About">
          <CloneBox visit={visit} view={view} />
          <h2 class="f4 mt-3 mb-1">Branches</h2>
          {branches.length === 0 ? (
            <p class="color-fg-muted">None yet.</p>
          ) : (
            <ul class="list-style-none">
              {branches.map(({ name }) => (
                <li class="lk-break">
                  {name.slice('refs/heads/'.length)}
                  {name === `refs/heads/${view.defaultBranch}` ? (
                    <>
                      {' '}
                      <Label>default</Label>
                    </>
                  ) : null}
                </li>
              ))}
            </ul>
          )}
          {branches.length < MAX_BRANCHES ? null : (
            <p class="note">
              The first {MAX_BRANCHES}; <code>git ls-remote</code> lists them all.
            </p>
          )}
          {people.length === 0 ? null : <People people={people} />}
        </aside>
      </div>
    </>,
  );
}

function CloneBox({ visit, view }: { visit: Visit; view: RepositoryView }): VNode {
  const { owner, repository } = view;
  return (
    <>
      <h2 class="f4 mb-1">Clone</h2>
      <CopyBox
        id="clone-url"
        value={`${visit.ctx.settings.publicUrl}/${owner.login}/${repository.name}.git`}
        label="Clone URL"
      />
      <p class="note mt-1">
        {visit.ctx.settings.publicUrl.startsWith('https:') ? 'Over HTTPS. ' : null}Git asks for a password: paste a{' '}
        <a
          href={`/settings/personal-access-tokens/new?${new URLSearchParams({
            name: repository.name,
            target_name: owner.login,
            repositories: repository.name,
            contents: 'write',
          })}`}
        >
          token for this repository
        </a>
        .
      </p>
      <SshClone visit={visit} fullName={`${owner.login}/${repository.name}`} />
    </>
  );
}

/** Where the server has SSH. */
function SshClone({ visit, fullName }: { visit: Visit; fullName: string }): VNode | null {
  const { sshAddress } = visit.ctx.settings;
  if (sshAddress === null) return null;
  return (
    <>
      <CopyBox id="ssh-clone-url" value={sshCloneAddress(sshAddress, fullName)} label="SSH clone URL" />
      <p class="note mt-1">
        Over SSH, with one of <a href="/settings/keys">your keys</a> or a deploy key.
      </p>
    </>
  );
}

/** What to type to fill an empty repository. */
function Empty({ visit, view }: { visit: Visit; view: RepositoryView }): VNode {
  const { owner, repository } = view;
  const url = cloneUrl(
    visit.ctx.settings.publicUrl,
    visit.person?.account.login ?? owner.login,
    `${owner.login}/${repository.name}`,
  );
  const { defaultBranch: branch } = view;
  const format = repository.objectFormat === 'sha1' ? '' : ` --object-format=${repository.objectFormat}`;
  return (
    <>
      <h2 class="f3 mb-2">This repository is empty</h2>
      <h3 class="f5 mb-1">Start on the command line</h3>
      <CommandBox
        id="begin"
        label="Commands to begin"
        lines={
          `echo "# ${repository.name}" > README.md\ngit init --initial-branch=${branch}${format}\n` +
          `git add README.md\ngit commit -m "Begin"\ngit remote add origin ${url}\ngit push -u origin ${branch}`
        }
      />
      <h3 class="f5 mb-1 mt-3">Or push one you already have</h3>
      <CommandBox
        id="push-existing"
        label="Commands to push"
        lines={`git remote add origin ${url}\ngit push -u origin --all`}
      />
    </>
  );
}

function Commits({ branch, commits }: { branch: string; commits: readonly KnownCommit[] }): VNode {
  return (
    <>
      <h2 class="f3 mb-2">Latest commits on {branch}</h2>
      <div class="Box">
        <ul>
          {commits.map(({ commit, author }) => (
            <li class="Box-row">
              <bdi class="text-bold lk-break">{commit.message.split('\n')[0]}</bdi>
              <p class="color-fg-muted f6 mb-0">
                <code>{commit.id.slice(0, 7)}</code> · <bdi>{author?.login ?? commit.author.name}</bdi> ·{' '}
                <Time at={commit.author.at} />
              </p>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function People({ people }: { people: readonly Access[] }): VNode {
  return (
    <>
      <h2 class="f4 mt-3 mb-1">Who has access</h2>
      <ul class="list-style-none">
        {people.map(({ account, role }) => (
          <li>
            {account.login} <Label>{role ?? 'none'}</Label>
          </li>
        ))}
      </ul>
      {people.length < MAX_PEOPLE ? null : <p class="note">The first {MAX_PEOPLE} of them.</p>}
    </>
  );
}

export const repositoryPages: readonly WebPage[] = [{ path: '/:owner/:repo', access: 'anybody', get: show }];
