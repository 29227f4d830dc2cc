/** Service accounts of a group: its machine accounts, with their tokens. Source: GitLab docs "Service accounts API". */

import { nameOfAccount } from '../../../actions/decision/names-by-id.ts';
import { makeServiceToken, scopesAskedFor } from '../../../actions/organizations/gitlab-tokens.ts';
import {
  listMachineTokens,
  type MachineTokenName,
  readMachineToken,
  renewMachineToken,
  revokeMachineToken,
} from '../../../actions/organizations/machine-tokens.ts';
import { addMachine, listMachines, readMachine, removeMachine } from '../../../actions/organizations/machines.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, NOTHING, type Reply } from '../endpoint.ts';
import { presentServiceAccount } from '../present/machine-tokens.ts';
import { presentNewToken, presentToken } from '../present/tokens.ts';
import { badParams, notFound } from '../refuse.ts';

const PATH = '/groups/{id}/service_accounts';
const TOKENS = `${PATH}/{user_id}/personal_access_tokens`;

/** The login of the machine in the path. @throws Answer when there is none */
async function loginIn({ ctx, path }: Call<unknown>): Promise<string> {
  const id = parameter(path, 'user_id');
  const account = /^\d{1,15}$/.test(id) ? await nameOfAccount(ctx, Number(id)) : null;
  if (account?.kind !== 'machine') throw notFound('User');
  return account.login;
}

async function nameIn(call: Call<unknown>): Promise<MachineTokenName> {
  const id = parameter(call.path, 'token_id');
  if (!/^\d{1,15}$/.test(id)) throw notFound('Token');
  return { login: await loginIn(call), id: Number(id) };
}

/** A name for one that was given none: as GitLab makes one up. */
function usernameFrom(name: string): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return ['service-account', ...words].join('-').slice(0, 39).replace(/-+$/, '');
}

export const SERVICE_ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', PATH, {
    paged: true,
    handle: async ({ ctx, permit, page }) => {
      const found = await listMachines(ctx, permit, { beforeId: null, limit: page.perPage + 1, skip: page.offset });
      const body = found.slice(0, page.perPage).map(({ account }) => presentServiceAccount(account));
      return { status: 200, body, more: found.length > page.perPage };
    },
  }),
  endpoint('POST', PATH, {
    params: { name: { type: 'string' }, username: { type: 'string' }, email: { type: 'string' } },
    handle: async ({ ctx, permit, params }) => {
      if (params.email !== undefined && params.email !== '')
        throw badParams(['email is not taken: a service account reads no mail, its owners do']);
      const login = params.username || usernameFrom(params.name ?? '');
      const account = await addMachine(ctx, permit, { login, purpose: params.name ?? '' });
      return { status: 201, body: presentServiceAccount(account) };
    },
  }),
  endpoint('DELETE', `${PATH}/{user_id}`, {
    handle: async (call) => {
      await removeMachine(call.ctx, call.permit, await loginIn(call));
      return NOTHING;
    },
  }),
  endpoint('GET', TOKENS, {
    paged: true,
    handle: async (call) => {
      const { ctx, permit, page } = call;
      const login = await loginIn(call);
      const found = await listMachineTokens(ctx, permit, login, {
        beforeId: null,
        limit: page.perPage + 1,
        skip: page.offset,
      });
      const scopes = await scopesAskedFor(
        ctx,
        found.map(({ id }) => id),
      );
      const body = found.slice(0, page.perPage).map((token) => presentToken(token, scopes.get(token.id)));
      return { status: 200, body, more: found.length > page.perPage };
    },
  }),
  endpoint('POST', TOKENS, {
    params: {
      name: { type: 'string', required: true },
      description: { type: 'string' },
      scopes: { type: 'strings', required: true },
      expires_at: { type: 'date' },
    },
    handle: async (call): Promise<Reply> => {
      const { ctx, permit, params } = call;
      const { token, secret } = await makeServiceToken(ctx, permit, await loginIn(call), {
        name: params.name,
        description: params.description ?? '',
        scopes: params.scopes,
        expiresAt: params.expires_at,
      });
      return {
        status: 201,
        body: presentNewToken(token, secret, params.scopes),
        headers: { 'Cache-Control': 'no-store' },
      };
    },
  }),
  endpoint('DELETE', `${TOKENS}/{token_id}`, {
    handle: async (call) => {
      await revokeMachineToken(call.ctx, call.permit, await nameIn(call));
      return NOTHING;
    },
  }),
  endpoint('POST', `${TOKENS}/{token_id}/rotate`, {
    params: { expires_at: { type: 'date' } },
    handle: async (call): Promise<Reply> => {
      const { ctx, permit, params } = call;
      const name = await nameIn(call);
      await readMachine(ctx, permit, name.login);
      const { secret } = await renewMachineToken(ctx, permit, name, { expiresAt: params.expires_at }, null);
      const token = await readMachineToken(ctx, permit, name);
      const scopes = (await scopesAskedFor(ctx, [token.id])).get(token.id);
      return {
        status: 200,
        body: presentNewToken(token, secret, scopes),
        headers: { 'Cache-Control': 'no-store' },
      };
    },
  }),
];
