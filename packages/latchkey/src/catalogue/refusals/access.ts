/**
 * Refusals of a live credential: what owners allow, what is visible, what is permitted.
 *
 * Invariant: `not_found` and `public_only` say the same whether the thing doesn't exist, isn't selected, or may not
 * be seen.
 */

import { APPROVAL_REFUSAL } from './approval.ts';
import {
  editPath,
  forgetOther,
  help,
  listed,
  MAX_SHOWN_LENGTH,
  missingInWords,
  moveInWords,
  newClassicPath,
  newFineGrainedPath,
  newPath,
  newScopedPath,
  reachPath,
  renewPath,
  sentenceCase,
  shown,
  ssoPath,
  suggestedScopes,
  theOwner,
  thePerson,
  theTarget,
  theToken,
  tokenPath,
  whoDecides,
  withOtherAccount,
} from './links.ts';
import type { Reason, RefusalEntry, RefusalFacts, Remedy } from './refusal.ts';

const TOLD_TO_THE_LIVING = { strangerMayHear: false, credentialIsDead: false };

/** For a path already made safe to show, with the text around it. */
const MAX_SHOWN_PLACE_LENGTH = 2 * MAX_SHOWN_LENGTH;

/** For a reason that somebody gave in their own words. */
const MAX_REASON_SHOWN = 4 * MAX_SHOWN_LENGTH;

const KIND_IN_WORDS = {
  'fine-grained': 'fine-grained tokens',
  classic: 'classic tokens',
  scoped: 'scoped tokens',
} as const;

/** `the scope repo`, `one of the scopes repo or security_events`, or permissions when no scope gives them. */
function lackingScopes(facts: RefusalFacts): string {
  const { missingScopes, tokenKind } = facts;
  if (missingScopes.length > 1) return `lacks a scope for this: ${listed(missingScopes, 'or')}`;
  const scopes =
    missingScopes.length === 1 ? missingScopes : suggestedScopes(tokenKind === 'scoped' ? 'scoped' : 'classic', facts);
  if (scopes.length === 0)
    return facts.missing.length === 0 ? 'lacks a scope for this' : `has no scope that gives ${missingInWords(facts)}`;
  return `lacks the scope${scopes.length > 1 ? 's' : ''} ${listed(scopes)}`;
}

/** Where to add scopes. GitLab's can't be changed, and what no scope gives needs a fine-grained token. */
function addScopes(facts: RefusalFacts): Remedy {
  const dialect = facts.tokenKind === 'scoped' ? 'scoped' : 'classic';
  if (suggestedScopes(dialect, facts).length === 0)
    return { text: 'A fine-grained token can have that:', url: newFineGrainedPath(facts) };
  return dialect === 'classic'
    ? { text: 'Add what is missing:', url: editPath(facts) }
    : { text: 'Its scopes are fixed; create another with those it needs:', url: newScopedPath(facts) };
}

function workflowLack({ tokenKind }: RefusalFacts): string {
  if (tokenKind === 'classic') return 'the scope workflow';
  return tokenKind === 'scoped' ? 'the scope write_repository' : 'workflows: write';
}

/** The facts with the permission for workflow files as the only one missing, which it is. */
function lackingWorkflows(facts: RefusalFacts): RefusalFacts {
  return { ...facts, missing: [{ permission: 'workflows', level: 'write' }], missingScopes: [] };
}

export const ACCESS_REFUSALS = {
  organization_address_not_allowed: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${theOwner(facts, 'This organization')} may not be reached from ${facts.address ?? 'this address'}.`,
    remedy: (facts) =>
      help('organization_address_not_allowed', `Use a network that it allows, or ask an owner of ${theOwner(facts)}:`),
    about:
      'The organization lets its private resources be reached from listed addresses only, whatever the credential.',
  },
  classic_forbidden: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${whoDecides(facts)} does not allow personal access tokens (classic).`,
    remedy: (facts) => ({ text: 'Create a fine-grained token instead:', url: newFineGrainedPath(facts) }),
    about:
      'The organization, or the instance for all of them, forbids classic tokens. Public resources stay ' + 'readable.',
  },
  key_forbidden: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${theOwner(facts)} does not allow people’s SSH keys.`,
    remedy: (facts) => ({
      text: 'Switch the remote to HTTPS, where a token is the password:',
      url: newFineGrainedPath(facts),
      command: `git remote set-url origin ${facts.publicUrl}/${shown(facts.fullName)}.git`,
    }),
    about:
      'A person’s key reaches all that the person can, and never expires, like a classic token without an ' +
      'expiry date. So it is kept out where the organization, or the instance, forbids classic tokens, caps ' +
      'their life or requires single sign-on. Deploy keys keep working.',
  },
  fine_grained_forbidden: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${whoDecides(facts)} does not allow fine-grained personal access tokens.`,
    remedy: (facts) => ({
      text: 'Create a classic token instead, or ask an owner which kind is allowed:',
      url: newClassicPath(facts),
    }),
    about:
      'The organization, or the instance for all of them, forbids fine-grained tokens. Public resources stay ' +
      'readable.',
  },
  scoped_forbidden: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${whoDecides(facts)} does not allow scoped personal access tokens.`,
    remedy: (facts) => ({ text: 'Create a fine-grained token instead:', url: newFineGrainedPath(facts) }),
    about:
      'The organization, or the instance for all of them, forbids tokens with GitLab’s scopes. Public resources ' +
      'stay readable.',
  },
  lifetime_over_policy: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => {
      const days =
        facts.capDays === null ? 'fewer days' : `at most ${facts.capDays} day${facts.capDays === 1 ? '' : 's'}`;
      const kind = facts.tokenKind === null ? 'tokens' : KIND_IN_WORDS[facts.tokenKind];
      return (
        `${whoDecides(facts)} allows ${kind} that live ${days}; ${theToken(facts)} ` +
        `${facts.expiresAt === null ? 'has no end' : 'lives longer'}.`
      );
    },
    remedy: (facts) => ({ text: 'Regenerate it with an earlier expiry date:', url: renewPath(facts, facts.capDays) }),
    about: 'A policy limits how long a token may live. Nothing is revoked: a token with a shorter life works at once.',
  },
  sso_not_authorized: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${theOwner(facts, 'This organization')} requires single sign-on; ${theToken(facts)} is not authorized for it.`,
    remedy: (facts) => ({ text: 'Authorize it here, then try again:', url: ssoPath(facts) }),
    about:
      'Each token is authorized for each organization that requires single sign-on, by its owner, who proves who ' +
      'they are at the organization’s identity provider first. A fine-grained token that is made after that proof is ' +
      'authorized at once. Changing the scopes of a classic or scoped token, or regenerating it, ends its ' +
      'authorization; leaving the organization, or another provider, ends all.',
  },
  sso_not_proved: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${theOwner(facts, 'This organization')} requires single sign-on of its members.`,
    remedy: (facts) => ({
      text: 'Prove who you are at its identity provider. That holds for 24 hours in this browser:',
      url: ssoPath(facts),
    }),
    about:
      'The organization wants its members to prove who they are at its identity provider, once a day in each ' +
      'browser. Public resources stay readable, and nothing is taken away. When the provider is down, an owner ' +
      'comes in with a recovery code of the organization, and an administrator of the instance can lift the ' +
      'requirement.',
  },
  two_factor_required: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${whoDecides(facts)} requires two-factor authentication, and ${thePerson(facts, 'this account')} has none.`,
    remedy: () => ({
      text: 'Until it is on, only public resources can be read. Turn it on, and this works at once:',
      url: '/settings/security/two-factor',
    }),
    about:
      'The organization, or the instance for all of them, requires two-factor authentication from a certain ' +
      'day. Without it, only what is public can be reached, with tokens and signed in. Nothing is taken away: ' +
      'all of it works again as soon as it is on.',
  },
  grant_pending: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${sentenceCase(theToken(facts))} waits until an owner of ${theOwner(facts)} approves it.`,
    remedy: (facts) => ({
      text: 'Until then it reads what is public. Its page says who can approve it, and reminds them:',
      url: tokenPath(facts),
    }),
    about:
      'The organization approves fine-grained tokens before they reach anything of its own. Its owners hear of ' +
      'requests once a day by mail; the token’s page, or latchkey token remind, reminds them.',
  },
  grant_denied: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `An owner of ${theOwner(facts)} denied the request of ${theToken(facts)}` +
      (facts.denialReason === null ? '.' : `. Their reason: "${shown(facts.denialReason, MAX_REASON_SHOWN)}"`),
    remedy: (facts) => ({
      text: 'Change it and ask again on its page:',
      url: reachPath(facts),
    }),
    about: 'The request for access to the organization was denied. The token still reads what is public.',
  },
  grant_revoked: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `An owner of ${theOwner(facts)} revoked the access of ${theToken(facts)}.`,
    remedy: (facts) =>
      facts.tokenKind === 'fine-grained'
        ? { text: 'Ask again on the token’s page:', url: reachPath(facts) }
        : {
            text: `Ask an owner of ${theOwner(facts)} to give it back, or create a fine-grained token:`,
            url: newFineGrainedPath(facts),
          },
    about:
      'The organization ended what the token could do there. The token itself was not revoked, and still reads ' +
      'what is public.',
  },
  not_found: {
    strangerMayHear: true,
    credentialIsDead: false,
    sentence: (facts) => {
      if (facts.tokenKind === null) return `${theTarget(facts, 'This')} does not exist, or you may not see it.`;
      return withOtherAccount(
        `${theTarget(facts, 'This')} does not exist, is not selected for this token, or ${thePerson(facts)} may ` +
          `not see it.`,
        facts,
      );
    },
    remedy: (facts) => {
      if (facts.sshKey === 'deploy')
        return help('not_found', 'Check the name, and which key ssh sends: a deploy key opens one repository alone:');
      if (facts.tokenKind === null)
        return help('not_found', 'Check the name, and with whose account you are signed in:');
      return (
        forgetOther(facts) ?? {
          text:
            `Check the name, then what the token ` +
            `reaches${facts.reaches === null ? '' : ` (now ${shown(facts.reaches)})`}:`,
          url: reachPath(facts),
        }
      );
    },
    about:
      'One answer for three causes, so that it tells nobody what exists: there is no such thing, the token ' +
      'doesn’t reach it, or its owner may not see it.',
  },
  public_only: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      withOtherAccount(
        `${sentenceCase(theToken(facts))} reads public repositories only; ${theTarget(facts)} is none of them, ` +
          `or does not exist.`,
        facts,
      ),
    remedy: (facts) =>
      forgetOther(facts) ??
      (facts.tokenKind === 'scoped'
        ? { text: 'Create another with a scope for repositories:', url: newScopedPath(facts) }
        : {
            text: facts.tokenKind === 'classic' ? 'Add a scope for repositories:' : 'Give it repositories:',
            url: publicOnlyPath(facts),
          }),
    about:
      'The token has no scope, or only “public repositories”. The answer is the same for a private repository ' +
      'and for one that doesn’t exist.',
  },
  resource_owner_mismatch: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      withOtherAccount(`${sentenceCase(theToken(facts))} is not for resources of ${theOwner(facts)}.`, facts),
    remedy: (facts) =>
      forgetOther(facts) ?? {
        text: `Add ${theOwner(facts)} to it, or create another:`,
        url: reachPath(facts),
      },
    about:
      'A fine-grained token reaches the resource owners that it was made for. What is public can be read, but ' +
      'changing it takes a grant of its owner.',
  },
  repository_not_selected: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      withOtherAccount(`${theTarget(facts, 'This')} is not among the repositories of ${theToken(facts)}.`, facts),
    remedy: (facts) => forgetOther(facts) ?? { text: 'Add it on the page of the token:', url: reachPath(facts) },
    about: 'The token is for selected repositories. Told only of what is public, so that it confirms nothing.',
  },
  permission_missing: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${sentenceCase(theToken(facts))} lacks ` +
      `${missingInWords(facts) || 'a permission'}${facts.fullName === '' ? '' : ` on ${theTarget(facts)}`}.`,
    remedy: (facts) => ({ text: 'Add what is missing:', url: editPath(facts) }),
    about:
      'The token reaches the resource, but was not given the permission that this operation needs. Everything ' +
      'that is missing is named at once.',
  },
  scope_missing: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${sentenceCase(theToken(facts))} ${lackingScopes(facts)}.`,
    remedy: addScopes,
    about:
      'A classic or scoped token does what its scopes open. Where several would do, all are named; the link ' +
      'chooses the one that opens least.',
  },
  token_derived: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${sentenceCase(theToken(facts))} changes nothing that gives access beyond its own life.`,
    remedy: ({ derivedFrom }) => ({
      text: `Use ${derivedFrom === null ? 'the other one' : `"${shown(derivedFrom)}"`} itself, or sign in:`,
      url: '/',
    }),
    about:
      'A token that was derived from another is short, narrow and dead with it. So that it gives away nothing that ' +
      'outlives it, it changes no tokens, keys, e-mail addresses, webhooks, collaborators, members or settings, and ' +
      'makes no repositories, whatever the other one may do. It may derive one more time, and end itself.',
  },
  token_for_other_resource: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${sentenceCase(theToken(facts))} is only for ${facts.resource || facts.publicUrl}, which is not what was asked.`,
    remedy: () => help('token_for_other_resource', 'Sign in again, to this service, or use another token:'),
    about:
      'Somebody signed in with an OAuth application that asked for one service (`resource`, RFC 8707). Its tokens ' +
      'open nothing anywhere else, so that a service can’t use what it is shown at another one. The application gets ' +
      'one for this service when somebody signs in to it with this one.',
  },
  workflow_permission_missing: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => {
      const [path, ...others] = facts.paths;
      const files =
        path === undefined
          ? 'workflow files'
          : `${shown(path)}${others.length === 0 ? '' : ` and ${others.length} more`}`;
      return `The push changes ${files}; ${theToken(facts)} lacks ${workflowLack(facts)}.`;
    },
    remedy: (facts) => addForWorkflows(lackingWorkflows(facts)),
    about:
      'Files under .github/workflows run with rights of their own, so changing them takes a permission beyond ' +
      'contents. Nothing of the push was accepted.',
  },
  ref_not_allowed: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${sentenceCase(theToken(facts))} may not ${facts.move === null ? 'move this ref' : moveInWords(facts.move)}` +
      `${facts.move === null ? '' : `: ${facts.move.because}`}.`,
    remedy: (facts) => ({
      text: 'Push to a ref that its rules allow, or create a token for this one:',
      url: newPath(facts),
    }),
    about:
      'A token may have ref rules: a list of patterns, and of what may happen to the branches and tags that each ' +
      'matches. The first pattern that matches decides; what none matches is refused. The rest of a push passes, ' +
      'unless it was --atomic. Names are compared letter by letter: Agent/x is not agent/x. HEAD, refs/replace and ' +
      'other refs that are not for people are closed to every token with rules.',
  },
  ref_protected: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${facts.move === null ? 'That ref' : shown(facts.move.ref)} of ${theTarget(facts)} is ` +
      `${facts.move === null ? 'protected' : facts.move.because}.`,
    remedy: (facts) => help('ref_protected', `Push to another branch, or ask whoever administers ${theTarget(facts)}:`),
    about:
      'A repository may protect branches and tags: for each pattern it says which role may create, push to, ' +
      'force-push and delete what it matches. Of several that match, the strictest decides, and it does for ' +
      'everybody, whatever the token. The rest of a push passes, unless it was --atomic. Administrators change it in ' +
      'the settings of the repository.',
  },
  ref_needs_approval: APPROVAL_REFUSAL,
  token_in_content: {
    ...TOLD_TO_THE_LIVING,
    sentence: ({ paths: [place] }) =>
      place === undefined
        ? 'What was sent holds more texts that look like personal access tokens than are looked up.'
        : `What was sent holds a live personal access token: ${shown(place, MAX_SHOWN_PLACE_LENGTH)}.`,
    remedy: ({ paths }) =>
      help(
        'token_in_content',
        paths.length === 0
          ? 'Send it in smaller parts, or take them out:'
          : 'Whoever can read the repository could use it. Revoke it, or take it out of every commit, then push again:',
      ),
    about:
      'A token that was not revoked stands in a file, a commit or a tag, plain, encoded or in an archive; perhaps ' +
      'the same file lies in other ' +
      'places, too. Nothing of the push was taken. If anybody else has seen the commit, revoke the token: then ' +
      'the push goes through ' +
      'as it is. If it was only ever on your machine, take it out: git commit --amend changes the last commit, ' +
      'git rebase --interactive older ones. ' +
      'In a public repository nothing is refused: there the token is revoked once the push is taken, and its owner ' +
      'told.',
  },
  push_too_large: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `A push may send ${theLimit(facts)} at most; this one is larger.`,
    remedy: () => help('push_too_large', 'Push some commits at a time, or ask an administrator for more:'),
    about:
      'The server takes no larger push (setting max-push-mib), and stopped reading there; nothing of it was kept. ' +
      'Push in steps, oldest first: git push origin COMMIT:refs/heads/BRANCH, with a commit further on each time.',
  },
  file_too_large: {
    ...TOLD_TO_THE_LIVING,
    sentence: ({ paths: [path = 'A file', ...others], ...facts }) =>
      `${shown(path)}${others.length === 0 ? ' is' : ` and ${others.length} more are`} larger than ` +
      `${theLimit(facts)}, the most that a file may have.`,
    remedy: () => help('file_too_large', 'Take it out of every commit, or ask an administrator for more:'),
    about:
      'The server takes no larger file (setting max-file-mib; max-lfs-file-mib for an object of Git LFS), also in an ' +
      'older commit of what is pushed. Nothing was taken. git commit --amend changes the last commit, git rebase ' +
      '--interactive older ones; git lfs migrate import moves large files to Git LFS. Files that are built or ' +
      'downloaded belong elsewhere.',
  },
  repository_full: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${theTarget(facts, 'This repository')} has no room for this: a repository may have ${theLimit(facts)} at most.`,
    remedy: () => help('repository_full', 'Ask an administrator for more, or for a clean-up:'),
    about:
      'The repository takes up as much of the disk as the server allows (setting max-repository-mib; ' +
      'max-lfs-repository-mib for its objects of Git LFS), or would after this push. Nothing of it was taken. ' +
      'Branches and tags can still be deleted, but what they held goes only when an administrator runs git gc in the ' +
      'repository, or latchkey admin lfs gc.',
  },
  too_many_refs: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) =>
      `${theTarget(facts, 'This repository')} has no room for more branches and tags: a repository may have ` +
      `${theLimit(facts)} at most.`,
    remedy: () => help('too_many_refs', 'Delete some that nobody needs, then try again, or ask an administrator:'),
    about:
      'Every branch, tag and other ref of a repository counts, up to the limit of the server (setting max-refs). ' +
      'Nothing of the push was taken. git push origin --delete BRANCH makes room; a push that deletes as many as it ' +
      'makes passes.',
  },
  key_reads_only: {
    ...TOLD_TO_THE_LIVING,
    sentence: () => 'This deploy key only reads.',
    remedy: (facts) => help('key_reads_only', `An administrator of ${theTarget(facts)} can add one that also writes:`),
    about:
      'A deploy key opens one repository over SSH. Whoever adds it chooses whether it also writes, and that can’t be ' +
      'changed afterwards: remove the key, and add it again with write access.',
  },
  role_insufficient: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => {
      const what = missingInWords(facts);
      const where = facts.fullName === '' ? '' : ` on ${theTarget(facts)}`;
      if (facts.sshKey === 'deploy') return `This deploy key may only read ${theTarget(facts)}: it is another’s.`;
      return withOtherAccount(
        `${thePerson(facts, 'Its owner')} may not do this${where}${what === '' ? '' : ` (${what})`}, so their ` +
          `${facts.sshKey === null ? 'tokens' : 'keys'} may not either.`,
        facts,
      );
    },
    remedy: (facts) =>
      forgetOther(facts) ??
      help(
        'role_insufficient',
        `Ask whoever administers ${facts.fullName === '' ? facts.instanceName : theTarget(facts)} for a higher role:`,
      ),
    about:
      'The person behind the credential has no role there that allows it today. The token is fine: it works ' +
      'again when the role is given.',
  },
  repository_archived: {
    ...TOLD_TO_THE_LIVING,
    sentence: (facts) => `${theTarget(facts, 'This')} is archived: it can be read, not changed.`,
    remedy: (facts) => help('repository_archived', `Whoever administers ${theTarget(facts)} can unarchive it:`),
    about: 'Nobody can change an archived repository until an administrator of it unarchives it.',
  },
} satisfies Partial<Record<Reason, RefusalEntry>>;

function theLimit({ limit }: Pick<RefusalFacts, 'limit'>): string {
  return limit ?? 'a limit';
}

function publicOnlyPath(facts: RefusalFacts): string {
  return facts.tokenKind === 'fine-grained' ? reachPath(facts) : editPath({ ...facts, missingScopes: ['repo'] });
}

function addForWorkflows(facts: RefusalFacts): Remedy {
  return facts.tokenKind === 'fine-grained' || facts.tokenKind === null
    ? { text: 'Add what is missing, then push again:', url: editPath(facts) }
    : addScopes(facts);
}
