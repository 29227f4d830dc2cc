/** What a person with git sees of each cause, word by word, and what git does with their credential. */
import { describe, expect, test } from 'vitest';
import { refusalsOf } from '../../src/actions/refusals.ts';
import { REASONS, REFUSALS, type Reason } from '../../src/catalogue/refusals.ts';
import { CAUSES } from './causes.ts';
import { causesWorld } from './world.ts';

const INSTANT = /\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC/g;

describe('git is told', () => {
  test.each(CAUSES)('of $name', async (cause) => {
    const world = await causesWorld();
    const attempt = await cause.arrange(world);
    const outcome = await world.git(attempt);
    const host = new URL(world.url).host;
    const said = outcome.remote.map((line) => line.replaceAll(world.url, '{url}').replaceAll(host, '{host}').replaceAll(INSTANT, '{when}'));
    expect(said).toEqual(cause.says);
    expect(said.length).toBeLessThanOrEqual(4);
    expect(outcome.fatal).toBe(cause.git);
    expect(outcome.kept, 'git keeps a credential that lives, and forgets one that is dead').toBe(!REFUSALS[cause.reason].credentialIsDead);
    if (attempt.secret !== '' && attempt.username !== '') expect(outcome.output).not.toContain(attempt.secret);
    const made = await world.server.context.store.db.selectFrom('tokens').select('id').executeTakeFirst();
    const isOfAToken = made !== undefined && !['token_mistyped', 'username_missing'].includes(cause.reason);
    if (isOfAToken && cause.reason !== 'workflow_permission_missing') {
      expect((await refusalsOf(world.server.context, made.id)).map(({ reason, purpose }) => [reason, purpose])).toContainEqual(
        [cause.reason, `${attempt.operation === 'clone' ? 'fetch' : 'push'} ${attempt.repository}`]);
    }
  });
});

/** Reasons that git over HTTP does not meet, or that have a test of their own. */
const ELSEWHERE: readonly Reason[] = ['credentials_missing', 'credentials_malformed', 'too_many_attempts', 'rate_limited'];

test('every reason that git can meet has its case', () => {
  const met = new Set<Reason>([...CAUSES.map(({ reason }) => reason), ...ELSEWHERE]);
  expect(REASONS.filter((reason) => !met.has(reason))).toEqual([]);
});
