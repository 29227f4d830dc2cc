/**
 * Attacks with passkey answers: one sent twice, made for another site, page or person, without user verification, or by
 * a copy of the authenticator.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Lie, SoftwarePasskey } from './software-passkey.ts';
import { formIn, type Seen, type Visitor, type WebWorld, webWorld, withTwoFactor } from './visitor.ts';

const ORIGIN = 'http://localhost:7070';
const PATH = '/settings/security/passkeys';

interface Question {
  readonly values: URLSearchParams;
  readonly options: { readonly challenge: string; readonly userVerification?: string };
}

/** The challenge on a page, and the form for the answer. */
async function questionOn(visitor: Visitor, path: string, form: string): Promise<Question> {
  const { text } = await visitor.get(path);
  const options = /data-options="([^"]*)"/.exec(text)![1]!.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  return { values: formIn(text, form).values, options: JSON.parse(options) as Question['options'] };
}

function answered(
  { values }: Question,
  response: string,
  more: Readonly<Record<string, string>> = {},
): URLSearchParams {
  const sent = new URLSearchParams(values);
  for (const [name, value] of Object.entries({ passkey: response, ...more })) sent.set(name, value);
  return sent;
}

let world: WebWorld;
let ada: Visitor;
let passkey: SoftwarePasskey;

async function add(visitor: Visitor, key: SoftwarePasskey, lie: Lie = {}): Promise<Seen> {
  const question = await questionOn(visitor, PATH, 'add');
  return visitor.post(PATH, answered(question, key.made(question.options, lie), { name: `key ${key.id}` }));
}

/** Signs in with only the passkey, in a new browser. */
async function enter(lie: Lie = {}, key = passkey): Promise<Seen> {
  const visitor = world.visitor();
  const question = await questionOn(visitor, '/login', 'passkey');
  return visitor.post('/login', answered(question, key.signed(question.options, lie)));
}

beforeEach(async () => {
  world = await webWorld();
  await world.addPerson('ada');
  ada = world.visitor();
  await ada.signIn('ada');
  passkey = new SoftwarePasskey(ORIGIN);
  expect((await add(ada, passkey)).location).toBe('/settings/security/recovery-codes');
});

const refused = { status: 422, text: expect.stringContaining('The passkey was not accepted') as string };

describe('an answer of a passkey', () => {
  it('signs in where all is as it should be', async () => {
    expect(await enter()).toMatchObject({ status: 303, location: '/' });
  });

  it.each<[what: string, lie: Lie]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://localhost:7071' }],
    ['the same name without its scheme', { origin: 'https://localhost:7070' }],
    ['a page below another name', { origin: 'http://localhost:7070.evil.example' }],
    ['another party', { rpId: 'evil.example' }],
    ['a registration', { type: 'webauthn.create' }],
    ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['nobody who was there', { present: false }],
    ['somebody whom it did not verify', { verified: false }],
  ])('that is of %s signs nobody in', async (_, lie) => {
    expect(await enter(lie)).toMatchObject(refused);
  });

  it('is signed by the very passkey', async () => {
    expect(await enter({ signer: new SoftwarePasskey(ORIGIN) })).toMatchObject(refused);
    expect(await enter({}, new SoftwarePasskey(ORIGIN)), 'one that nobody added').toMatchObject(refused);
  });

  it('works once, in its own browser, and not for long', async () => {
    const [thief, owner] = [world.visitor(), world.visitor()];
    const question = await questionOn(owner, '/login', 'passkey');
    const response = passkey.signed(question.options);
    const own = await questionOn(thief, '/login', 'passkey');
    const stolen = answered(own, response, { challenge: question.values.get('challenge')! });
    expect(await thief.post('/login', stolen), 'with the challenge of the owner').toMatchObject(refused);
    expect(await thief.post('/login', answered(own, response)), 'with its own').toMatchObject(refused);
    const before = new Map(owner.cookies);
    expect(await owner.post('/login', answered(question, response))).toMatchObject({ status: 303 });
    for (const [name, value] of before) owner.cookies.set(name, value);
    owner.cookies.delete('latchkey_session');
    expect(await owner.post('/login', answered(question, response)), 'once more').toMatchObject(refused);

    const late = await questionOn(thief, '/login', 'passkey');
    world.ctx.clock.advance(5 * 60 + 1);
    expect(await thief.post('/login', answered(late, passkey.signed(late.options)))).toMatchObject(refused);
  });

  it('is for the page that asked: one to confirm is none to sign in', async () => {
    const { db } = world.ctx.store;
    await db.updateTable('sessions').set({ sudo_until: 0 }).execute();
    const { location } = await ada.get(PATH);
    const sudo = await questionOn(ada, location ?? PATH, 'confirm');
    expect(sudo.options.userVerification).toBe('required');
    const { values } = await questionOn(ada, location ?? PATH, 'confirm');
    ada.cookies.delete('latchkey_session');
    const signIn = await questionOn(ada, '/login', 'passkey');
    const crossed = answered(signIn, passkey.signed(sudo.options), { challenge: sudo.values.get('challenge')! });
    expect(values.get('challenge')).not.toBe(sudo.values.get('challenge'));
    expect(await ada.post('/login', crossed)).toMatchObject(refused);
  });

  it('counts on: what a copy of the authenticator signs later is refused', async () => {
    expect(await enter({ counter: 5 })).toMatchObject({ status: 303 });
    expect(await enter({ counter: 5 })).toMatchObject(refused);
    expect(await enter({ counter: 4 })).toMatchObject(refused);
    expect(await enter({ counter: 0 })).toMatchObject(refused);
    expect(await enter({ counter: 6 })).toMatchObject({ status: 303 });
  });

  it('after a password need not be verified, and to confirm it must be', async () => {
    const visitor = world.visitor();
    expect((await visitor.signIn('ada')).location).toBe('/login/two-factor');
    const second = await questionOn(visitor, '/login/two-factor', 'passkey');
    const present = answered(second, passkey.signed(second.options, { verified: false }));
    expect(await visitor.post('/login/two-factor', present)).toMatchObject({ status: 303, location: '/' });

    await world.ctx.store.db.updateTable('sessions').set({ sudo_until: 0 }).execute();
    const { location } = await visitor.get(PATH);
    const place = location ?? PATH;
    const sudo = await questionOn(visitor, place, 'confirm');
    const unverified = answered(sudo, passkey.signed(sudo.options, { verified: false }));
    expect(await visitor.post(place, unverified)).toMatchObject(refused);
    const again = await questionOn(visitor, place, 'confirm');
    expect((await visitor.post(place, answered(again, passkey.signed(again.options)))).status).toBe(303);
  });
});

describe('a new passkey', () => {
  it.each<[what: string, lie: Lie]>([
    ['of another site', { origin: 'https://evil.example' }],
    ['of another party', { rpId: 'evil.example' }],
    ['from an answer that only signs in', { type: 'webauthn.get' }],
    ['whose holder was not verified', { verified: false }],
    ['for another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ])('is not taken %s', async (_, lie) => {
    expect(await add(ada, new SoftwarePasskey(ORIGIN), lie)).toMatchObject(refused);
  });

  it('is taken once, and is one person’s', async () => {
    const key = new SoftwarePasskey(ORIGIN);
    const question = await questionOn(ada, PATH, 'add');
    const sent = answered(question, key.made(question.options), { name: 'key' });
    expect((await ada.post(PATH, sent)).status).toBe(303);
    expect(await ada.post(PATH, sent), 'the same answer again').toMatchObject(refused);
    await world.addPerson('eve');
    const eve = world.visitor();
    await eve.signIn('eve');
    expect(await add(eve, key)).toMatchObject({ status: 422, text: expect.stringContaining('is here already') });
  });
});

it('people who type an app’s codes are shown how to add a passkey, until they have one', async () => {
  await world.addPerson('bob');
  const bob = world.visitor();
  await bob.signIn('bob');
  const hint = 'add a passkey</a>. The app keeps working.';
  expect((await bob.get('/settings/security')).text).not.toContain(hint);
  await withTwoFactor(world, bob);
  for (const path of ['/settings/security', '/settings/security/two-factor'])
    expect((await bob.get(path)).text).toContain(hint);
  await add(bob, new SoftwarePasskey(ORIGIN));
  expect((await bob.get('/settings/security')).text).not.toContain(hint);
});

it('the field for the username takes passkeys, too', async () => {
  const { text } = await world.visitor().get('/login');
  expect(text).toMatch(/<input[^>]* name="login"[^>]* autocomplete="username webauthn"/);
  expect(text).toMatch(/data-passkey="get"[^>]* data-autofills/);
});
