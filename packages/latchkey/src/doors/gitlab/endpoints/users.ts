/** People. Source: GitLab docs "Users API". */

import { type Account, personById, personByLogin, readSelf, searchPeople } from '../../../actions/accounts/people.ts';
import { renameAccount } from '../../../actions/changes/renaming.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { parameter } from '../../../base/present.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { presentProfile, presentSelf, presentUser } from '../present/users.ts';
import { Answer, notFound } from '../refuse.ts';

/** The person whose id is in a path. @throws Answer when there is none */
export async function personIn(ctx: Context, id: string): Promise<Account> {
  const account = /^\d{1,15}$/.test(id) ? await personById(ctx, Number(id)) : await personByLogin(ctx, id);
  if (account === null) throw notFound('User');
  return account;
}

export const USER_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/user', {
    handle: async ({ ctx, permit }) => {
      const { account, email } = await readSelf(ctx, permit);
      return ok(presentSelf(account, email, ctx.settings.publicUrl));
    },
  }),
  endpoint('GET', '/users', {
    params: { username: { type: 'string' }, search: { type: 'string' } },
    paged: true,
    handle: async ({ ctx, permit, params, page }) => {
      if (params.username !== undefined) {
        const account = await personByLogin(ctx, params.username);
        const body = account === null ? [] : [presentUser(account, ctx.settings.publicUrl)];
        return { status: 200, body, total: body.length };
      }
      // only people with an account may list everybody, as on GitLab
      if (permit.actor.userId === null)
        throw new Answer({ status: 403, body: { message: '403 Forbidden - Not authorized to access /api/v4/users' } });
      const { people, total } = await searchPeople(ctx, permit, params.search ?? '', {
        offset: page.offset,
        limit: page.perPage,
      });
      return { status: 200, body: people.map((account) => presentUser(account, ctx.settings.publicUrl)), total };
    },
  }),
  endpoint('GET', '/users/{id}', {
    handle: async ({ ctx, path }) =>
      ok(presentProfile(await personIn(ctx, parameter(path, 'id')), ctx.settings.publicUrl)),
  }),
  endpoint('PUT', '/users/{id}', {
    params: { username: { type: 'string', required: true } },
    handle: async ({ ctx, permit, path, params }) => {
      const person = await personIn(ctx, parameter(path, 'id'));
      const renamed =
        params.username === person.login ? person : await renameAccount(ctx, permit, person, params.username);
      return ok(presentProfile(renamed, ctx.settings.publicUrl));
    },
  }),
];
