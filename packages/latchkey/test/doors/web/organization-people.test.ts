/** Somebody leaves an organization: the page asks what goes with them, and says what still reaches it. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { formIn, webWorld } from './visitor.ts';

const PERMIT = operatorPermit();
const PEOPLE = '/organizations/octo/settings/people';
const TOKENS = '/organizations/octo/settings/personal-access-tokens';
const words = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');

/** Grace owns octo with its private site; Ada is a member who may write there by a role of her own. */
async function world() {
  const made = await webWorld();
  const { ctx } = made;
  for (const login of ['ada', 'grace']) await made.addPerson(login);
  await addOrganization(ctx, PERMIT, { name: 'octo', owner: 'grace' });
  for (const name of ['site', 'ledger'])
    await addRepository(ctx, PERMIT, { owner: 'octo', name, visibility: 'private' });
  const joins = async (): Promise<void> => {
    await setMember(ctx, PERMIT, { organization: 'octo', login: 'ada', role: 'member' });
    await setCollaborator(ctx, PERMIT, { owner: 'octo', name: 'site', login: 'ada', role: 'write' });
  };
  await joins();
  const token = (name: string, repositories: string[] | null) =>
    createToken(ctx, PERMIT, {
      userLogin: 'grace',
      kind: 'fine-grained',
      name,
      description: '',
      scopes: [],
      grants: [
        {
          owner: 'octo',
          selection: repositories === null ? 'all' : 'selected',
          repositories: repositories ?? [],
          permissions: { contents: 'read' },
          justification: null,
        },
      ],
    });
  await createToken(ctx, PERMIT, {
    userLogin: 'ada',
    kind: 'classic',
    name: 'old laptop',
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  const grace = made.visitor();
  await grace.signIn('grace');
  /** Removes Ada with the form in her row. */
  const removes = async (roles: 'taken' | 'kept') => {
    const { text } = await grace.get(PEOPLE);
    const row = text.slice(text.indexOf('Remove ada') - 2_000, text.indexOf('Remove ada'));
    const values = formIn((await grace.get(PEOPLE)).text, 'remove').values;
    values.set('login', 'ada');
    values.set('had_roles', '1');
    if (roles === 'kept') values.delete('roles');
    else values.set('roles', '1');
    const question = await grace.post(PEOPLE, values);
    return { row, answer: await grace.post(PEOPLE, formIn(question.text, 'remove').values) };
  };
  return { grace, joins, token, removes };
}

test('roles of their own go with a member while the box stays ticked, and then no token remains', async () => {
  const { grace, removes } = await world();
  const { row, answer } = await removes('taken');
  expect(row).toMatch(/<input type="checkbox" name="roles" value="1" checked[^>]*> with a role in one repository/);
  expect(answer.location).toBe(PEOPLE);
  const told = words((await grace.get(PEOPLE)).text);
  expect(told).toContain('ada is no longer in octo. A role in one repository went, too.');
  expect(told).not.toContain('still reach');
});

test('unticked, the roles stay, and the page names the tokens that reach the organization by them', async () => {
  const { grace, removes } = await world();
  const { answer } = await removes('kept');
  expect(answer.location).toBe(`${PEOPLE}?left=ada`);
  const { text } = await grace.get(answer.location ?? '');
  expect(words(text)).toContain('They keep a role in one repository, which their tokens still reach.');
  expect(words(text)).toContain('One of their tokens still reaches octo.');
  expect(text).toContain('<bdi class="text-bold">old laptop</bdi>');
  expect(words((await grace.get(`${PEOPLE}?left=nobody`)).text)).not.toContain('still reach');
});

test('the list of tokens is filtered by a repository that they selected; an unknown one is told', async () => {
  const { grace, token } = await world();
  await token('for site', ['site']);
  await token('for ledger', ['ledger']);
  await token('for all', null);
  const shown = async (repository: string): Promise<readonly boolean[]> => {
    const { text } = await grace.get(`${TOKENS}?repository=${encodeURIComponent(repository)}`);
    return ['for site', 'for ledger', 'for all'].map((name) => text.includes(name));
  };
  expect(await shown('site')).toEqual([true, false, true]);
  expect(await shown('octo/ledger')).toEqual([false, true, true]);
  const unknown = await grace.get(`${TOKENS}?repository=gone`);
  expect([unknown.status, words(unknown.text).includes('octo has no repository gone')]).toEqual([422, true]);
});
