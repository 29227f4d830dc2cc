/** The page of a new secret: the secret once, and what became of it, without scripts and as a stream. */
import { expect, test } from 'vitest';
import { type Visitor, type WebWorld, webWorld } from './visitor.ts';

const FINE = '/settings/personal-access-tokens';

async function worldWithToken(): Promise<{ world: WebWorld; ada: Visitor; path: string; id: number }> {
  const world = await webWorld();
  await world.addPerson('ada');
  const ada = world.visitor();
  await ada.signIn('ada');
  const made = await ada.send(`${FINE}/new?name=laptop&contents=read`, 'create');
  const path = made.location!;
  return { world, ada, path, id: Number(/(\d+)\/created$/.exec(path)![1]) };
}

/** The token is used, as far as the record of uses goes. */
const use = ({ ctx }: WebWorld, id: number): void =>
  ctx.usage.note(id, ctx.clock.now(), '192.0.2.7', 'git/2.47.0', 'fetch ada/notes');

const words = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

test('a new secret is on its page once; a reload says what became of it instead', async () => {
  const { world, ada, path, id } = await worldWithToken();
  const first = await ada.get(path);
  expect(first.text).toMatch(/<code id="new-token">lkf_\w+<\/code>/);
  expect(words(first.text)).toContain('laptop is ready');
  const again = await ada.get(path);
  expect(again.text).not.toContain('lkf_');
  expect(words(again.text)).toContain('Waiting for its first use…');
  use(world, id);
  expect(words((await ada.get(path)).text)).toMatch(
    /It works: used .* by git 2\.47\.0 from 192\.0\.2\.7, to fetch ada/,
  );
});

test('no line of the next steps has the secret in an address or on the line of a command', async () => {
  const { ada, path } = await worldWithToken();
  const { text } = await ada.get(path);
  const [, secret] = /<code id="new-token">(\w+)<\/code>/.exec(text)!;
  const lines = [...text.matchAll(/<pre[^>]*>([\s\S]*?)<\/pre>/g)].flatMap(([, block]) => block!.split('\n'));
  expect(lines.filter((line) => line.includes(secret!))).toEqual([
    `password=${secret}`,
    `Authorization: Bearer ${secret}`,
  ]);
});

test('while the old secret of a rotation still works, its use is not taken for one of the new secret', async () => {
  const { world, ada, path, id } = await worldWithToken();
  use(world, id);
  world.ctx.clock.advance(60);
  const rotated = await ada.send(`${FINE}/${id}/renew`, 'renew', { overlap: '600' });
  expect(rotated.location).toBe(path);
  world.ctx.clock.advance(60);
  use(world, id);
  expect(words((await ada.get(path)).text)).toContain('Waiting for its first use…');
});

test('the stream says the same, ends with the first use, and belongs to the owner of the token alone', async () => {
  const { world, ada, path, id } = await worldWithToken();
  use(world, id);
  const seen = await ada.get(`${path}/live`);
  expect(seen.headers['content-type']).toBe('text/event-stream');
  expect(seen.text).toMatch(/^retry: 1000\n\nevent: used\ndata: [^\n]*It works[^\n]*\n\n$/);

  await world.addPerson('eve');
  const eve = world.visitor();
  await eve.signIn('eve');
  expect((await eve.get(`${path}/live`)).status).toBe(404);
  expect((await world.visitor().get(`${path}/live`)).location).toContain('/login');
});

test('a program’s name is text on the page and in the stream, whatever it calls itself', async () => {
  const { world, ada, path, id } = await worldWithToken();
  world.ctx.usage.note(id, world.ctx.clock.now(), '192.0.2.7', '<img/src=x\r\n\r\nevent:', 'fetch');
  for (const at of [path, `${path}/live`]) {
    expect((await ada.get(at)).text).toContain('by &lt;img src=x');
  }
  expect((await ada.get(`${path}/live`)).text.split('\n\n')).toHaveLength(3);
});
