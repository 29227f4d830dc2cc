/** Pages and mails in the reader's time zone: taken from the browser once, changed in the settings. */
import { expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { openMail } from '../../../src/actions/ground/mail.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, isoInstant, spokenInstant, zoneWords } from '../../../src/base/time.ts';
import { writeMail } from '../../../src/catalogue/mails/mails.ts';
import { listMails } from '../../../src/store/outbox.ts';
import { furnishedWorld } from './furnished-world.ts';
import { lookers } from './lookers.ts';
import { PAGE_ROUTES, placesIn } from './page-routes.ts';
import { formIn, PASSWORD, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const SETTINGS = '/settings/appearance';

async function ada(): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

/** What the script sends, when the page asks for it. */
async function browserSays(visitor: Visitor, zone: string) {
  const token = /data-zone-token="([^"]*)"/.exec((await visitor.get('/')).text)?.[1];
  return token === undefined
    ? null
    : visitor.post(SETTINGS, new URLSearchParams({ form: 'zone', token, time_zone: zone }));
}

test('before a zone is known, times are in UTC and the page says so; the browser is asked once', async () => {
  const { visitor } = await ada();
  const before = (await visitor.get('/settings/sessions')).text;
  expect(before).toContain('Times are in UTC.');
  expect(before).toMatch(/<relative-time[^>]*>\d+ \w+ \d{4}, \d\d:\d\d UTC</);
  expect((await browserSays(visitor, 'Mars/Olympus'))!.status).toBe(422);
  expect((await browserSays(visitor, 'Asia/Kathmandu'))!.status).toBe(303);
  const after = (await visitor.get('/settings/sessions')).text;
  expect(after).toContain('Times are in Asia/Kathmandu.');
  expect(after).toMatch(/title="\d+ \w+ \d{4}, \d\d:\d\d UTC"[^>]*>\d+ \w+ \d{4}, \d\d:\d\d</);
  expect(await browserSays(visitor, 'Europe/Berlin')).toBeNull();
});

test('a browser never changes a zone that somebody chose; choosing what the browser says asks it again', async () => {
  const { visitor } = await ada();
  const { values } = formIn((await visitor.get(SETTINGS)).text, 'appearance');
  values.set('time_zone', 'Asia/Tokyo');
  expect((await visitor.post(SETTINGS, values)).status).toBe(303);
  const stale = new URLSearchParams({ form: 'zone', token: values.get('token')!, time_zone: 'Europe/Berlin' });
  await visitor.post(SETTINGS, stale);
  expect((await visitor.get('/')).text).toContain('Times are in Asia/Tokyo.');
  await visitor.send(SETTINGS, 'appearance', { time_zone: '' });
  expect((await visitor.get('/')).text).toContain('data-zone-token');
});

test('a mail tells times in the zone of its reader, with UTC beside them', async () => {
  const { world, visitor } = await ada();
  await visitor.send(SETTINGS, 'appearance', { time_zone: 'Asia/Tokyo' });
  await visitor.send('/settings/security/password', 'password', {
    old_password: PASSWORD,
    new_password: 'another long password',
    new_password_again: 'another long password',
  });
  const mails = await listMails(world.ctx.store.db, { beforeId: null, limit: 10 });
  const text = mails.map((mail) => openMail(world.ctx, mail).text).join('');
  expect(text).toMatch(/\d\d:\d\d Asia\/Tokyo \(.*UTC\)/);
});

test('the day in a token’s sentence is the reader’s, on the page and in a mail', async () => {
  const { world, visitor } = await ada();
  const { ctx } = world;
  await visitor.send(SETTINGS, 'appearance', { time_zone: 'Pacific/Kiritimati' });
  const draft = { userLogin: 'ada', kind: 'classic', name: 'old', description: '', expiresInDays: 30 } as const;
  const { token } = await createToken(ctx, operatorPermit(), { ...draft, scopes: ['repo'], grants: [] });
  await revokeToken(ctx, operatorPermit(), token.id);
  const at = ctx.clock.now();
  const day = zoneWords('Pacific/Kiritimati').date(at);
  expect(day).not.toBe(zoneWords(null).date(at));
  const { text } = await visitor.get(`/settings/tokens/${token.id}`);
  const time = `<time datetime="${isoInstant(at - (at % 60))}" title="${spokenInstant(at)}">${day}</time>`;
  expect(text).toContain(`until it was revoked on ${time}.`);
  const facts = {
    token: { name: 'old', lastEight: 'x1Y2z3A4', path: '/' },
    organization: 'acme',
    by: 'grace',
    right: `Could read code in acme/site until acme revoked it on ${spokenInstant(at)}.`,
  };
  const reader = { login: 'ada', timeZone: 'Pacific/Kiritimati' };
  const mail = writeMail('https://latchkey.example', reader, 'token_approved', facts);
  expect(mail.text).toContain(`acme revoked it on ${zoneWords(reader.timeZone).instant(at)} Pacific/Kiritimati (`);
});

test('what is near is told in relation to now, what is far by its day, which no browser draws', async () => {
  const { world, visitor } = await ada();
  await visitor.send(SETTINGS, 'appearance', { time_zone: 'Pacific/Auckland' });
  const made = await createToken(world.ctx, operatorPermit(), {
    userLogin: 'ada',
    kind: 'classic',
    name: 'old',
    description: '',
    expiresInDays: null,
    scopes: [],
    grants: [],
  });
  const { id, createdAt } = made.token;
  const page = async (): Promise<string> => (await visitor.get(`/settings/tokens/${id}`)).text;
  expect(await page()).toContain(`<relative-time datetime="${isoInstant(createdAt)}"`);
  world.ctx.clock.advance(40 * DAY_SEC);
  await visitor.signIn('ada');
  const later = await page();
  const day = zoneWords('Pacific/Auckland').date(createdAt);
  expect(later).toContain(
    `<time datetime="${isoInstant(createdAt)}" title="${spokenInstant(createdAt)}">${day}</time>`,
  );
  expect(later).not.toContain(`<relative-time datetime="${isoInstant(createdAt)}"`);
  // In a log the day stands above, so the row has the time of the day.
  expect(later).toContain(`>${zoneWords('Pacific/Auckland').time(createdAt)}</time>`);
});

/**
 * A day or an instant that stands bare in the words of a page. Choices and the days above a log's entries are in the
 * reader's zone; those of a plot, in UTC as it says.
 */
function bareDays(html: string): string[] {
  const words = html
    .replace(/<(time|relative-time|textarea|figure|option|th)\b[^]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .matchAll(/.{0,60}\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}.{0,20}/g);
  return [...words].map(([found]) => found);
}

test('no page says a day or an instant in another zone than its reader’s, in whatever sentence it stands', async () => {
  const world = await furnishedWorld();
  const places = await placesIn(world.ctx, 'ada');
  const { visitors } = await lookers(world);
  await visitors.administrator.send(SETTINGS, 'appearance', { time_zone: 'Pacific/Kiritimati' });
  const found: [string, string[]][] = [];
  let told = 0;
  for (const entry of Object.values(PAGE_ROUTES)) {
    if ('is' in entry || entry.as !== 'administrator') continue;
    for (const path of entry.at(places)) {
      const { text } = await visitors.administrator.get(path);
      told += [...text.matchAll(/<(?:time|relative-time) /g)].length;
      const bare = bareDays(text);
      if (bare.length > 0) found.push([path, bare]);
    }
  }
  expect(found).toEqual([]);
  expect(told).toBeGreaterThan(100);
});
