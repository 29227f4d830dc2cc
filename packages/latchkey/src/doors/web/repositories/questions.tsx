/** What is asked before something of a repository ends: a role, a key, a webhook, pushes, the repository. */
import type { VNode } from 'preact';
import { accessOf, listAccess } from '../../../actions/repositories/collaborators.ts';
import { readDeployKey, readDeployKeys } from '../../../actions/repositories/deploy-keys.ts';
import { readProtections } from '../../../actions/repositories/refs/protections.ts';
import { countSelected, previewTransfer } from '../../../actions/repositories/transfers.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { MAX_WEBHOOKS } from '../../../actions/repositories/webhooks/events.ts';
import { readWebhook, readWebhooks } from '../../../actions/repositories/webhooks/webhooks.ts';
import { REPOSITORY_ROLES } from '../../../catalogue/roles.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { protectionSummary } from '../../../rules/refs/ref-protections.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import { NarrowArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import type { Question } from '../frame/web-page.ts';
import { organizationPath } from '../organizations/area.tsx';
import { Time } from '../parts/components.tsx';
import { idTyped, nameOf, permitTo, SEE_SETTINGS, SHOWN, transferTyped } from './setting-forms.tsx';

const HOOKS = needOf('POST', '/repos/{owner}/{repo}/hooks');
const within = NarrowArea;

const fullName = (visit: Visit): string => `${nameOf(visit).owner}/${nameOf(visit).name}`;

/** Null when they have no role of their own: then `run` says so. */
export async function asksToRemoveCollaborator(visit: Visit): Promise<Question | null> {
  const login = visit.field('login');
  const access = login === '' ? null : await accessOf(visit.ctx, await permitTo(visit), login);
  if (access === null || !access.isCollaborator) return null;
  return {
    title: `Remove ${access.account.login} from ${fullName(visit)}?`,
    lead: 'Their own role here ends with the next request, for git, the API and every token of theirs.',
    act: `Remove ${access.account.login}`,
    consequences: [
      { title: `${access.account.login} loses the role of their own in ${fullName(visit)}` },
      {
        title: 'Stays: what the organization gives its members, and what they pushed',
        facts: 'You can undo this: the role is given back with one click.',
        stays: true,
      },
    ],
    subject: access.role,
    within,
  };
}

/** Null unless they have a higher role by now. */
export async function asksToLowerRole(visit: Visit): Promise<Question | null> {
  const [login, wanted] = [visit.field('login'), visit.field('role')];
  const access = login === '' ? null : await accessOf(visit.ctx, await permitTo(visit), login);
  const rank = (role: string | null): number => REPOSITORY_ROLES.findIndex((each) => each === role);
  if (access === null || !access.isCollaborator || rank(access.role) <= rank(wanted)) return null;
  return {
    title: `Give ${access.account.login} the role ${wanted} in ${fullName(visit)}?`,
    lead: `It gives less than ${access.role}, which they have today.`,
    act: `Give the role ${wanted}`,
    consequences: [
      { title: `What only ${access.role} may do is refused from the next request on, to every token of theirs, too` },
      {
        title: 'Stays: what the organization gives its members, and what they pushed',
        facts: `You can undo this: give the role ${access.role} again.`,
        stays: true,
      },
    ],
    subject: [access.role, wanted],
    within,
  };
}

/** Null when it is gone already: then `run` says so. */
export async function asksToUnprotect(visit: Visit): Promise<Question | null> {
  const pattern = visit.field('pattern');
  const protection = (await readProtections(visit.ctx, await permitTo(visit))).find((each) => each.pattern === pattern);
  if (protection === undefined) return null;
  const ref = shownRef(pattern);
  return {
    title: `Remove the protection of ${ref}?`,
    lead: `From the next push on, anyone who can write may change ${ref}, unless another protection matches it.`,
    act: 'Remove protection',
    consequences: [
      { title: 'This no longer applies', facts: protectionSummary(protection) },
      {
        title: 'Stays: what the rules of each token say',
        facts: 'You can undo this: the same protection is back with one click.',
        stays: true,
      },
    ],
    subject: protection,
    within,
  };
}

export async function asksToRemoveKey(visit: Visit): Promise<Question> {
  const { id, title, fingerprint, readOnly, createdBy, at } = await readDeployKey(
    visit.ctx,
    await permitTo(visit),
    idTyped(visit),
  );
  return {
    title: 'Remove this deploy key?',
    lead: 'Whatever holds the private key can’t reach the repository by it any more.',
    act: 'Remove deploy key',
    consequences: [
      {
        title: (
          <>
            “<bdi>{title}</bdi>” stops {readOnly ? 'reading' : 'reading and pushing'}
          </>
        ),
        facts: (
          <>
            <code>SHA256:{fingerprint}</code>, added <Time at={at} />
            {createdBy === null ? null : ` by ${createdBy}`}. You can undo this: the same key is added with one click.
          </>
        ),
      },
    ],
    subject: id,
    within,
  };
}

export async function asksToRemoveHook(visit: Visit): Promise<Question> {
  const { hook } = await readWebhook(visit.ctx, await permitTo(visit, HOOKS), idTyped(visit));
  return {
    title: 'Remove this webhook?',
    lead: 'What listens there gets nothing more, and the list of deliveries is deleted.',
    act: 'Remove webhook',
    consequences: [
      {
        title: <span class="lk-break">{hook.config.url}</span>,
        facts: `It gets ${hook.events.join(', ')}. This can’t be undone${
          hook.config.secret === null ? '' : ': its secret is not shown again'
        }.`,
      },
    ],
    subject: hook.id,
    within,
  };
}

/** Null for opening it again. */
export async function asksToArchive(visit: Visit): Promise<Question | null> {
  if (visit.field('archived') !== 'on') return null;
  await permitTo(visit, SEE_SETTINGS);
  return {
    title: `Archive ${fullName(visit)}?`,
    lead: 'It becomes read-only, for people and for every token.',
    act: 'Archive',
    consequences: [
      { title: 'Pushes end, and so does every change over the API' },
      {
        title: 'Stays: everything in it, to clone and to read',
        facts: 'You can undo this: unarchive it.',
        stays: true,
      },
    ],
    subject: null,
    within,
  };
}

/** Null where nobody loses and nobody gains. */
export async function asksToChangeVisibility(visit: Visit): Promise<Question | null> {
  const wanted = visit.field('visibility');
  const { repository } = await viewTarget(visit.ctx, await permitTo(visit));
  if (wanted === '' || wanted === repository.visibility) return null;
  const opens = wanted === 'public' || (wanted === 'internal' && repository.visibility === 'private');
  const readers = wanted === 'public' ? 'Everybody, signed in or not,' : 'Everybody with an account here';
  return {
    title: `Make ${fullName(visit)} ${wanted}?`,
    lead: opens
      ? 'Every branch, every commit and all that was ever pushed can be read, by tokens, too.'
      : 'Only people with a role here can read it from the next request on.',
    act: `Make it ${wanted}`,
    consequences: opens
      ? [{ title: `${readers} can read it`, facts: 'What was read stays read, even if you close it again.' }]
      : [
          { title: 'Everybody else loses it', facts: 'Their tokens, too. Copies that they have stay with them.' },
          { title: 'Stays: the roles of collaborators and members', facts: 'You can undo this.', stays: true },
        ],
    subject: [repository.visibility, wanted],
    within,
  };
}

export async function asksToTransfer(visit: Visit): Promise<Question> {
  const draft = transferTyped(visit);
  const { to, name, grantsLost } = await previewTransfer(visit.ctx, await permitTo(visit, SEE_SETTINGS), draft);
  const there = `${to.login}/${name}`;
  return {
    title: `Give ${fullName(visit)} to ${to.login}?`,
    lead: `It is ${there} from the next request on. The owners there decide about it; you only if you are one.`,
    act: `Give it to ${to.login}`,
    consequences: [
      ...(grantsLost === 0
        ? []
        : [
            {
              title: `${grantsLost} ${grantsLost === 1 ? 'token that selected it loses' : 'grants of tokens lose'} it`,
              facts: `Only tokens whose resource owner is ${to.login} reach it.`,
            },
          ]),
      { title: 'What teams and members of the old owner may do there ends; roles of machine accounts, too' },
      {
        title: 'Stays: people with a role of their own, protected branches, deploy keys and webhooks',
        facts: `The old address leads on to it, also for git, until ${nameOf(visit).owner} has another of that name.`,
        stays: true,
      },
    ],
    subject: [to.id, name, grantsLost],
    within,
  };
}

/** Only with its name typed: without, `run` says so. */
export async function asksToDelete(visit: Visit): Promise<Question | null> {
  if (visit.field('confirm').toLowerCase() !== fullName(visit).toLowerCase()) return null;
  const permit = await permitTo(visit, SEE_SETTINGS);
  const { owner } = await viewTarget(visit.ctx, permit);
  const [tokens, access, keys, hooks] = await Promise.all([
    countSelected(visit.ctx, permit),
    listAccess(visit.ctx, permit, 'direct', { afterId: 0, skip: 0, limit: SHOWN }),
    readDeployKeys(visit.ctx, permit, { beforeId: null, limit: SHOWN }),
    readWebhooks(visit.ctx, permit, { beforeId: null, limit: MAX_WEBHOOKS }),
  ]);
  const people = access.filter(({ account }) => account.id !== owner.id);
  const many = (count: number, one: string, more: string): string =>
    `${count === SHOWN ? 'At least ' : ''}${count} ${count === 1 ? `${one} ends` : `${more} end`}`;
  return {
    title: `Delete ${fullName(visit)} for good?`,
    lead: 'Every clone, push and request to it fails from now on. This can’t be undone.',
    act: 'Delete it for good',
    consequences: [
      { title: 'All branches, tags and commits, and files of Git LFS, are deleted' },
      ...(tokens === 0 ? [] : [{ title: <SelectedBy visit={visit} owner={owner} tokens={tokens} /> }]),
      ...(people.length === 0 ? [] : [{ title: many(people.length, 'role', 'roles') }]),
      ...(keys.length === 0 ? [] : [{ title: many(keys.length, 'deploy key', 'deploy keys') }]),
      ...(hooks.length === 0 ? [] : [{ title: many(hooks.length, 'webhook', 'webhooks') }]),
      { title: 'Stays: tokens that reach other repositories, and entries in the audit log', stays: true },
    ],
    subject: [tokens, people.length, keys.length, hooks.length],
    within,
  };
}

/** The tokens that lose a repository; an organization's owner can see which. */
function SelectedBy({
  visit,
  owner,
  tokens,
}: {
  visit: Visit;
  owner: { readonly id: number; readonly login: string };
  tokens: number;
}): VNode {
  const isOwner = visit.user.identity.facts?.memberships.get(owner.id) === 'owner';
  const list = `${organizationPath(owner.login, 'personal-access-tokens')}?repository=${fullName(visit)}`;
  return (
    <>
      {tokens === 1 ? '1 token that selected it loses it' : `${tokens} tokens that selected it lose it`}
      {isOwner ? (
        <>
          {' '}
          (<a href={list}>see {tokens === 1 ? 'it' : 'them'}</a>)
        </>
      ) : null}
    </>
  );
}
