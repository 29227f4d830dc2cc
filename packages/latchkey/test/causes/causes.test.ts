/**
 * What a person sees of each cause: with git, word by word, and what git does with their credential; over REST; what
 * the doctor and `whoami` find; and what the token's page says. Then the remedy is followed as it stands, and the next
 * try succeeds.
 */
import { describe, expect, test } from 'vitest';
import { refusalsOf } from '../../src/actions/decision/token-refusals.ts';
import { helpTopic } from '../../src/catalogue/refusals/help-topics.ts';
import { REASONS, REFUSALS, type Reason } from '../../src/catalogue/refusals/refusals.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { ANSWERS } from '../../src/doors/github/refuse.ts';
import { pathOfToken } from '../../src/doors/web/tokens/kinds.ts';
import { CAUSES, type Cause } from './causes.ts';
import { follow, pageSeenBy } from './follow.ts';
import { sameByWhoami } from './whoami.ts';
import { causesWorld, type Try, type World } from './world.ts';

const INSTANT = /\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC/g;

describe('git is told', () => {
  test.each(CAUSES)('why it failed, and the way out: $name', async (cause) => {
    const world = await causesWorld();
    const attempt = await cause.arrange(world);
    const outcome = await world.git(attempt);
    const host = new URL(world.url).host;
    const said = outcome.remote.map((line) =>
      line
        .replaceAll(world.url, '{url}')
        .replaceAll(host, '{host}')
        .replaceAll(INSTANT, '{when}')
        .replace(/ends in \w{8}/, 'ends in {end}'),
    );
    expect(said).toEqual(cause.says);
    expect(said.length).toBeLessThanOrEqual(4);
    expect(outcome.fatal).toBe(cause.git);
    expect(outcome.kept, 'git keeps a credential that lives, and forgets one that is dead').toBe(
      !REFUSALS[cause.reason].credentialIsDead,
    );
    if (attempt.secret !== '' && attempt.username !== '') expect(outcome.output).not.toContain(attempt.secret);
    const made = await world.server.context.store.db.selectFrom('tokens').select('id').executeTakeFirst();
    const isOfAToken =
      made !== undefined &&
      !['token_mistyped', 'token_wrapped', 'placeholder_sent', 'username_missing'].includes(cause.reason);
    if (isOfAToken) {
      expect(
        (await refusalsOf(world.server.context, made.id)).map(({ reason, purpose }) => [reason, purpose]),
      ).toContainEqual([cause.reason, `${attempt.operation === 'clone' ? 'fetch' : 'push'} ${attempt.repository}`]);
    }
    const page = await sameOnPage(world, cause, outcome.remote, isOfAToken);
    if (attempt.secret !== '') expect(page).not.toContain(attempt.secret);
    await sameOverRest(world, cause, attempt);
    await sameByDoctor(world, cause, attempt);
    await sameByWhoami(world, cause, { attempt, link: outcome.remote.at(-1) ?? '' }, (line) =>
      line.replaceAll(world.url, '{url}').replaceAll(host, '{host}').replaceAll(INSTANT, '{when}'),
    );
    const next = await (cause.mend?.(world, attempt, outcome.remote.at(-1)!) ??
      follow(world, outcome.remote.at(-1)!, attempt).then((followed) => followed.attempt));
    const after = await world.git(next);
    expect(after.output, 'what was offered, followed as it stands, mends it').not.toContain('fatal:');
    expect(after).toMatchObject({ ok: true, kept: true });
  });
});

/**
 * Reported about the content of a push, after it has arrived: not among REST's refusals, nor the doctor's, which
 * doesn't push.
 */
const OF_CONTENT: ReadonlySet<Reason> = new Set<Reason>([
  'workflow_permission_missing',
  'ref_not_allowed',
  'ref_needs_approval',
  'ref_protected',
  'token_in_content',
]);

/** Reasons for which nobody can sign in to see a page of the token: what there is to know, the help says. */
const SHUT_OUT: ReadonlySet<Reason> = new Set<Reason>([
  'owner_suspended',
  'owner_disabled_by_provider',
  'account_locked',
]);

/**
 * The token's page tells its owner the same cause, with the link or line that git was given; where no token is known,
 * the page of the reason does.
 */
async function sameOnPage(
  world: World,
  { reason }: Cause,
  remote: readonly string[],
  isOfAToken: boolean,
): Promise<string> {
  if (!isOfAToken || SHUT_OUT.has(reason)) {
    const { title, about } = helpTopic(reason, world.url);
    const help = await (await fetch(`${world.url}/help/${reason}`)).text();
    expect(textOf(help)).toContain(title);
    expect(textOf(help)).toContain(about);
    return help;
  }
  const { id, kind, login } = await world.server.context.store.db
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .select(['tokens.id', 'tokens.kind', 'accounts.login'])
    .orderBy('tokens.id')
    .executeTakeFirstOrThrow();
  const page = await pageSeenBy(world, login, pathOfToken({ kind, id }));
  expect(textOf(page)).toContain(remote[0]);
  const wayOut = remote.at(-1) ?? '';
  if (wayOut.startsWith(world.url))
    expect(page).toContain(`href="${wayOut.slice(world.url.length).replaceAll('&', '&amp;')}"`);
  else expect(textOf(page)).toContain(wayOut);
  return page;
}

/** A page's text, as it is read. */
function textOf(page: string): string {
  return page
    .replace(/<[^>]*>/g, '')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

/** REST names the same reason, with its own status. */
async function sameOverRest(world: World, { reason }: Cause, attempt: Try): Promise<void> {
  if (OF_CONTENT.has(reason)) return;
  const { status, body, text } = await world.rest(attempt);
  expect([body['reason'], status]).toEqual([reason, ANSWERS[reason][0]]);
  if (attempt.secret !== '') expect(text).not.toContain(attempt.secret);
}

/** The doctor, on the person's own machine, finds what the server says, and shows no secret. */
async function sameByDoctor(world: World, { reason, says }: Cause, attempt: Try): Promise<void> {
  const { code, text, checks } = await world.doctor(attempt);
  expect(text).not.toContain(attempt.secret);
  const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
  if (OF_CONTENT.has(reason)) {
    expect(states).toMatchObject({ 'clone and fetch': 'ok', push: 'ok' });
    return;
  }
  expect(code).toBe(EXIT.refused);
  if (reason === 'username_missing') {
    expect(states['no secret in the remote']).toBe('fail');
    return;
  }
  const named = (line: string): string =>
    line.replaceAll(world.url, '{url}').replaceAll(new URL(world.url).host, '{host}').replaceAll(INSTANT, '{when}');
  expect(
    checks.find(({ name }) => name === (attempt.operation === 'clone' ? 'clone and fetch' : 'push')),
  ).toMatchObject({ state: 'fail' });
  expect(
    checks
      .filter(({ state }) => state === 'fail')
      .map(({ found }) => named(found))
      .join('\n'),
  ).toContain(says[0]);
  if (REFUSALS[reason].credentialIsDead) expect(states['token']).toBe('fail');
}

/** Reasons that don't occur with git over HTTP, or have their own test (limits.test.ts). */
const ELSEWHERE: readonly Reason[] = [
  'credentials_missing',
  'credentials_malformed',
  'password_empty',
  'too_many_attempts',
  'rate_limited',
  // git has no sessions: test/doors/web/organization-sso.test.ts
  'sso_not_proved',
  // test/scripts/ssh.test.ts
  'key_reads_only',
  'key_forbidden',
  // git manages no tokens
  'token_derived',
  // test/doors/oauth/resources.test.ts
  'token_for_other_resource',
  // test/doors/git/quotas.test.ts
  'push_too_large',
  'file_too_large',
  'repository_full',
  'too_many_refs',
];

test('every reason that git can meet has its case', () => {
  const met = new Set<Reason>([...CAUSES.map(({ reason }) => reason), ...ELSEWHERE]);
  expect(REASONS.filter((reason) => !met.has(reason))).toEqual([]);
});

test('a username with the number of the token names its person, not another account', async () => {
  const world = await causesWorld();
  const { secret, id } = await world.token();
  const { remote } = await world.git({ username: `bob+${id}`, secret, repository: 'acme/nowhere', operation: 'clone' });
  expect(remote[0]).toBe('acme/nowhere does not exist, is not selected for this token, or bob may not see it.');
});
