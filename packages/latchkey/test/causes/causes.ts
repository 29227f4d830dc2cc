/** Every cause of section J that a server can know, as something that happens to Bob. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import { organizationNamed, removeMember, suspendUser } from '../../src/actions/accounts/accounts.ts';
import { lockUser } from '../../src/actions/accounts/locks.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { changeMemberTokens } from '../../src/actions/organizations/member-tokens.ts';
import { protectRefs, unprotectRefs } from '../../src/actions/repositories/refs/protections.ts';
import { archiveRepository, removeCollaborator } from '../../src/actions/repositories/repositories.ts';
import { revokeToken } from '../../src/actions/tokens/tokens.ts';
import { digestOf } from '../../src/base/secret.ts';
import { DAY_SEC, HOUR_SEC } from '../../src/base/time.ts';
import type { Reason } from '../../src/catalogue/refusals/refusals.ts';
import { refRuleDrafts } from '../../src/rules/refs/ref-rule-text.ts';
import { lastEightOf, mintTokenText } from '../../src/rules/token-text.ts';
import { setDisabledByProvider } from '../../src/store/account-flags.ts';
import { accountByLogin } from '../../src/store/accounts.ts';
import { grantsOf, setGrantState } from '../../src/store/grants.ts';
import { authorizeForOrganization } from '../../src/store/token-organizations.ts';
import { replaceSecret, updateToken } from '../../src/store/tokens.ts';
import { keyOn } from '../doors/web/visitor.ts';
import { follow, linkInMail, pressAs } from './follow.ts';
import { type Made, PASSWORD, type Try, type World } from './world.ts';

export interface Cause {
  readonly name: string;
  readonly reason: Reason;
  /** The lines after `remote:`; `{url}`, `{host}` and `{when}` stand for what differs between runs. */
  readonly says: readonly string[];
  /** Git's own last line. After `Authentication failed` git forgets the credential; otherwise it keeps it. */
  readonly git: string;
  arrange(world: World): Promise<Try>;
  /** What fixes it, when the remedy isn't a link to follow; returns the next try. */
  mend?(world: World, attempt: Try, line: string): Promise<Try>;
}

const SITE = { owner: 'acme', name: 'site' };

const clone = (made: Made | string, given: Partial<Try> = {}): Try => ({
  username: 'bob',
  secret: typeof made === 'string' ? made : made.secret,
  repository: 'acme/site',
  operation: 'clone',
  ...given,
});
const push = (made: Made | string, given: Partial<Try> = {}): Try => clone(made, { operation: 'push', ...given });

async function grantState(world: World, made: Made, state: 'pending' | 'denied' | 'revoked'): Promise<void> {
  const { store, clock } = world.server.context;
  const [grant] = (await grantsOf(store.db, [made.id])).get(made.id)!;
  await store.transaction((tx) => setGrantState(tx, grant!.id, ['active', 'pending'], state, clock.now()));
}

async function disabledByProvider(ctx: World['server']['context'], login: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const account = await accountByLogin(tx, login);
    await setDisabledByProvider(tx, account!.id, ctx.clock.now());
  });
}

async function change(world: World, made: Made, given: Parameters<typeof updateToken>[2]): Promise<void> {
  const { store, clock } = world.server.context;
  await store.transaction((tx) => updateToken(tx, made.id, given, clock.now()));
}

const AUTHENTICATION_FAILED = "fatal: Authentication failed for 'SERVER/acme/site.git/'";
const forbidden = (repository: string): string =>
  `fatal: unable to access 'SERVER/${repository}.git/': The requested URL returned error: 403`;
const badRequest = (repository: string): string =>
  `fatal: unable to access 'SERVER/${repository}.git/': The requested URL returned error: 400`;
const notFound = (repository: string): string => `fatal: repository 'SERVER/${repository}.git/' not found`;

export const CAUSES: readonly Cause[] = [
  {
    name: 'a password instead of a token',
    reason: 'password_not_accepted',
    says: [
      'That is no token. The password of an account is not accepted here; a personal access token is.',
      'Create a token and paste it where the password is asked for:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async () => clone('hunter2hunter2'),
  },
  {
    name: 'a password with two-factor authentication',
    reason: 'password_with_two_factor',
    says: [
      'Two-factor authentication is on for this account, so the password no longer works here.',
      'Create a token and use it in place of the password:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      await world.server.context.store.db
        .updateTable('accounts')
        .set({ two_factor_at: 1 })
        .where('login', '=', 'bob')
        .execute();
      return clone(PASSWORD);
    },
  },
  {
    name: 'a living token in quotes',
    reason: 'token_wrapped',
    says: [
      'A token came, but in double quotes, so it could not be read.',
      'Take away everything but the token where it is kept (a variable, a file, a CI secret):',
      '{url}/help/token_wrapped',
    ],
    git: badRequest('acme/site'),
    arrange: async (world) => clone(`"${(await world.token()).secret}"`),
    mend: async (_world, attempt) => ({ ...attempt, secret: attempt.secret.slice(1, -1) }),
  },
  {
    name: 'a variable that was not replaced',
    reason: 'placeholder_sent',
    says: [
      'What came in the place of the token is the name of a variable: a variable was not replaced.',
      'Set it where the command runs (single quotes keep a shell from replacing it). To create a token:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: badRequest('acme/site'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is sent.
    arrange: async () => clone('${{ secrets.LATCHKEY_TOKEN }}'),
  },
  {
    name: 'an unknown token',
    reason: 'token_unknown',
    says: [
      'Latchkey at {host} does not know that token. It was deleted, or is for another server.',
      'Check the address, or create a token here:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async () => clone(mintTokenText('fine-grained', randomBytes, null)),
  },
  {
    name: 'a typo',
    reason: 'token_mistyped',
    says: [
      'That token is damaged: its last characters do not fit the others.',
      'Copy it again, whole. If it is lost, create another:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const { secret } = await world.token();
      return clone(secret.slice(0, 10) + (secret[10] === 'x' ? 'y' : 'x') + secret.slice(11));
    },
  },
  {
    name: 'an expired token',
    reason: 'token_expired',
    says: [
      'The token "laptop" expired on {when}.',
      'Regenerate it, then use the new value:',
      '{url}/settings/personal-access-tokens/1/renew',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      await change(world, made, { expiresAt: world.server.context.clock.now() - HOUR_SEC });
      return clone(made);
    },
  },
  {
    name: 'a revoked token',
    reason: 'token_revoked',
    says: [
      'The token "laptop" was revoked on {when} (ada).',
      'It does not come back. Create another:',
      '{url}/settings/personal-access-tokens/new?name=laptop&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      await revokeToken(world.server.context, operatorPermit(), made.id, 'ada');
      return clone(made);
    },
  },
  {
    name: 'a token that was rotated',
    reason: 'token_replaced',
    says: [
      'The token "laptop" was rotated, and this is its old value.',
      'Use the new value. If nobody has it, regenerate the token:',
      '{url}/settings/personal-access-tokens/1/renew',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      const { store, clock } = world.server.context;
      const text = mintTokenText('fine-grained', randomBytes, null);
      await store.transaction((tx) =>
        replaceSecret(tx, made.id, {
          secret: { digest: digestOf(text), lastEight: lastEightOf(text) },
          expiresAt: null,
          overlapEndsAt: null,
          at: clock.now(),
        }),
      );
      return clone(made);
    },
  },
  {
    name: 'a token that is for later',
    reason: 'token_not_yet_valid',
    says: [
      'The token "laptop" works only from {when}.',
      'Wait until then, or change its start date:',
      '{url}/settings/personal-access-tokens/1',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await change(world, made, { notBeforeAt: world.server.context.clock.now() + DAY_SEC });
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'bob', `${world.url}/settings/personal-access-tokens/1/edit`, 'create', { not_before: '' });
      return attempt;
    },
  },
  {
    name: 'a token without uses left',
    reason: 'token_used_up',
    says: [
      'The token "laptop" was for a limited number of uses, and none is left.',
      'Regenerate it with more uses, or create another:',
      '{url}/settings/personal-access-tokens/1/renew',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      await change(world, made, { usesLeft: 0 });
      return clone(made);
    },
  },
  {
    name: 'an address that is not on the list',
    reason: 'address_not_allowed',
    says: [
      'The token "laptop" may not be used from 127.0.0.1.',
      'bob can change where it may be used from:',
      '{url}/settings/personal-access-tokens/1',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await change(world, made, { allowedAddresses: ['192.0.2.0/24'] });
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'bob', `${world.url}/settings/personal-access-tokens/1/edit`, 'create', {
        allowed_addresses: '',
      });
      return attempt;
    },
  },
  {
    name: 'an organization that is reached from elsewhere',
    reason: 'organization_address_not_allowed',
    says: [
      'acme may not be reached from 127.0.0.1.',
      'Use a network that it allows, or ask an owner of acme:',
      '{url}/help/organization_address_not_allowed',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      await world.policy('acme', { allowedAddresses: ['192.0.2.0/24'] });
      return clone(await world.token());
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'root', `${world.url}/organizations/acme/settings/personal-access-token-policy`, 'policy', {
        allowed_addresses: '',
      });
      return attempt;
    },
  },
  {
    name: 'approval that is pending',
    reason: 'grant_pending',
    says: [
      'The token "laptop" waits until an owner of acme approves it.',
      'Until then it reads what is public. Its page says who can approve it, and reminds them:',
      '{url}/settings/personal-access-tokens/1',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      await world.policy('acme', { requiresApproval: true });
      return clone(await world.token({ grants: [{ justification: 'deploy' }] }));
    },
    mend: async (world, attempt) => {
      const { page } = await follow(world, `${world.url}/settings/personal-access-tokens/1`, attempt);
      expect(page).toContain('Reminder sent.');
      const link = await linkInMail(world, 'ada', 'bob asks for your approval in acme');
      await pressAs(world, 'ada', link, 'review', { ids: '1', action: 'approve' });
      return attempt;
    },
  },
  {
    name: 'approval that was denied',
    reason: 'grant_denied',
    says: [
      'An owner of acme denied the request of the token "laptop".',
      'Change it and ask again on its page:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=read',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await grantState(world, made, 'denied');
      return clone(made);
    },
  },
  {
    name: 'access that an owner took back',
    reason: 'grant_revoked',
    says: [
      'An owner of acme revoked the access of the token "laptop".',
      'Ask again on the token’s page:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=read',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await grantState(world, made, 'revoked');
      return clone(made);
    },
  },
  {
    name: 'access that an owner took back from a classic token',
    reason: 'grant_revoked',
    says: [
      'An owner of acme revoked the access of the token "laptop".',
      'Ask an owner of acme to give it back, or create a fine-grained token:',
      '{url}/settings/personal-access-tokens/new?name=laptop&target_name=acme&repositories=site&contents=read',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token({ kind: 'classic', scopes: ['repo'] });
      await changeMemberTokens(world.server.context, operatorPermit(), 'acme', 'revoke', { tokenIds: [made.id] });
      return clone(made);
    },
  },
  {
    name: 'no username',
    reason: 'username_missing',
    says: [
      'A username is needed, and none was sent. Any name will do: the token alone decides.',
      'Put one into the address:',
      'git clone http://git@{host}/acme/site.git',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => clone(await world.token(), { username: '' }),
    mend: async (_world, attempt) => ({ ...attempt, username: 'git' }),
  },
  {
    name: 'a token of another account than the URL names',
    reason: 'not_found',
    says: [
      'acme/site does not exist, is not selected for this token, or cy may not see it. (The token is of cy, not bob.)',
      'That is another account’s token. Have git forget it, then try again with your own:',
      "printf 'protocol=http\\nhost={host}\\nusername=bob\\n\\n' | git credential reject",
    ],
    git: notFound('acme/site'),
    arrange: async (world) => clone(await world.token({ userLogin: 'cy', kind: 'classic', scopes: ['repo'] })),
    mend: async (world, attempt, line) => {
      const { git, env } = await world.machine(attempt);
      await promisify(execFile)('sh', ['-c', line], { env });
      const { output } = await git(['clone', `${world.url.replace('://', '://bob@')}/acme/site.git`, 'again']);
      expect(output, 'git asks for a token again').toContain('could not read Password');
      return { ...attempt, secret: (await world.token({ name: 'own' })).secret };
    },
  },
  {
    name: 'a token of another product',
    reason: 'token_of_other_product',
    says: [
      'That looks like a token of GitHub. Latchkey at {host} takes only its own.',
      'If it was sent here by mistake, revoke it there. Create one for this server:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async () => clone(`ghp_${'a1B2'.repeat(9)}`),
  },
  {
    name: 'a token of a third product',
    reason: 'token_of_other_product',
    says: [
      'That looks like a token of GitLab. Latchkey at {host} takes only its own.',
      'If it was sent here by mistake, revoke it there. Create one for this server:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async () => clone('glpat-abcdefghij0123456789'),
  },
  {
    name: 'an SSH key',
    reason: 'key_pasted',
    says: [
      'That looks like a public SSH key, not like a token. Over HTTPS a token is the password.',
      'A private key that was sent is no longer private: replace it. Create a token here:',
      '{url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async () => clone('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 bob@laptop'),
  },
  {
    name: 'a read-only token on push',
    reason: 'permission_missing',
    says: [
      'The token "laptop" lacks contents: write on acme/site.',
      'Add what is missing:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=write',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => push(await world.token({ grants: [{ permissions: { contents: 'read' } }] })),
  },
  {
    name: 'a scoped token that only reads, on push',
    reason: 'scope_missing',
    says: [
      'The token "laptop" lacks the scope write_repository.',
      'Its scopes are fixed; create another with those it needs:',
      '{url}/-/user_settings/personal_access_tokens?name=laptop&scopes=write_repository',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => push(await world.token({ kind: 'scoped', scopes: ['read_repository'] })),
  },
  {
    name: 'a private repository that is not selected',
    reason: 'not_found',
    says: [
      'acme/site does not exist, is not selected for this token, or bob may not see it.',
      'Check the name, then what the token reaches (now 1 selected repository):',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=read',
    ],
    git: notFound('acme/site'),
    arrange: async (world) => clone(await world.token({ grants: [{ selection: 'selected', repositories: ['docs'] }] })),
  },
  {
    name: 'a public repository that is not selected, on push',
    reason: 'repository_not_selected',
    says: [
      'acme/docs is not among the repositories of the token "laptop".',
      'Add it on the page of the token:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=docs&contents=write',
    ],
    git: forbidden('acme/docs'),
    arrange: async (world) =>
      push(await world.token({ grants: [{ selection: 'selected', repositories: ['site'] }] }), {
        repository: 'acme/docs',
      }),
  },
  {
    name: 'a wrong resource owner, on push',
    reason: 'resource_owner_mismatch',
    says: [
      'The token "laptop" is not for resources of acme.',
      'Add acme to it, or create another:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=docs&contents=write',
    ],
    git: forbidden('acme/docs'),
    arrange: async (world) => push(await world.token({ grants: [{ owner: 'bob' }] }), { repository: 'acme/docs' }),
  },
  {
    name: 'a wrong resource owner, private',
    reason: 'not_found',
    says: [
      'acme/site does not exist, is not selected for this token, or bob may not see it.',
      'Check the name, then what the token reaches (now all repositories of bob):',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=read',
    ],
    git: notFound('acme/site'),
    arrange: async (world) => clone(await world.token({ grants: [{ owner: 'bob' }] })),
  },
  {
    name: 'a workflow file',
    reason: 'workflow_permission_missing',
    says: [
      'The push changes workflow files; the token "laptop" lacks workflows: write.',
      '  .github/workflows/ci.yml',
      'Add what is missing, then push again:',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&workflows=write',
    ],
    git: "error: failed to push some refs to 'SERVER/acme/site.git'",
    arrange: async (world) => push(await world.token(), { file: '.github/workflows/ci.yml' }),
  },
  {
    name: 'a ref that the rules of the token do not open',
    reason: 'ref_not_allowed',
    says: [
      'The token "laptop" may not create docs: its ref rules allow agent/** only.',
      'Push to a ref that its rules allow, or create a token for this one:',
      '{url}/settings/personal-access-tokens/new' +
        '?name=laptop%20docs&target_name=acme&repositories=site&contents=write&ref_rules=docs',
    ],
    git: "error: failed to push some refs to 'SERVER/acme/site.git'",
    arrange: async (world) => push(await world.token({ refRules: [{ pattern: 'agent/**' }] }), { branch: 'docs' }),
  },
  {
    name: 'a branch that its repository protects',
    reason: 'ref_protected',
    says: [
      'docs of acme/site is protected: nobody may create it.',
      'Push to another branch, or ask whoever administers acme/site:',
      '{url}/help/ref_protected',
    ],
    git: "error: failed to push some refs to 'SERVER/acme/site.git'",
    arrange: async (world) => {
      await protectRefs(world.server.context, operatorPermit(), { pattern: 'docs', create: 'nobody' }, SITE);
      return push(await world.token(), { branch: 'docs' });
    },
    mend: async (world, attempt) => {
      await unprotectRefs(world.server.context, operatorPermit(), 'docs', SITE);
      return attempt;
    },
  },
  {
    name: 'a ref whose rule asks the owner of the token',
    reason: 'ref_needs_approval',
    says: [
      'The token "laptop" may not create docs: its owner has to approve just this first (request 1).',
      'Its owner looks at it and approves here; then do the same again, within 15 minutes:',
      '{url}/settings/push-approvals/1',
    ],
    git: "error: failed to push some refs to 'SERVER/acme/site.git'",
    arrange: async (world) =>
      push(await world.token({ refRules: refRuleDrafts(['docs: ask']) }), {
        branch: 'docs',
        content: 'the same each time',
        at: '2026-01-02T03:04:05Z',
      }),
    mend: async (world, attempt, line) => {
      await pressAs(world, 'bob', line, 'approve');
      return attempt;
    },
  },
  {
    name: 'a token in what is pushed',
    reason: 'token_in_content',
    says: [
      'What was sent holds a live personal access token: notes.txt, line 1 (ends in {end}).',
      'Whoever can read the repository could use it. Revoke it, or take it out of every commit, then push again:',
      '{url}/help/token_in_content',
    ],
    git: "error: failed to push some refs to 'SERVER/acme/site.git'",
    arrange: async (world) => {
      const made = await world.token();
      return push(made, { content: (await world.token({ name: 'leaked' })).secret });
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'bob', `${world.url}/settings/personal-access-tokens/2/delete`, 'delete', {});
      return attempt;
    },
  },
  {
    name: 'no scope',
    reason: 'public_only',
    says: [
      'The token "laptop" reads public repositories only; acme/site is none of them, or does not exist.',
      'Add a scope for repositories:',
      '{url}/settings/tokens/1?scopes=repo',
    ],
    git: notFound('acme/site'),
    arrange: async (world) => clone(await world.token({ kind: 'classic' })),
  },
  {
    name: 'classic tokens forbidden',
    reason: 'classic_forbidden',
    says: [
      'acme does not allow personal access tokens (classic).',
      'Create a fine-grained token instead:',
      '{url}/settings/personal-access-tokens/new?name=laptop&target_name=acme&repositories=site&contents=read',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token({ kind: 'classic', scopes: ['repo'] });
      await world.policy('acme', { allowed: { classic: false, 'fine-grained': null, scoped: null } });
      return clone(made);
    },
  },
  {
    name: 'fine-grained tokens forbidden',
    reason: 'fine_grained_forbidden',
    says: [
      'acme does not allow fine-grained personal access tokens.',
      'Create a classic token instead, or ask an owner which kind is allowed:',
      '{url}/settings/tokens/new?scopes=repo&description=laptop',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await world.policy('acme', { allowed: { classic: null, 'fine-grained': false, scoped: null } });
      return clone(made);
    },
  },
  {
    name: 'scoped tokens forbidden',
    reason: 'scoped_forbidden',
    says: [
      'acme does not allow scoped personal access tokens.',
      'Create a fine-grained token instead:',
      '{url}/settings/personal-access-tokens/new?name=laptop&target_name=acme&repositories=site&contents=read',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token({ kind: 'scoped', scopes: ['write_repository'] });
      await world.policy('acme', { allowed: { classic: null, 'fine-grained': null, scoped: false } });
      return clone(made);
    },
  },
  {
    name: 'a life that is longer than the policy allows',
    reason: 'lifetime_over_policy',
    says: [
      'acme allows fine-grained tokens that live at most 7 days; the token "laptop" lives longer.',
      'Regenerate it with an earlier expiry date:',
      '{url}/settings/personal-access-tokens/1/renew?expires_in=7',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await world.policy('acme', { maxLifetimeDays: { classic: null, 'fine-grained': 7, scoped: null } });
      return clone(made);
    },
  },
  {
    name: 'single sign-on that is not authorized',
    reason: 'sso_not_authorized',
    says: [
      'acme requires single sign-on; the token "laptop" is not authorized for it.',
      'Authorize it here, then try again:',
      '{url}/orgs/acme/sso?authorization_request=1',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token({ kind: 'classic', scopes: ['repo'] });
      await world.policy('acme', { requiresSso: true });
      return clone(made);
    },
    // The proof at a provider, and the button: test/doors/web/organization-sso.test.ts.
    mend: async ({ server: { context } }, attempt) => {
      const { id } = await organizationNamed(context.store.db, 'acme');
      await context.store.transaction((tx) => authorizeForOrganization(tx, 1, id, context.clock.now()));
      return attempt;
    },
  },
  {
    name: 'two-factor authentication that an organization requires',
    reason: 'two_factor_required',
    says: [
      'acme requires two-factor authentication, and bob has none.',
      'Until it is on, only public resources can be read. Turn it on, and this works at once:',
      '{url}/settings/security/two-factor',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await world.policy('acme', { twoFactorFrom: world.server.context.clock.now() });
      return clone(made);
    },
    mend: async (world, attempt, link) => {
      await pressAs(world, 'bob', link, 'confirm', (page) => ({
        otp: new TOTP({ secret: OtpSecret.fromBase32(keyOn(page)) }).generate(),
      }));
      return attempt;
    },
  },
  {
    name: 'an owner that lost access',
    reason: 'not_found',
    says: [
      'acme/site does not exist, is not selected for this token, or bob may not see it.',
      'Check the name, then what the token reaches (now all repositories of its resource owner):',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=site&contents=read',
    ],
    git: notFound('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      const { context } = world.server;
      await removeCollaborator(context, operatorPermit(), { owner: 'acme', name: 'site', login: 'bob' });
      await removeMember(context, operatorPermit(), { organization: 'acme', login: 'bob' });
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'ada', `${world.url}/organizations/acme/settings/people`, 'set', {
        login: 'bob',
        role: 'member',
      });
      return attempt;
    },
  },
  {
    name: 'a role that only reads',
    reason: 'role_insufficient',
    says: [
      'bob may not do this on acme/ledger (contents: write), so their tokens may not either.',
      'Ask whoever administers acme/ledger for a higher role:',
      '{url}/help/role_insufficient',
    ],
    git: forbidden('acme/ledger'),
    arrange: async (world) => push(await world.token(), { repository: 'acme/ledger' }),
    mend: async (world, attempt) => {
      await pressAs(world, 'ada', `${world.url}/acme/ledger/settings`, 'collaborator', { login: 'bob', role: 'write' });
      return attempt;
    },
  },
  {
    name: 'a suspended user',
    reason: 'owner_suspended',
    says: [
      'The account bob is suspended, so none of its tokens works.',
      'Ask an administrator of Latchkey:',
      '{url}/help/owner_suspended',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      await suspendUser(world.server.context, operatorPermit(), 'bob');
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'root', `${world.url}/instance/people`, 'restore', { login: 'bob' });
      return attempt;
    },
  },
  {
    name: 'somebody whom an identity provider disabled',
    reason: 'owner_disabled_by_provider',
    says: [
      'An identity provider disabled the account bob, so none of its tokens works.',
      'Ask whoever manages accounts at the provider, or an administrator of Latchkey:',
      '{url}/help/owner_disabled_by_provider',
    ],
    git: AUTHENTICATION_FAILED,
    arrange: async (world) => {
      const made = await world.token();
      await disabledByProvider(world.server.context, 'bob');
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'root', `${world.url}/instance/people`, 'lift-provider-flag', { login: 'bob' });
      return attempt;
    },
  },
  {
    name: 'a locked account',
    reason: 'account_locked',
    says: [
      'The account bob is locked, because somebody else may have been in it. Its tokens are frozen until its ' +
        'owner has reviewed them.',
      'bob can sign in and unlock it:',
      '{url}/settings/unlock',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await lockUser(world.server.context, operatorPermit(), 'bob');
      return clone(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'root', `${world.url}/instance/people`, 'unlock', { login: 'bob' });
      return attempt;
    },
  },
  {
    name: 'an archived repository',
    reason: 'repository_archived',
    says: [
      'acme/site is archived: it can be read, not changed.',
      'Whoever administers acme/site can unarchive it:',
      '{url}/help/repository_archived',
    ],
    git: forbidden('acme/site'),
    arrange: async (world) => {
      const made = await world.token();
      await archiveRepository(world.server.context, operatorPermit(), { owner: 'acme', name: 'site' });
      return push(made);
    },
    mend: async (world, attempt) => {
      await pressAs(world, 'ada', `${world.url}/acme/site/settings`, 'archive', { archived: '' });
      return attempt;
    },
  },
  {
    name: 'no such repository',
    reason: 'not_found',
    says: [
      'acme/nowhere does not exist, is not selected for this token, or bob may not see it.',
      'Check the name, then what the token reaches (now all repositories of its resource owner):',
      '{url}/settings/personal-access-tokens/1?target_name=acme&repositories=nowhere&contents=read',
    ],
    git: notFound('acme/nowhere'),
    arrange: async (world) => clone(await world.token(), { repository: 'acme/nowhere' }),
    mend: async (world, attempt) => {
      await pressAs(world, 'ada', `${world.url}/new`, 'repository', {
        owner: 'acme',
        name: 'nowhere',
        visibility: 'private',
      });
      return attempt;
    },
  },
];
