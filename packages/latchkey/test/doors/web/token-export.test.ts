/** The list of tokens that reach an organization, taken out as a file. */
import { expect, it } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { webWorld } from './visitor.ts';

const permit = operatorPermit();
const PATH = '/organizations/acme/settings/personal-access-tokens/export';

it('owners take out every token as CSV and JSON; names are no formulas, and no secret is in it', async () => {
  const world = await webWorld();
  const { ctx } = world;
  for (const login of ['ada', 'bob']) await world.addPerson(login);
  await addOrganization(ctx, permit, { name: 'acme', owner: 'ada' });
  await setMember(ctx, permit, { organization: 'acme', login: 'bob', role: 'member' });
  const make = async (name: string): Promise<string> => {
    const draft = { kind: 'classic', name, description: '', scopes: ['repo'], grants: [] } as const;
    return (await createToken(ctx, permit, { userLogin: 'bob', ...draft })).secret.reveal();
  };
  const secrets = [await make('=HYPERLINK("x")'), await make('a, "b"')];
  // More than are read at a time.
  for (let i = 0; i < 210; i++) secrets.push(await make(`token ${i}`));
  const grant = { owner: 'acme', selection: 'all', repositories: [], permissions: { contents: 'read' } } as const;
  await createToken(ctx, permit, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'deploys',
    description: '',
    scopes: [],
    grants: [{ ...grant, justification: null }],
  });
  const ada = world.visitor();
  await ada.signIn('ada');
  const csv = await ada.get(`${PATH}?format=csv`);
  expect([csv.headers['content-type'], csv.headers['content-disposition']]).toEqual([
    'text/csv; charset=utf-8',
    'attachment; filename="tokens-of-acme.csv"',
  ]);
  const lines = csv.text.split('\r\n');
  expect([lines.length, lines[0]]).toEqual([215, expect.stringMatching(/^id,owner,name,kind,last_characters,does,/)]);
  expect(csv.text).toContain(`,bob,"'=HYPERLINK(""x"")",classic,`);
  expect(csv.text).toContain(',bob,"a, ""b""",classic,');
  const json = JSON.parse((await ada.get(`${PATH}?format=json`)).text) as Record<string, unknown>[];
  expect(json).toHaveLength(213);
  expect(json[0]).toMatchObject({
    owner: 'ada',
    name: 'deploys',
    kind: 'fine-grained',
    permissions: expect.arrayContaining(['contents:read']),
    revoked_here: false,
  });
  for (const secret of secrets) expect(csv.text).not.toContain(secret);
  const narrowed = await ada.get(`${PATH}?format=json&state=fine-grained`);
  expect(JSON.parse(narrowed.text)).toHaveLength(1);
  expect((await ada.get(`${PATH}?format=json&repository=nothing`)).status, 'a bad filter is no file').toBe(422);
  expect((await ada.get('/organizations/acme/settings/personal-access-tokens?q=deploys')).text).toContain(
    'export?q=deploys&amp;format=csv',
  );
  const bob = world.visitor();
  await bob.signIn('bob');
  expect((await bob.get(PATH)).headers['content-disposition']).toBeUndefined();
  const entries = ctx.store.db.selectFrom('audit').select('data_json').where('action', '=', 'org.export_tokens');
  expect((await entries.execute()).map(({ data_json }) => JSON.parse(data_json))).toEqual([
    { org: 'acme', format: 'csv' },
    { org: 'acme', format: 'json' },
    { org: 'acme', format: 'json' },
  ]);
});
