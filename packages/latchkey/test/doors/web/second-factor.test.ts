/** Attacks on the second factor by somebody who has the password, another session, or a copy of the database. */
import { expect, test } from 'vitest';
import { ENGINES } from '../../engines/engines.ts';
import { codeOf, formIn, keyOn, PASSWORD, TWO_FACTOR, type Visitor, type WebWorld, webWorld } from './visitor.ts';

async function signedIn(world: WebWorld, login: string, from?: string): Promise<Visitor> {
  const visitor = world.visitor(from);
  await visitor.signIn(login);
  return visitor;
}

test('a key that a thief has seen is never the one that the owner confirms', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const [thief, owner] = [await signedIn(world, 'ada', '203.0.113.9'), await signedIn(world, 'ada')];
  const seen = (await thief.get(TWO_FACTOR)).text;
  const shown = (await owner.get(TWO_FACTOR)).text;
  expect(keyOn(shown), 'another session').not.toBe(keyOn(seen));
  expect(keyOn((await owner.get(TWO_FACTOR)).text), 'another time').not.toBe(keyOn(shown));
  const mine = await owner.get(TWO_FACTOR);
  const { values } = formIn(mine.text, 'confirm');
  values.set('otp', codeOf(world, keyOn(seen)));
  expect((await owner.post(TWO_FACTOR, values)).text).toContain('That code is wrong.');
  values.set('otp', codeOf(world, keyOn(mine.text)));
  expect((await owner.post(TWO_FACTOR, values)).status, 'after a wrong code the key that was scanned stays').toBe(303);
});

test('a key that is being set up goes with a change of password', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = await signedIn(world, 'ada');
  const begun = await visitor.get(TWO_FACTOR);
  const next = 'quite another passphrase';
  const changed = { old_password: PASSWORD, new_password: next, new_password_again: next };
  expect((await visitor.send('/settings/security/password', 'password', changed)).status).toBe(303);
  const { values } = formIn(begun.text, 'confirm');
  values.set('otp', codeOf(world, keyOn(begun.text)));
  expect((await visitor.post(TWO_FACTOR, values)).status).toBe(422);
  expect((await visitor.get('/settings/security')).text).toContain('Off');
});

test('the database does not reveal a key that is being set up', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = await signedIn(world, 'ada');
  const key = keyOn((await visitor.get(TWO_FACTOR)).text);
  const { db } = world.ctx.store;
  const rows = [
    await db.selectFrom('sessions').selectAll().execute(),
    await db.selectFrom('second_factors').selectAll().execute(),
  ];
  expect(JSON.stringify(rows)).not.toContain(key);
});

test('recovery codes hold more than 112 bits, so that a stolen database gives none of them away', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = await signedIn(world, 'ada');
  const page = await visitor.get(TWO_FACTOR);
  const { values } = formIn(page.text, 'confirm');
  values.set('otp', codeOf(world, keyOn(page.text)));
  const { text } = await visitor.get((await visitor.post(TWO_FACTOR, values)).location!);
  const codes = [...text.matchAll(/<li>([a-z0-9-]+)<\/li>/g)].map(([, code]) => code!);
  expect(new Set(codes).size).toBe(16);
  for (const code of codes) expect(code.replaceAll('-', '').length * Math.log2(31)).toBeGreaterThan(112);
  const download = formIn(text, 'download').values;
  const saved = await visitor.post('/settings/security/recovery-codes', download);
  expect(saved.headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'content-disposition': 'attachment; filename="latchkey-recovery-codes.txt"',
    'cache-control': 'no-store',
  });
  const head = 'Recovery codes of ada at http://localhost:7070\nEach works once.\n\n';
  expect(saved.text, 'all of them, and nothing else').toBe(`${head}${codes.join('\n')}\n`);
  download.set('codes', '<script>alert(1)</script>\n../../etc/passwd: nothing of this is a code');
  expect((await visitor.post('/settings/security/recovery-codes', download)).status).toBe(422);
  world.ctx.clock.advance(60);
  const elsewhere = await signedIn(world, 'ada');
  expect((await elsewhere.send('/login/two-factor', 'code', { otp: codes[0]! })).location).toBe('/');
});

test.each([
  [-2, 422],
  [-1, 303],
  [0, 303],
  [1, 422],
])('a code of %i time steps from now is answered %i', async (steps, status) => {
  const world = await webWorld();
  await world.addPerson('ada');
  const owner = await signedIn(world, 'ada');
  const page = await owner.get(TWO_FACTOR);
  const { values } = formIn(page.text, 'confirm');
  values.set('otp', codeOf(world, keyOn(page.text)));
  await owner.post(TWO_FACTOR, values);
  world.ctx.clock.advance(300);
  const visitor = await signedIn(world, 'ada');
  const otp = codeOf(world, keyOn(page.text), steps);
  expect((await visitor.send('/login/two-factor', 'code', { otp })).status).toBe(status);
});

test.each(ENGINES)(
  'forty guesses at once are ten guesses: each is counted before it is checked [%s]',
  async (engine) => {
    const world = await webWorld({}, engine);
    await world.addPerson('ada');
    const owner = await signedIn(world, 'ada', '198.51.100.7');
    const page = await owner.get(TWO_FACTOR);
    const { values } = formIn(page.text, 'confirm');
    values.set('otp', codeOf(world, keyOn(page.text)));
    await owner.post(TWO_FACTOR, values);
    const thief = await signedIn(world, 'ada', '203.0.113.9');
    const guess = formIn((await thief.get('/login/two-factor')).text, 'code').values;
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const sent = new URLSearchParams(guess);
        sent.set('otp', String(100_000 + i));
        return (await thief.post('/login/two-factor', sent)).text;
      }),
    );
    expect(answers.filter((text) => text.includes('That code is wrong'))).toHaveLength(10);
    expect(answers.filter((text) => text.includes('too many failed attempts'))).toHaveLength(30);
  },
);

test('signing in rightly again and again is no guessing', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  for (let i = 0; i < 12; i++) expect((await world.visitor().signIn('ada')).status).toBe(303);
});
