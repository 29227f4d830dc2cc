/**
 * Machine accounts over REST, for which GitHub has no API: those of an organization, for its owners, and one's own.
 * Roles are given as people get theirs: as a collaborator, and in an organization by a membership.
 */
import { addMachine, listMachines, readMachine, removeMachine } from '../../../actions/organizations/machines.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { PermissionSet } from '../../../catalogue/permissions.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { machineBody } from '../present/machines.ts';
import { closed } from './own-token-bodies.ts';

const NewMachine = Type.Object(
  {
    login: Type.String({ maxLength: 100 }),
    purpose: Type.Optional(Type.String({ maxLength: 300, description: 'What it is for, in a few words.' })),
  },
  closed,
);

type AnyCall = Pick<Call<unknown, unknown>, 'params' | 'apiUrl'>;

/** Whose machines: where they are listed, and what seeing and changing them needs. */
export interface MachinesOf {
  readonly prefix: '/orgs/{org}' | '/user';
  readonly names: string;
  readonly whose: string;
  readonly sees: PermissionSet;
  readonly changes: PermissionSet;
}

export const OF_ORGANIZATION: MachinesOf = {
  prefix: '/orgs/{org}',
  names: 'orgs',
  whose: 'of an organization',
  sees: { organization_personal_access_tokens: 'read' },
  changes: { members: 'write', organization_personal_access_tokens: 'write' },
};
export const OWN: MachinesOf = {
  prefix: '/user',
  names: 'users',
  whose: 'of your own',
  sees: { personal_access_tokens: 'read' },
  changes: { personal_access_tokens: 'write' },
};

function endpointsOf({ prefix, names, whose, sees, changes }: MachinesOf): readonly Endpoint[] {
  const READ: Need = { sets: [sees], publicRead: false, writes: false };
  const WRITE: Need = { sets: [changes], publicRead: false, writes: true };
  const path = `${prefix}/machines`;
  const target = prefix === '/user' ? ({ kind: 'self' } as const) : ({ kind: 'organization', login: 'org' } as const);
  const describe = { resource: 'MachineAccount', target } as const;
  const loginIn = ({ params }: AnyCall): string => parameter(params, 'machine');
  const listUrl = ({ apiUrl, params }: AnyCall): string =>
    `${apiUrl}${path.replace('{org}', encodeURIComponent(params['org'] ?? ''))}`;
  return [
    endpoint({
      ...describe,
      method: 'GET',
      path,
      operationId: `${names}/list-machines`,
      summary: `The machine accounts ${whose}, newest first, each with what uses it.`,
      need: READ,
      paged: true,
      handle: async (call) => {
        const { ctx, permit, apiUrl, page } = call;
        const found = await listMachines(ctx, permit, pageById(page));
        return {
          ...ok(found.map((view) => machineBody(apiUrl, listUrl(call), view))),
          next: nextKey(found, page, ({ account }) => account.id),
        };
      },
    }),
    endpoint({
      ...describe,
      method: 'POST',
      path,
      operationId: `${names}/create-machine`,
      summary:
        'Creates a machine account, for jobs and programs. It starts without a role, and nobody can sign in to it.',
      need: WRITE,
      body: NewMachine,
      handle: async (call) => {
        const { ctx, permit, apiUrl, body } = call;
        const { login } = await addMachine(ctx, permit, { login: body.login, purpose: body.purpose ?? '' });
        const shown = machineBody(apiUrl, listUrl(call), await readMachine(ctx, permit, login));
        return created(shown, shown.machine_url);
      },
    }),
    endpoint({
      ...describe,
      method: 'GET',
      path: `${path}/{machine}`,
      operationId: `${names}/get-machine`,
      summary: `A machine account ${whose}, with what uses it.`,
      need: READ,
      handle: async (call) => {
        const { ctx, permit, apiUrl } = call;
        return ok(machineBody(apiUrl, listUrl(call), await readMachine(ctx, permit, loginIn(call))));
      },
    }),
    endpoint({
      ...describe,
      method: 'DELETE',
      path: `${path}/{machine}`,
      operationId: `${names}/delete-machine`,
      summary: 'Deletes a machine account, its roles and its tokens. They stop working at once, everywhere.',
      need: WRITE,
      handle: async (call) => {
        await removeMachine(call.ctx, call.permit, loginIn(call));
        return nothing();
      },
    }),
  ];
}

export const MACHINE_ENDPOINTS: readonly Endpoint[] = [OF_ORGANIZATION, OWN].flatMap(endpointsOf);
