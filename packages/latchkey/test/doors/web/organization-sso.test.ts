/**
 * Single sign-on of an organization: its members prove who they are at a real provider, and authorize their tokens.
 * Ada owns octo, Bob is a member, Eve an outside collaborator. The attacks are those of a member without an identity.
 */
import Fastify from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { addOrganization, removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { githubDoor, PREFIX } from '../../../src/doors/github/door.ts';
import type { TokenKind } from '../../../src/rules/model.ts';
import { NO_POLICY } from '../../../src/rules/policy.ts';
import { setPolicy } from '../../../src/store/policies.ts';
import { type Answer, answerOf } from '../small-world.ts';
import { identityProvider, providerFiles, type TestProvider } from './identity-provider.ts';
import { type Seen, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const OPERATOR = operatorPermit();
const SSO = '/orgs/octo/sso';
const SETTINGS = '/organizations/octo/settings/single-sign-on';
const REDIRECTS = ['work', 'own'].map((name) => `http://localhost:7070/login/sso/${name}/callback`);

let work: TestProvider;
let own: TestProvider;
let files: ReturnType<typeof providerFiles>;
let world: WebWorld;
let ask: (operation: string, token: string | null) => Promise<Answer>;
let octo: number;

const entry = (name: string, label: string, issuer: string, more = ''): string =>
  `  - name: ${name}\n    label: ${label}\n    issuer: ${issuer}\n    client-id: latchkey\n` +
  `    client-secret-file: work.secret\n${more}`;

beforeAll(async () => {
  [work, own] = await Promise.all([identityProvider(REDIRECTS), identityProvider(REDIRECTS)]);
  const theirs = entry('own', 'Octo Inc', own.issuer, '    organizations: [Octo]\n');
  files = providerFiles(`providers:\n${entry('work', 'Example', work.issuer)}${theirs}`);
});

afterAll(async () => {
  files.remove();
  await Promise.all([work.close(), own.close()]);
});

beforeEach(async () => {
  world = await webWorld({ identityProviders: files.path });
  const { ctx } = world;
  for (const login of ['ada', 'bob', 'eve', 'cy']) await world.addPerson(login);
  for (const name of ['octo', 'pied']) {
    await addOrganization(ctx, OPERATOR, { name, owner: 'ada' });
    await setMember(ctx, OPERATOR, { organization: name, login: 'bob', role: 'member' });
    await addRepository(ctx, OPERATOR, { owner: name, name: 'private', visibility: 'private' });
  }
  await addRepository(ctx, OPERATOR, { owner: 'octo', name: 'public', visibility: 'public' });
  await setCollaborator(ctx, OPERATOR, { owner: 'octo', name: 'private', login: 'eve', role: 'read' });
  await changePolicy(ctx, OPERATOR, 'octo', { requiresApproval: false });
  const row = await ctx.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', 'octo')
    .executeTakeFirstOrThrow();
  octo = row.id;
  const fastify = Fastify({ logger: false });
  await fastify.register(githubDoor(ctx), { prefix: PREFIX });
  onTestFinished(() => fastify.close());
  ask = async (operation, token) => {
    const [method, path] = operation.split(' ') as ['GET', string];
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    return answerOf(await fastify.inject({ method, url: PREFIX + path, headers }));
  };
});

afterEach(() => {
  work.failing = null;
});

async function signedIn(login: string): Promise<Visitor> {
  const visitor = world.visitor();
  await visitor.signIn(login);
  return visitor;
}

/** Goes to the provider, and comes back as `subject`. */
async function prove(visitor: Visitor, subject: string, at = SSO, provider = work): Promise<Seen> {
  const { text } = await visitor.get(at);
  const form = text.includes('value="link"') ? 'link' : 'prove';
  const { headers } = await visitor.send(at, form);
  const to = String(headers['refresh']).replace('0; url=', '');
  const { pathname, search } = await provider.signIn(to, subject);
  return visitor.get(pathname + search);
}

/** The codes that an owner makes. */
async function codesBy(owner: Visitor): Promise<string[]> {
  expect(await owner.send(SETTINGS, 'codes')).toMatchObject({ status: 303 });
  const { text } = await owner.get(SETTINGS);
  return [...text.matchAll(/<li>([a-z0-9-]{27})<\/li>/g)].map(([, code = '']) => code);
}

/** octo requires it: Ada named the provider, proved herself, and turned it on. */
async function required(provider: 'work' | 'own' = 'work'): Promise<{ ada: Visitor; codes: string[] }> {
  const ada = await signedIn('ada');
  const codes = await codesBy(ada);
  expect(await ada.send(SETTINGS, 'choose', { sso_provider: provider })).toMatchObject({ status: 303 });
  await prove(ada, 'u-ada', SSO, provider === 'work' ? work : own);
  expect(await ada.sendSurely(SETTINGS, 'choose', { requires_sso: 'on' })).toMatchObject({ status: 303 });
  return { ada, codes };
}

const opens = async (visitor: Visitor): Promise<number> => (await visitor.get('/octo/private')).status;

async function token(login: string, kind: TokenKind = 'classic'): Promise<{ id: number; secret: string }> {
  const made = await createToken(world.ctx, OPERATOR, {
    userLogin: login,
    kind,
    name: `${login}’s ${kind}`,
    description: '',
    scopes: kind === 'fine-grained' ? [] : kind === 'classic' ? ['repo', 'read:org', 'admin:org'] : ['api'],
    grants:
      kind === 'fine-grained'
        ? [
            {
              owner: 'octo',
              selection: 'all',
              repositories: [],
              permissions: { contents: 'read', metadata: 'read' },
              justification: null,
            },
          ]
        : [],
  });
  return { id: made.token.id, secret: made.secret.reveal() };
}

const reads = async (secret: string): Promise<number> => (await ask('GET /repos/octo/private', secret)).status;
const page = (id: number): string => `${SSO}?authorization_request=${id}`;

async function audited(action: string): Promise<number> {
  const rows = await world.ctx.store.db.selectFrom('audit').select('id').where('action', '=', action).execute();
  return rows.length;
}

describe('an owner', () => {
  it('names a provider, and requires it only with recovery codes and after proving that it works', async () => {
    const ada = await signedIn('ada');
    const choose = async (typed: Readonly<Record<string, string>>) => (await ada.send(SETTINGS, 'choose', typed)).text;
    expect(await choose({ requires_sso: 'on' })).toContain('Name the identity provider by which members prove');
    expect(await choose({ sso_provider: 'nobody' })).toContain('Name one of: work, own.');
    expect(await ada.send(SETTINGS, 'choose', { sso_provider: 'work' })).toMatchObject({ status: 303 });
    expect(await opens(ada), 'named, and not required yet').toBe(200);
    expect(await choose({ requires_sso: 'on' })).toContain('Make recovery codes first');
    expect(await codesBy(ada)).toHaveLength(16);
    const refused = await choose({ requires_sso: 'on' });
    expect(refused).toContain('This would shut you out: you have not proved yourself at the identity provider');
    expect(refused).toContain('0 of 2 members have an identity there');
    expect(await prove(ada, 'u-ada')).toMatchObject({ status: 303, location: SSO });
    expect((await ada.get(SSO)).text).toContain('You have proved who you are for octo');
    const question = (await ada.send(SETTINGS, 'choose', { requires_sso: 'on' })).text.replace(/<[^>]*>/g, ' ');
    expect(question.replace(/\s+/g, ' ')).toMatch(/Require single sign-on of octo\? .* members? proves? who they are/);
    expect(await ada.sendSurely(SETTINGS, 'choose', { requires_sso: 'on' })).toMatchObject({ status: 303 });
    expect(await opens(ada)).toBe(200);
    expect(await audited('org.enable_saml')).toBe(1);
    expect(await audited('org.sso_response')).toBe(1);
  });

  it('sees the authorized tokens, and takes one back for good; elsewhere it keeps working', async () => {
    const { ada } = await required();
    const bob = await signedIn('bob');
    await prove(bob, 'u-bob');
    for (const kind of ['classic', 'fine-grained'] as const) {
      const made = await token('bob', kind);
      await bob.send(page(made.id), 'authorize');
      expect(await reads(made.secret), kind).toBe(200);
      expect((await ada.get(SETTINGS)).text).toContain(`Revoke, bob: “bob’s ${kind}”`);
      const hers = await token('ada');
      await ada.send(page(hers.id), 'authorize');
      const listed = await ask('GET /orgs/octo/credential-authorizations?login=bob', hers.secret);
      expect(listed.body).toEqual([
        expect.objectContaining({
          login: 'bob',
          credential_id: made.id,
          credential_type: 'personal access token',
          authorized_credential_note: `bob’s ${kind}`,
        }),
      ]);
      const path = `/orgs/octo/credential-authorizations/${made.id}`;
      expect((await ask(`DELETE ${path}`, hers.secret)).status).toBe(204);
      expect((await ask(`DELETE ${path}`, hers.secret)).status).toBe(404);
      expect(await reads(made.secret), kind).not.toBe(200);
      const again = await bob.send(page(made.id), 'authorize');
      expect(again.text).toContain('Owners of the organization shut this token out.');
      expect(await reads(made.secret), `${kind}, authorized again by its holder`).not.toBe(200);
      if (kind === 'classic') expect((await ask('GET /repos/pied/private', made.secret)).status).toBe(200);
    }
  });

  it('comes in by a recovery code while the provider is down: once, for a day, and as no member can', async () => {
    const { codes } = await required();
    work.failing = 503;
    // What was asked of it before is forgotten.
    world.ctx.identityProviders.reload();
    const [ada, bob] = [await signedIn('ada'), await signedIn('bob')];
    expect(await opens(ada)).toBe(403);
    const down = await ada.send(SSO, 'prove');
    expect(down).toMatchObject({ status: 422 });
    expect(down.text).toContain('The other service doesn’t answer.');
    expect((await ada.send(SSO, 'recover', { code: 'aaaaaa-bbbbbb-cccccc-dddddd' })).text).toContain(
      'That is no recovery code of the organization',
    );
    expect(await ada.send(SSO, 'recover', { code: codes[0]!.toUpperCase() })).toMatchObject({ status: 303 });
    expect(await opens(ada)).toBe(200);
    expect((await bob.get(SSO)).text).not.toContain('recovery code');
    const again = await signedIn('ada');
    expect(await again.send(SSO, 'recover', { code: codes[0]! })).toMatchObject({ status: 422 });
    expect(await opens(again)).toBe(403);
    world.ctx.clock.advance(DAY_SEC);
    expect(await opens(ada)).toBe(403);
    expect([await audited('org.recovery_code_used'), await audited('org.recovery_code_failed')]).toEqual([1, 2]);
  });
});

describe('a member', () => {
  it('is asked on the way to what is not public, proves it, and goes on; a day later, again', async () => {
    await required();
    const bob = await signedIn('bob');
    const refused = await bob.get('/octo/private');
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('octo requires single sign-on of its members.');
    expect(refused.text).toContain('href="http://localhost:7070/orgs/octo/sso?return_to=%2Focto%2Fprivate"');
    expect((await bob.get('/octo/public')).status).toBe(200);
    expect((await bob.get('/pied/private')).status).toBe(200);
    const at = `${SSO}?return_to=%2Focto%2Fprivate`;
    expect((await bob.get(at)).text).toContain('the one that you come back with is linked to your account');
    expect(await prove(bob, 'u-bob', at)).toMatchObject({ status: 303, location: at });
    expect(await bob.get(at)).toMatchObject({ status: 303, location: '/octo/private' });
    expect(await opens(bob)).toBe(200);
    expect(await opens(await signedIn('bob')), 'in another browser').toBe(403);
    world.ctx.clock.advance(DAY_SEC - 1);
    expect(await opens(bob)).toBe(200);
    world.ctx.clock.advance(1);
    expect(await opens(bob)).toBe(403);
    expect((await bob.get(SSO)).text).not.toContain('is linked to your account');
    await prove(bob, 'u-bob');
    expect(await opens(bob)).toBe(200);
  });

  it('who signs in by that provider has proved it', async () => {
    await required();
    await prove(await signedIn('bob'), 'u-bob');
    const browser = world.visitor();
    const { headers } = await browser.send('/login', 'provider', { provider: 'work' });
    const { pathname, search } = await work.signIn(String(headers['refresh']).replace('0; url=', ''), 'u-bob');
    await browser.get(pathname + search);
    expect(await opens(browser)).toBe(200);
  });

  it('keeps the membership, and an outside collaborator is asked for nothing', async () => {
    await required();
    expect(await opens(await signedIn('eve'))).toBe(200);
    const { secret } = await token('eve');
    expect(await reads(secret)).toBe(200);
    expect((await (await signedIn('eve')).get(SSO)).status).toBe(404);
    const members = await world.ctx.store.db.selectFrom('memberships').select('user_id').execute();
    expect(members).toHaveLength(4);
  });

  it('with somebody else’s identity, or in somebody else’s browser, proves nothing', async () => {
    const { ada } = await required();
    await world.addPerson('mallory');
    await setMember(world.ctx, OPERATOR, { organization: 'octo', login: 'mallory', role: 'member' });
    const mallory = await signedIn('mallory');
    expect(await prove(mallory, 'u-ada'), 'an identity that is linked with another account').toMatchObject({
      location: SSO,
    });
    expect((await mallory.get(SSO)).text).toContain('is linked with another account');
    expect(await opens(mallory)).toBe(403);
    await prove(mallory, 'u-mallory');
    expect(await opens(mallory)).toBe(200);
    const elsewhere = await signedIn('mallory');
    expect(await prove(elsewhere, 'u-bob'), 'another identity than the linked one').toMatchObject({ location: SSO });
    expect((await elsewhere.get(SSO)).text).toContain('is not the one linked to your account');
    expect(await opens(elsewhere)).toBe(403);
    const { headers } = await elsewhere.send(SSO, 'prove');
    const answer = await work.signIn(String(headers['refresh']).replace('0; url=', ''), 'u-mallory');
    const stolen = await signedIn('mallory');
    await stolen.get(answer.pathname + answer.search);
    expect(await opens(stolen), 'an answer that was made for another session').toBe(403);
    await ada.get(answer.pathname + answer.search);
    expect(await opens(elsewhere)).toBe(403);
  });

  it('who came back says so in the session that confirmed who it is, before an identity is linked', async () => {
    await required();
    const bob = await signedIn('bob');
    world.ctx.clock.advance(10 * 60);
    const asked = await bob.send(SSO, 'link');
    expect(asked.headers['refresh']).toBeUndefined();
    expect(asked.text).toContain('Confirm that it is you');
    const form = await bob.send(SSO, 'link', { form: 'prove' });
    const answer = await work.signIn(String(form.headers['refresh']).replace('0; url=', ''), 'u-bob');
    await bob.get(answer.pathname + answer.search);
    expect(await opens(bob)).toBe(403);
    expect(await world.ctx.store.db.selectFrom('external_identities').select('subject').execute()).toEqual([
      { subject: 'u-ada' },
    ]);
  });

  it('who is somebody’s stranger learns nothing of an organization', async () => {
    await required();
    const cy = await signedIn('cy');
    expect((await cy.get(SSO)).status).toBe(404);
    expect((await cy.get('/orgs/nothing/sso')).status).toBe(404);
    expect((await cy.get(SETTINGS)).text).not.toContain('Example');
  });
});

describe('a token', () => {
  it.each(['classic', 'fine-grained', 'scoped'] as const)(
    'of the %s kind reaches nothing until its owner authorized it after a proof, and is told where',
    async (kind) => {
      await required();
      const { id, secret } = await token('bob', kind);
      const refused = await ask('GET /repos/octo/private', secret);
      expect(refused).toMatchObject({
        status: 403,
        body: {
          message:
            'Resource protected by organization SAML enforcement. You must grant your Personal Access token access ' +
            'to this organization.',
        },
      });
      const url = `http://localhost:7070${page(id)}`;
      expect(refused.headers['x-github-sso']).toBe(`required; url=${url}`);
      expect((await ask('GET /repos/octo/public', secret)).status).toBe(200);
      const bob = await signedIn('bob');
      expect((await bob.get(page(id))).text).toContain(`Then you can authorize the token “bob’s ${kind}”`);
      const before = await bob.get(page(id));
      expect(before.text).not.toContain('value="authorize"');
      expect(await prove(bob, 'u-bob', page(id))).toMatchObject({ location: page(id) });
      expect(await reads(secret)).toBe(403);
      expect(await bob.send(page(id), 'authorize')).toMatchObject({ location: page(id) });
      expect(await reads(secret)).toBe(200);
      const list = { classic: 'tokens', 'fine-grained': 'personal-access-tokens', scoped: '' }[kind];
      if (list !== '') expect((await bob.get(`/settings/${list}/${id}`)).text).toContain('Configure SSO');
      world.ctx.clock.advance(2 * DAY_SEC);
      expect(await reads(secret), 'the authorization outlives the proof').toBe(200);
    },
  );

  it('is authorized after a proof alone, by whoever it belongs to, and for no other organization', async () => {
    await required();
    const bob = await signedIn('bob');
    const [his, hers] = [await token('bob'), await token('ada')];
    const authorize = async (path: string, form: string, more: Readonly<Record<string, string>> = {}) => {
      const { values } = formFrom(await bob.get('/settings/profile'));
      values.set('form', form);
      for (const [name, value] of Object.entries(more)) values.set(name, value);
      return bob.post(path, values);
    };
    const early = await authorize(page(his.id), 'authorize');
    expect(early.text).toContain('Prove who you are for octo first');
    expect(await authorize(`/settings/tokens/${his.id}`, 'authorize', { organization: 'octo' })).toMatchObject({
      status: 422,
    });
    expect(await reads(his.secret)).toBe(403);
    await prove(bob, 'u-bob');
    expect((await bob.get(page(hers.id))).text).not.toContain('ada’s classic');
    await authorize(page(hers.id), 'authorize');
    expect(await reads(hers.secret)).toBe(403);
    await authorize(`/orgs/pied/sso?authorization_request=${his.id}`, 'authorize');
    expect(await reads(his.secret)).toBe(403);
  });

  it('that is made by somebody who has proved it is authorized at once; lists say what the others miss', async () => {
    await required();
    const bob = await signedIn('bob');
    const old = await token('bob');
    await prove(bob, 'u-bob');
    const made = await bob.send(
      '/settings/personal-access-tokens/new?target_name=octo&contents=read&selection=all',
      'create',
      {
        name: 'new',
        target_name: 'octo',
        selection: 'all',
        contents: 'read',
      },
    );
    expect(made.status).toBe(303);
    const authorized = await world.ctx.store.db.selectFrom('token_organizations').select('organization_id').execute();
    expect(authorized).toEqual([{ organization_id: octo }]);
    const lists = () => Promise.all(['/user/repos', '/user/orgs'].map((path) => ask(`GET ${path}`, old.secret)));
    for (const { headers, body } of await lists()) {
      expect(headers['x-github-sso']).toBe(`partial-results; organizations=${octo}`);
      expect(JSON.stringify(body)).toContain('pied');
      expect(JSON.stringify(body)).not.toContain('octo/private');
    }
    await bob.send(page(old.id), 'authorize');
    for (const { headers, body } of await lists()) {
      expect(headers['x-github-sso']).toBeUndefined();
      expect(JSON.stringify(body)).toContain('octo');
    }
  });

  it('of a machine is authorized by the owner who makes it after a proof; one from before is not', async () => {
    const list = '/organizations/octo/settings/machines';
    const make = async (owner: Visitor, name: string): Promise<string> => {
      const sent = await owner.send(`${list}/deploy-bot`, 'create', { name, repositories: '', contents: 'read' });
      expect(sent.status).toBe(303);
      const { text } = await owner.get(`${list}/deploy-bot`);
      return /<code id="new-token">([^<]+)</.exec(text)?.[1] ?? '';
    };
    const unproved = await signedIn('ada');
    await unproved.send(list, 'add', { login: 'deploy-bot', purpose: '' });
    await setMember(world.ctx, OPERATOR, { organization: 'octo', login: 'deploy-bot', role: 'member' });
    const before = await make(unproved, 'before');
    expect(await reads(before)).toBe(200);
    const { ada } = await required();
    expect(await reads(before)).toBe(403);
    expect(await reads(await make(ada, 'after'))).toBe(200);
  });

  it('is cut off when its owner leaves or unlinks, or the provider changes, and nothing wakes it again', async () => {
    const { ada } = await required();
    const bob = await signedIn('bob');
    const { id, secret } = await token('bob');
    const again = async (subject = 'u-bob'): Promise<void> => {
      await prove(bob, subject, page(id));
      await bob.send(page(id), 'authorize');
      expect(await reads(secret)).toBe(200);
    };
    await again();
    await removeMember(world.ctx, OPERATOR, { organization: 'octo', login: 'bob' });
    await setMember(world.ctx, OPERATOR, { organization: 'octo', login: 'bob', role: 'member' });
    expect([await reads(secret), await opens(bob)]).toEqual([403, 403]);
    await again();
    await bob.sendSurely('/settings/security/identities', 'remove');
    expect([await reads(secret), await opens(bob)]).toEqual([403, 403]);
    await again('u-bob-2');
    const moved = await ada.send(SETTINGS, 'choose', { sso_provider: 'own', requires_sso: 'on' });
    expect(moved.text).toContain('This would shut you out: you have not proved yourself at the identity provider');
    expect(await reads(secret), 'nothing was changed').toBe(200);
    await ada.sendSurely(SETTINGS, 'choose', { sso_provider: 'own', requires_sso: 'on', confirm_lock_out: 'on' });
    expect([await reads(secret), await opens(bob), await opens(ada)]).toEqual([403, 403, 403]);
    await prove(ada, 'o-ada', SSO, own);
    await ada.sendSurely(SETTINGS, 'choose', { sso_provider: 'work', requires_sso: 'on', confirm_lock_out: 'on' });
    expect([await reads(secret), await opens(bob)], 'back at the first one').toEqual([403, 403]);
  });
});

describe('an organization’s own provider', () => {
  it('proves something to that organization alone, and signs nobody in', async () => {
    await required('own');
    const bob = await signedIn('bob');
    await prove(bob, 'o-bob', SSO, own);
    expect(await opens(bob)).toBe(200);
    expect((await world.visitor().get('/login')).text).not.toContain('Octo Inc');
    for (const at of ['/login', '/settings/security/identities']) {
      const visitor = at === '/login' ? world.visitor() : await signedIn('ada');
      const seen = await visitor.send(at, 'provider', { provider: 'own' });
      expect(seen.text, at).toContain('There is no such way to sign in any more');
    }
    const ada = await signedIn('ada');
    const pied = await ada.send('/organizations/pied/settings/single-sign-on', 'choose', { sso_provider: 'own' });
    expect(pied.text).toContain('Name one of: work.');
  });
});

describe('an organization that required single sign-on before there were proofs', () => {
  it('is closed, and no dead end: its owner names a provider, and an administrator lifts it', async () => {
    const { ctx } = world;
    await ctx.store.transaction((tx) => setPolicy(tx, octo, { ...NO_POLICY, requiresSso: true }, ctx.clock.now()));
    const [ada, bob] = [await signedIn('ada'), await signedIn('bob')];
    const { secret } = await token('ada', 'classic');
    expect([await opens(ada), await opens(bob), await reads(secret)]).toEqual([403, 403, 403]);
    expect((await bob.get(SSO)).text).toContain('Ask an owner of octo to name one');
    expect((await bob.get(SETTINGS)).status).toBe(403);
    expect((await ada.get(SSO)).text).toContain(SETTINGS);
    expect((await ada.get(SETTINGS)).text).toContain('It is required, but no provider is named');
    await codesBy(ada);
    expect((await ada.send(SETTINGS, 'choose', { sso_provider: 'work' })).text).toContain('This would shut you out');
    await ada.sendSurely(SETTINGS, 'choose', { sso_provider: 'work', confirm_lock_out: 'on' });
    expect(await opens(ada)).toBe(403);
    expect((await ada.get(SETTINGS)).status, 'named: now owners prove it, too').toBe(403);
    await prove(ada, 'u-ada');
    expect(await opens(ada)).toBe(200);
    await world.addPerson('root', { admin: true });
    const root = await signedIn('root');
    const lifted = { sso_provider: 'work', requires_sso: 'off' };
    expect(await root.send(SETTINGS, 'choose', lifted)).toMatchObject({ status: 303 });
    expect(await opens(bob)).toBe(200);
  });
});

/** Any form of ours, for its token. */
function formFrom({ text }: Seen): { values: URLSearchParams } {
  const field = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';
  return { values: new URLSearchParams({ token: field('token'), nonce: field('nonce') }) };
}
