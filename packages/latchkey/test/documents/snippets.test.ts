/**
 * The lines that documents show run, by a shell, in one world: ada owns acme, bob is a member of it, acme has site and
 * art. `house/snippets.test.ts` holds the table of all blocks.
 */
import { expect, test } from 'vitest';
import { causesWorld, type Made } from '../causes/world.ts';
import { BLOCKS } from './blocks.ts';
import { documentsShell } from './shell.ts';

test('the lines run, in the order of the documents', async () => {
  const world = await causesWorld();
  const { data } = world.server.context.settings;
  const shell = await documentsShell(data);
  await shell.run('git init -q --bare legacy.git && latchkey admin repo add acme/art');
  const grants = [
    { owner: 'acme', permissions: { contents: 'write' as const, metadata: 'read' as const } },
    { owner: 'ada', permissions: { personal_access_tokens: 'write' as const } },
  ];
  const newToken = (): Promise<Made> => world.token({ userLogin: 'ada', name: crypto.randomUUID(), grants });
  let secret = '';
  for (const { name, block, held } of BLOCKS) {
    if (!('here' in held)) continue;
    const given = Object.entries({
      'https://HOST': world.url,
      'https://latchkey.example.org': world.url,
      ...held.with,
    });
    const kept = block.text
      .split('\n')
      .filter((line) => held.without?.[line] === undefined)
      .join('\n');
    const [own, other] = [await newToken(), await newToken()];
    const lines = [...given, ['TOKEN_ID', String(other.id)] as const, ['lkf_…', other.secret] as const].reduce(
      (all, [from, to]) => all.replaceAll(from, to),
      kept,
    );
    const ended = await shell.run(`${held.before ?? ''}\n${lines}`, {
      LATCHKEY_TOKEN: own.secret,
      LATCHKEY_SECRET: secret,
      LATCHKEY_URL: world.url,
    });
    expect(ended.code, `${name}\n${ended.stderr}`).toBe(0);
    if (block.text.includes('admin server add')) secret = ended.stdout.trim();
  }
});
