/**
 * Every form of the door, sent by somebody malicious or clumsy: forged, stale, empty, too long, of the wrong type, full
 * of markup, twice. The door provides the list of forms. Never an internal error, always words, and markup stays text.
 */

import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { PAGES } from '../../../src/doors/web/pages.ts';
import { furnishedWorld } from './furnished-world.ts';
import { lookers } from './lookers.ts';
import { PAGE_ROUTES, type Page, placesIn, webRoutes } from './page-routes.ts';
import { formIn, type Seen, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
/** What every text field is filled with. */
const JUNK: Readonly<Record<string, string>> = {
  'nothing in it': '',
  'too much in it': 'x'.repeat(2_100),
  'a negative number': '-1',
  'a number beyond all numbers': '9'.repeat(400),
  'no number': 'NaN',
  'half a character and a zero byte': '\ud800\u0000\u202e',
  markup: MARKUP,
};
/** Field names that the page shows only sometimes. */
const OFTEN = ['id', 'ids', 'login', 'organization', 'reason', 'action', 'name', 'overlap', 'role', 'theme'];

/** Buttons of a form that only show it again. */
const PREVIEWS = new Set(['show', 'add-owner', 'remove-owner']);

interface Sent {
  readonly route: string;
  readonly path: string;
  readonly form: string;
  readonly visitor: Visitor;
}

/** Every form with its page and somebody who may open that. Forms that destroy what others need come last. */
async function everyForm(world: WebWorld): Promise<Sent[]> {
  const places = await placesIn(world.ctx, 'ada');
  const { visitors, setUp } = await lookers(world);
  const forms = PAGES.flatMap(({ path: route, forms = {} }) =>
    Object.keys(forms).map((form): Sent => {
      const entry = PAGE_ROUTES[route] as Page;
      return {
        route,
        form,
        visitor: visitors[entry.as],
        path: entry.as === 'first' ? setUp : entry.at(places).at(-1)!,
      };
    }),
  );
  const isLast = ({ route, form }: Sent): number =>
    route === '/logout' ? 3 : form === 'end-all' ? 2 : route.endsWith('delete') ? 1 : 0;
  return forms.sort((a, b) => isLast(a) - isLast(b));
}

/** The form as on its page: its values, the names of its fields, and whether some are required. */
async function read({
  path,
  form,
  visitor,
}: Sent): Promise<{ values: URLSearchParams; names: string[]; texts: string[]; demands: boolean }> {
  const { text } = await visitor.get(path);
  const [html] = [...text.matchAll(/<form[\s\S]*?<\/form>/g)]
    .map(([each]) => each)
    .filter((each) => each.includes(`name="form" value="${form}"`));
  const names = [...(html ?? '').matchAll(/<(?:input|select|textarea)[^>]*?\sname="([^"]*)"/g)]
    .map(([, name]) => name!)
    .filter((name) => !['form', 'token', 'nonce'].includes(name));
  const values =
    html === undefined ? await anyForm(visitor) : formIn(text, PREVIEWS.has(form) ? 'create' : form).values;
  values.set('form', form);
  return {
    values,
    names: [...new Set([...names, ...OFTEN])],
    texts: textFields(html ?? ''),
    demands: /<(?:input|select|textarea)[^>]*\srequired/.test(html ?? ''),
  };
}

/** For password managers, who can't be changed here; and somebody's credential, which no page repeats. */
const NEVER_REPEATED = new Set(['username', 'jwt']);

/** The fields that somebody types into, without those that are never shown again: passwords, codes, credentials. */
function textFields(html: string): string[] {
  return [...html.matchAll(/<(input|textarea)\b[^>]*>/g)].flatMap(([tag, kind]) => {
    const type = kind === 'textarea' ? 'text' : (/\stype="(\w+)"/.exec(tag)?.[1] ?? 'text');
    const isTyped = ['text', 'email', 'url'].includes(type) && !tag.includes('one-time-code');
    const name = /\sname="([^"]*)"/.exec(tag)?.[1];
    return isTyped && name !== undefined && !NEVER_REPEATED.has(name) ? [name] : [];
  });
}

/** For a form that the page doesn't show now: the token is the same for the whole session. */
async function anyForm(visitor: Visitor): Promise<URLSearchParams> {
  const { text } = await visitor.get('/settings/profile');
  const { values } = text.includes('value="profile"')
    ? formIn(text, 'profile')
    : formIn((await visitor.get('/login')).text, 'sign-in');
  return new URLSearchParams({ token: values.get('token')!, nonce: values.get('nonce')! });
}

/** What is wrong with an answer: an internal error, a refusal without words, or typed markup that runs. */
function faultIn(seen: Seen): string | null {
  if (seen.text.includes('<script>alert') || seen.text.includes('<img src=x')) return 'markup runs';
  if (seen.status === 200 || seen.status === 303) return null;
  const hasWords =
    seen.status === 422
      ? /role="alert"|class="lk-error"|blankslate-heading/.test(seen.text)
      : seen.text.includes('blankslate-heading');
  return seen.status >= 400 && seen.status < 500 && hasWords
    ? null
    : `${seen.status}${hasWords ? '' : ' without words'}`;
}

async function auditCount(world: WebWorld): Promise<unknown> {
  return (
    await sql`select count(*) as n, (select count(*) from sessions) as s, (select count(*) from tokens) as t
      from audit`.execute(world.ctx.store.db)
  ).rows[0];
}

test('every form belongs to a route of the door', async () => {
  const world = await webWorld();
  expect(
    PAGES.filter(({ forms }) => forms !== undefined)
      .map(({ path }) => path)
      .sort(),
  ).toEqual((await webRoutes(world.ctx)).POST);
});

test('no form does anything without its token, with a stale or foreign one, or from another site', async () => {
  const world = await furnishedWorld();
  const stranger = (await anyForm(world.visitor())).get('token')!;
  const forms = await everyForm(world);
  const before = await auditCount(world);
  const wrong: string[] = [];
  for (const each of forms) {
    const { values, names, texts } = await read(each);
    for (const name of names) if (!values.has(name)) values.set(name, 'x');
    for (const name of texts) values.set(name, `typed into ${name}`);
    // Nothing typed is lost either. The field for another owner is there for whoever chose that.
    if (texts.includes('other_owner')) values.set('target_name', '*');
    for (const token of [null, '', 'A'.repeat(43), stranger]) {
      const sent = new URLSearchParams(values);
      if (token === null) sent.delete('token');
      else sent.set('token', token);
      const seen = await each.visitor.post(each.path, sent);
      if (seen.status !== 422 || !seen.text.includes('This page was open too long'))
        wrong.push(`${each.route} ${each.form}: ${seen.status} with the token ${token}`);
      const lost = texts.filter((name) => !seen.text.includes(`typed into ${name}`));
      if (lost.length > 0) wrong.push(`${each.route} ${each.form}: what was typed is lost: ${lost.join(', ')}`);
    }
    const crossSite = await each.visitor.post(each.path, values, { 'sec-fetch-site': 'cross-site' });
    if (crossSite.status !== 403 || !crossSite.text.includes('That form was not sent from here'))
      wrong.push(`${each.route} ${each.form}: ${crossSite.status} from another site`);
  }
  expect(wrong).toEqual([]);
  expect(await auditCount(world)).toEqual(before);
});

test.each(['nothing sent at all', ...Object.keys(JUNK)])(
  'every form with %s is answered with a sentence',
  async (junk) => {
    const world = await furnishedWorld();
    const wrong: string[] = [];
    for (const each of await everyForm(world)) {
      const { values, names, demands } = await read(each);
      const sent = new URLSearchParams({ form: each.form, token: values.get('token')!, nonce: values.get('nonce')! });
      if (junk in JUNK) for (const name of names) sent.set(name, JUNK[junk]!);
      const first = await each.visitor.post(each.path, sent);
      const answers = [
        first,
        await each.visitor.post(each.path, sent),
        ...(first.location?.startsWith('/') === true ? [await each.visitor.get(first.location)] : []),
      ];
      const faults = answers.map((answer) =>
        // What ends one's own session can't be sent twice.
        answer.text.includes('You were signed out') && ['end-all', 'sign-out'].includes(each.form)
          ? null
          : faultIn(answer),
      );
      if (faults.some((fault) => fault !== null)) wrong.push(`${each.route} ${each.form}: ${faults.join(', then ')}`);
      const isBlank = junk === 'nothing sent at all' || junk === 'nothing in it';
      if (demands && isBlank && !PREVIEWS.has(each.form) && first.status !== 422)
        wrong.push(`${each.route} ${each.form}: ${first.status} though fields are required`);
    }
    expect(wrong).toEqual([]);
  },
);
