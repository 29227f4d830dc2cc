/**
 * Ref rules that can't be: each list is refused at every door that takes rules, in the same words, and nothing is made.
 * Refs that no rule opens: a question about them is answered like a push of them.
 */
import { expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addIssuer } from '../../src/actions/federation/issuers.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { Problem } from '../../src/base/errors.ts';
import { exchangeToken } from '../../src/doors/oauth/token-exchange.ts';
import { readLoginRequest } from '../../src/rules/login-request.ts';
import { refRuleDrafts } from '../../src/rules/refs/ref-rule-text.ts';
import { type GitlabWorld, gitlabWorld, type MadeToken } from './gitlab/api.ts';
import { type Visitor, webWorldOn } from './web/visitor.ts';

const BAD: Readonly<Record<string, readonly [lines: readonly string[], words: string]>> = {
  'one more than there may be': [Array.from({ length: 21 }, (_, i) => `a${i}`), 'at most 20 ref rules; these are 21'],
  'refs/replace': [['agent/**', 'refs/replace/**'], 'names refs that no rule opens'],
  'notes beside what is hidden': [['refs/pull/**'], 'names refs that no rule opens'],
  'every kind of ref': [['refs/**'], 'which kind of ref'],
  HEAD: [['HEAD'], 'not a well formed name'],
  'an option': [['-d'], 'not a well formed name'],
  'the folder above': [['a/../main'], 'not a well formed name'],
  'an empty segment': [['a//b'], 'not a well formed name'],
  'an older commit': [['main~1'], 'not a well formed name'],
  'a glob of the shell': [['[a-z]*'], 'not a well formed name'],
  'two stars within a segment': [['a**'], '** beside something else'],
  'three stars': [['a/***'], '** beside something else'],
  'wildcards without end': [['*a*a*a*a*a*a*a*a*a'], 'more than 8 wildcards'],
  'a placeholder that is none': [['{branch}/**'], 'placeholder that is none'],
  'what nobody sees': [['agent\u200b/**'], "can't be seen or told apart"],
  // In a page it is seen, as another sign.
  'another direction': [['agent/\u202ex'], 'The pattern "agent/U+'],
  'a letter in two ways': [['cafe\u0301/**'], "can't be seen or told apart"],
  'a name without end': [['x'.repeat(201)], 'more than 200 characters'],
  'a word that is none': [['agent/**: push'], `can't allow "push"`],
  'asking beside doing': [['main: ask, update'], 'ask stands alone'],
  'the same twice': [['agent/**', 'main', 'agent/**: none'], 'stands there twice'],
};

type Shared = GitlabWorld & {
  readonly own: MadeToken;
  readonly scoped: MadeToken;
  readonly visitor: Visitor;
};
/** Sends rules somewhere. @returns the status, and everything that was said */
type Door = (world: Shared, lines: readonly string[]) => Promise<readonly [status: number, said: string]>;

const drafts = (lines: readonly string[]) =>
  refRuleDrafts(lines).map(({ pattern, allow }) => ({ pattern, ...(allow === undefined ? {} : { allow }) }));
const GRANT = { repositories: ['site'], permissions: { contents: 'write' } };
const MACHINE = '/orgs/Acme/machines/deploy-bot';

const rest =
  (operation: string, body: object): Door =>
  async ({ askGithub, own }, lines) => {
    const answer = await askGithub(operation, { token: own.secret, body: { ...body, ref_rules: drafts(lines) } });
    return [answer.status, answer.body.errors?.map(({ message }: { message: string }) => message).join(' ') ?? ''];
  };
/** What a page says, as a person reads it. */
const words = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
const form =
  (path: string, name: string, typed: Readonly<Record<string, string>>): Door =>
  async ({ visitor }, lines) => {
    const fields = { may_push: 'only', ref_rules: lines.join('\r\n'), name: 'bad', ...typed };
    const seen = await visitor.send(path, name, fields);
    return [seen.status, words(seen.text)];
  };
const FORM = '/settings/personal-access-tokens/new';
const TYPED = { selection: 'all', contents: 'write', expires_in: '30' };

const DOORS: Readonly<Record<string, Door>> = {
  'REST, a new token': rest('POST /user/personal-access-tokens', { name: 'bad' }),
  'REST, an edit': ({ own, ...world }, lines) =>
    rest(`PATCH /user/personal-access-tokens/${own.id}`, {})({ own, ...world }, lines),
  'REST, a derived token': rest('POST /user/personal-access-tokens/current/derive', {}),
  'REST, a token of a machine': rest(`POST ${MACHINE}/tokens`, { name: 'bad', ...GRANT }),
  'REST, a rule for workloads': rest(`POST ${MACHINE}/workload-rules`, {
    ...GRANT,
    name: 'bad',
    issuer: 'github',
    conditions: { repository_id: '74' },
  }),
  'GitLab’s REST': async ({ ask, scoped }, lines) => {
    const body = { name: 'bad', scopes: ['read_repository'], ref_rules: lines };
    const answer = await ask('POST /user/personal_access_tokens', { token: scoped.secret, body });
    return [
      answer.status,
      [answer.body.message ?? answer.text]
        .map((said) => Object.values(said))
        .flat(2)
        .join(' '),
    ];
  },
  'token exchange': async ({ ctx, own }, lines) => {
    const subject = { subject_token: own.secret, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
    const fields = new URLSearchParams({ ...subject, ref_rules: lines.join('\n') });
    const { status, body } = await exchangeToken(ctx, fields, { address: '127.0.0.1', userAgent: null });
    return [status, String(body['error_description'])];
  },
  'what a command asks for at its sign-in': async (_world, lines) => {
    const read = readLoginRequest(new URLSearchParams({ scope: 'contents:write', ref_rules: lines.join(';') }));
    return 'error' in read ? [400, read.error] : [200, ''];
  },
  'the operator’s command': async ({ ctx }, lines) => {
    const grants = [{ owner: '', selection: 'all' as const, repositories: [], permissions: {}, justification: null }];
    const draft = { userLogin: 'Ada', kind: 'fine-grained', name: 'bad', description: '', scopes: [], grants } as const;
    const refused = await createToken(ctx, operatorPermit(), { ...draft, refRules: refRuleDrafts(lines) }).then(
      () => null,
      (error: unknown) => error,
    );
    if (refused instanceof Problem) return [422, refused.complaints.map(({ message }) => message).join(' ')];
    if (refused !== null) throw refused;
    return [201, ''];
  },
  'the form': form(FORM, 'create', TYPED),
  'the form for classic tokens': form('/settings/tokens/new', 'classic', { scopes: 'repo', expires_in: '30' }),
  'a link that fills the form in': async (world, lines) => {
    const link = `${FORM}?${new URLSearchParams({ ref_rules: lines.join(';'), contents: 'write' })}`;
    const seen = await world.visitor.get(link);
    // What it fills in is seen, and says nothing of itself that isn't so; sent, it is what was typed.
    expect([seen.status, /can push only to/.test(seen.text)]).toEqual([200, false]);
    const sent = await world.visitor.send(link, 'create', { name: 'bad', selection: 'all', expires_in: '30' });
    return [sent.status, words(sent.text)];
  },
};

async function theWorld(): Promise<Shared> {
  const world = await gitlabWorld();
  const permissions = {
    contents: 'write',
    administration: 'write',
    members: 'write',
    organization_personal_access_tokens: 'write',
  };
  const grants = ['', 'Acme'].map((owner) => ({
    owner,
    selection: 'all' as const,
    repositories: [],
    permissions: owner === '' ? { contents: 'write', personal_access_tokens: 'write' } : permissions,
    justification: null,
  }));
  const own = await world.token('Ada', [], { kind: 'fine-grained', name: 'own', expiresInDays: 30, grants });
  const scoped = await world.token('Ada', ['api'], { name: 'scoped' });
  await world.askGithub('POST /orgs/Acme/machines', { token: own.secret, body: { login: 'deploy-bot' } });
  await addIssuer(world.ctx, operatorPermit(), { preset: 'github' });
  const web = await webWorldOn(world.ctx);
  await web.addPerson('eve');
  const visitor = web.visitor();
  await visitor.signIn('eve');
  return { ...world, own, scoped, visitor };
}

const madeIn = async ({
  ctx: {
    store: { db },
  },
}: Shared) => {
  const [tokens, derived, rules] = await Promise.all([
    db.selectFrom('tokens').select(['id', 'ref_rules_json']).orderBy('id').execute(),
    db.selectFrom('derived_tokens').select('id').execute(),
    db.selectFrom('workload_rules').select('id').execute(),
  ]);
  return { tokens, derived, rules };
};

it('each list that can not be is refused in words through each door, and nothing is made', async () => {
  const world = await theWorld();
  const before = await madeIn(world);
  const wrong: unknown[] = [];
  for (const [door, send] of Object.entries(DOORS))
    for (const [what, [lines, expected]] of Object.entries(BAD)) {
      const [status, said] = await send(world, lines);
      if ((status !== 400 && status !== 422) || !said.includes(expected)) wrong.push([door, what, status, said]);
    }
  expect(wrong).toEqual([]);
  expect(await madeIn(world)).toEqual(before);
});

it('a question about a ref knows letters, not what they look like, and opens none that no rule opens', async () => {
  const world = await theWorld();
  const grants = [
    {
      owner: 'Acme',
      selection: 'all' as const,
      repositories: [],
      permissions: { contents: 'write' },
      justification: null,
    },
  ];
  const rules = { refRules: refRuleDrafts(['agent/**: all']), grants, expiresInDays: 30 };
  const { secret: token } = await world.token('Ada', [], { kind: 'fine-grained', name: 'bound', ...rules });
  for (const [ref, expected] of [
    ['agent/x', 'allowed'],
    ['Agent/x', 'ref_not_allowed'],
    ['\u0430gent/x', 'ref_not_allowed'],
    ['agent\u2215x', 'ref_not_allowed'],
    ['refs/tags/agent/x', 'ref_not_allowed'],
    ['refs/replace/agent/x', 'ref_not_allowed'],
    ['refs/notes/agent/x', 'ref_not_allowed'],
    ['agent', 'ref_not_allowed'],
    ['agent/../main', 'no name'],
    ['agent/x.lock', 'no name'],
    ['HEAD', 'no name'],
  ]) {
    const body = { git: 'push', repository: 'Acme/site', ref, act: 'update' };
    const answer = await world.askGithub('POST /user/personal-access-tokens/current/check', { token, body });
    const said = /no name of a branch/.test(answer.text) ? 'no name' : (answer.body.reason ?? answer.body.reasons?.[0]);
    expect([ref, answer.body.allowed === true ? 'allowed' : said]).toEqual([ref, expected]);
  }
});
