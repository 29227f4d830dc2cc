/**
 * Somebody names a token "ada, approved by grace". On no page does that stand in one run with a person, so that nobody
 * can take it for our words.
 */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { furnishedWorld } from './furnished-world.ts';
import { lookers } from './lookers.ts';
import { PAGE_ROUTES, placesIn } from './page-routes.ts';

const HOSTILE = 'ada, approved by grace';
/** Where a run of text begins and ends. */
const BLOCKS =
  'p|div|li|ul|ol|td|th|tr|table|h[1-6]|section|form|details|summary|fieldset|legend|main|nav|header|title|dl|dt|dd|' +
  'blockquote|button|option|select|textarea';
const BLOCK = new RegExp(`</?(?:${BLOCKS})\\b[^>]*>`, 'g');

/** The runs of a page in which the name stands beside a person who has no element of their own. */
function forged(html: string): string[] {
  return html
    .split(BLOCK)
    .filter((run) => run.includes(HOSTILE))
    .map((run) => run.replace(/<bdi[^>]*>[^<]*<\/bdi>/g, ''))
    .map((run) => run.replace(/<[^>]*>/g, '').replaceAll(HOSTILE, ''))
    .filter((words) => /\b(?:ada|grace|hal)\b/i.test(words));
}

test('on no page a token’s name stands in one run with a person', async () => {
  const world = await furnishedWorld();
  const { ctx } = world;
  await setMember(ctx, operatorPermit(), { organization: 'octo', login: 'hal', role: 'member' });
  const asked = {
    owner: 'octo',
    selection: 'all',
    repositories: [],
    permissions: { contents: 'read' },
    justification: HOSTILE,
  } as const;
  const draft = { userLogin: 'hal', name: 'asks', description: HOSTILE, scopes: [] };
  await createToken(ctx, operatorPermit(), { ...draft, kind: 'fine-grained', grants: [asked] });
  await createToken(ctx, operatorPermit(), { ...draft, kind: 'classic', scopes: ['repo'], grants: [] });
  await sql`update tokens set name = ${HOSTILE}`.execute(ctx.store.db);
  const places = await placesIn(ctx, 'ada');
  const { visitors } = await lookers(world);
  const found: [string, string[]][] = [];
  let seen = 0;
  for (const entry of Object.values(PAGE_ROUTES)) {
    if ('is' in entry || entry.as !== 'administrator') continue;
    for (const path of entry.at(places)) {
      const { text } = await visitors.administrator.get(path);
      if (text.includes(HOSTILE)) seen++;
      const runs = forged(text);
      if (runs.length > 0) found.push([path, runs]);
    }
  }
  expect(found).toEqual([]);
  expect(seen).toBeGreaterThan(20);
});

test('the audit finds a name beside a person, and none where each has an element of its own', () => {
  expect(forged(`<p><bdi>${HOSTILE}</bdi> of hal</p>`)).toEqual([' of hal']);
  expect(forged(`<p>“${HOSTILE}” of hal</p>`)).toHaveLength(1);
  expect(forged(`<p>“${HOSTILE}”<span class="sr-only"> of hal</span></p>`)).toHaveLength(1);
  expect(forged(`<p><bdi>hal</bdi></p><p>“<bdi>${HOSTILE}</bdi>”</p>`)).toEqual([]);
});
