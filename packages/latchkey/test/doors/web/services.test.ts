/** Services of a route map on the pages of an organization: its policy, and its requests. */
import { afterEach, expect, it } from 'vitest';
import { setOperatorPermissions } from '../../../src/catalogue/permissions.ts';
import { signInWorld } from '../forward/browser.ts';

const MAP = `
services:
  - name: registry
    title: Package Index
    owner: acme
    hosts: [npm.example.org]
    permissions:
      - { name: packages, title: Packages, levels: [read, write, admin], members: write }
      - { name: keys, title: Keys, members: none }
    routes:
      - { method: PUT, path: '/{package}', needs: { packages: write } }
      - { method: GET, path: '/-/keys', needs: { keys: read } }
  - name: board
    owner: other
    hosts: [board.example.org]
    routes: [{ method: GET, path: '/{path...}', needs: {} }]
  - hosts: [git.example.org]
    map: git
`;
const POLICY = '/organizations/acme/settings/personal-access-token-policy';
const REQUESTS = '/organizations/acme/settings/personal-access-token-requests';

afterEach(() => setOperatorPermissions([]));

const words = (page: string): string =>
  (/<main[\s\S]*<\/main>/.exec(page)?.[0] ?? page).replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

it('an owner reads on the page of the policy which services it holds for, with whom they give what', async () => {
  const { browser } = await signInWorld(MAP);
  const dora = await browser('dora');
  const page = words((await dora.visitor.get(POLICY)).text);
  expect(page).toContain('Package Index at npm.example.org');
  expect(page).toContain(
    'Package Index: Packages registry:packages: Read-only, Read and write, Admin; members hold at most Read and write',
  );
  expect(page).toContain('Package Index: Keys registry:keys: Read-only, Read and write; owners alone hold it');
  expect(page).not.toMatch(/board|git\.example/);
});

it('an administrator reads of all services, and whose they are', async () => {
  const { web } = await signInWorld(MAP);
  await web.addPerson('root', { admin: true });
  const visitor = web.visitor();
  await visitor.signIn('root');
  const page = words((await visitor.get('/instance/policy')).text);
  expect(page).toContain('Package Index at npm.example.org, of acme');
  expect(page).toContain('board at board.example.org, of otherIt has no permissions of its own.');
  expect(page).toContain('git.example.org It has no permissions of its own.');
});

it('without a route map, no page says anything of services', async () => {
  const { browser } = await signInWorld('services: [{ map: git }]');
  const dora = await browser('dora');
  expect(words((await dora.visitor.get(POLICY)).text)).not.toContain('registry');
});

it('a request for a service’s permission says what it is, and at which host', async () => {
  const { browser, world } = await signInWorld(MAP);
  const dora = await browser('dora');
  const token = await world.token('eve', {
    kind: 'fine-grained',
    name: 'publisher',
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'public',
        repositories: [],
        permissions: { 'registry:packages': 'write' },
        justification: 'to publish',
      },
    ],
  });
  const page = words((await dora.visitor.get(REQUESTS)).text);
  expect(page).toContain('Asks to read and write Package Index: packages of the organization acme.');
  expect(page).toContain('Package Index: Packages registry:packages: Read and write at npm.example.org');
  const at = [['X-Original-Host', 'npm.example.org']] as const;
  expect((await world.nginx('PUT /left-pad', token, at)).headers['x-latchkey-reason']).toBe('grant_pending');
});

it('the form says where a service’s permission counts', async () => {
  const { browser } = await signInWorld(MAP);
  const eve = await browser('eve');
  const form = await eve.visitor.get('/settings/personal-access-tokens/new?target_name=acme&registry:packages=write');
  expect(words(form.text)).toContain(
    'Package Index: Packages, as the operator of this server defined it for npm.example.org.',
  );
});
