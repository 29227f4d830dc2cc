/** Fields that an endpoint doesn't know: GitHub's clients send them, and people misspell others. */
import { expect, it } from 'vitest';
import { ENDPOINTS } from '../../../src/doors/github/endpoints.ts';
import { meant } from '../../../src/doors/github/input.ts';
import { apiWorld, grant } from './api.ts';
import more from './openapi-subset.json' with { type: 'json' };

type Properties = Readonly<Record<string, unknown>>;

async function ada(): Promise<{ ask: Awaited<ReturnType<typeof apiWorld>>['ask']; token: string }> {
  const { ask, token } = await apiWorld();
  return { ask, token: (await token('Ada', { kind: 'classic', scopes: ['repo', 'user'] })).secret };
}

it('have no effect at GitHub’s endpoints, and the answer names them', async () => {
  const { ask, token } = await ada();
  const body = { name: 'new', has_downloads: false, colour: 'red', 'odd\nname': 1 };
  const made = await ask('POST /user/repos', { token, body });
  expect(made).toMatchObject({ status: 201, body: { name: 'new' } });
  expect(String(made.headers['x-ignored-fields']).split(', ')).toContain('colour');
  expect(String(made.headers['x-ignored-fields'])).toContain('odd%0Aname');
  const listed = await ask('GET /user/repos?flavour=sweet', { token });
  expect([listed.status, listed.headers['x-ignored-fields']]).toEqual([200, 'flavour']);
  const within = { message: 'm', content: 'eA==', author: { name: 'a', email: 'a@b.c', shoe_size: 46 } };
  const put = await ask('PUT /repos/Ada/new/contents/a', { token, body: within });
  expect([put.status, put.headers['x-ignored-fields']]).toEqual([201, 'author.shoe_size']);
  expect((await ask('GET /user', { token })).headers['x-ignored-fields']).toBeUndefined();
});

it('are refused when they look like a misspelled one, and then nothing is done', async () => {
  const { ask, token } = await ada();
  const refused = await ask('POST /user/repos', { token, body: { name: 'new', privat: true, colour: 'red' } });
  expect([refused.status, refused.body.errors.map(({ message }: { message: string }) => message)]).toEqual([
    422,
    ['privat is not a field that this endpoint takes. Is private meant?'],
  ]);
  expect((await ask('GET /repos/Ada/new', { token })).status).toBe(404);
  expect((await ask('GET /user/repos?sorts=created', { token })).status).toBe(422);
});

it('are refused at our own endpoints and where rules are set, whatever they are called', async () => {
  const { ask, token } = await apiWorld();
  const { secret } = await token('Ada', {
    grants: [
      grant({ permissions: { personal_access_tokens: 'write' } }),
      grant({ owner: 'Acme', selection: 'all', permissions: { administration: 'write' } }),
    ],
  });
  const said = async (operation: string): Promise<unknown> => {
    const answer = await ask(operation, { token: secret, body: { only_on_tuesdays: true } });
    return [answer.status, JSON.stringify(answer.body).includes('only_on_tuesdays is not a field')];
  };
  expect(await said('POST /user/personal-access-tokens')).toEqual([422, true]);
  expect(await said('PUT /repos/Acme/site/branches/main/protection')).toEqual([422, true]);
});

it('no field that GitHub documents is taken for a misspelling of one that is here', () => {
  const taken: string[] = [];
  for (const { method, path, body, ignoresUnknown } of ENDPOINTS) {
    const operation = (more.paths as unknown as Record<string, Record<string, Properties>>)[path]?.[
      method.toLowerCase()
    ];
    const schema = (
      operation?.['requestBody'] as { content?: Record<string, { schema?: { properties?: Properties } }> } | undefined
    )?.content?.['application/json']?.schema;
    const known = Object.keys((body as { properties?: Properties } | null)?.properties ?? {});
    if (!ignoresUnknown || known.length === 0) continue;
    for (const name of Object.keys(schema?.properties ?? {}))
      if (!known.includes(name) && meant(name, known) !== null) taken.push(`${method} ${path}: ${name}`);
  }
  expect(taken).toEqual([]);
});
