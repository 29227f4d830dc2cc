/** Tokens of machine accounts over REST, as their owners manage them. The account is in `machines.ts`. */
import {
  createMachineToken,
  editMachineToken,
  listMachineTokens,
  type MachineTokenName,
  readMachineToken,
  renewMachineToken,
  revokeMachineToken,
} from '../../../actions/organizations/machine-tokens.ts';
import { DEFAULT_OVERLAP_SEC } from '../../../actions/tokens/secrets.ts';
import type { CreatedToken } from '../../../actions/tokens/tokens.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { machineToken } from '../present/machines.ts';
import { type MachinesOf, OF_ORGANIZATION, OWN } from './machines.ts';
import {
  Edit,
  Expiry,
  expiryIn,
  grantDraft,
  grantsIn,
  idIn,
  limitsIn,
  NewToken,
  Rotation,
} from './own-token-bodies.ts';

type AnyCall = Pick<Call<unknown, unknown>, 'ctx' | 'permit' | 'params' | 'apiUrl'>;

function endpointsOf({ prefix, names, sees, changes }: MachinesOf): readonly Endpoint[] {
  const READ: Need = { sets: [sees], publicRead: false, writes: false };
  const WRITE: Need = { sets: [changes], publicRead: false, writes: true };
  const path = `${prefix}/machines/{machine}/tokens`;
  const target = prefix === '/user' ? ({ kind: 'self' } as const) : ({ kind: 'organization', login: 'org' } as const);
  const ofToken = { resource: 'PersonalAccessToken', target } as const;
  const loginIn = ({ params }: AnyCall): string => parameter(params, 'machine');
  const nameIn = (call: AnyCall): MachineTokenName => ({ login: loginIn(call), id: idIn(call.params['token_id']) });
  const tokensUrl = ({ apiUrl, params }: AnyCall): string =>
    apiUrl + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const shown = async (call: AnyCall, name = nameIn(call)) => {
    const { ctx, permit, apiUrl } = call;
    return machineToken(apiUrl, tokensUrl(call), await readMachineToken(ctx, permit, name), ctx.clock.now());
  };
  const withSecret = async (call: AnyCall, { secret, token: { id } }: CreatedToken) => ({
    ...(await shown(call, { login: loginIn(call), id })),
    token: secret.reveal(),
  });
  return [
    endpoint({
      ...ofToken,
      method: 'GET',
      path,
      operationId: `${names}/list-machine-tokens`,
      summary: 'The tokens of a machine account, newest first, without revoked ones.',
      need: READ,
      paged: true,
      handle: async (call) => {
        const { ctx, permit, apiUrl, page } = call;
        const found = await listMachineTokens(ctx, permit, loginIn(call), pageById(page));
        return {
          ...ok(found.map((token) => machineToken(apiUrl, tokensUrl(call), token, ctx.clock.now()))),
          next: nextKey(found, page, ({ id }) => id),
        };
      },
    }),
    endpoint({
      ...ofToken,
      method: 'POST',
      path,
      operationId: `${names}/create-machine-token`,
      summary:
        'Creates a token for a machine account. Only this answer shows its secret. Its resource owner is the ' +
        'account that the machine belongs to. It can have no right or lifetime beyond those of the token that ' +
        'makes this request.',
      need: WRITE,
      body: NewToken,
      handle: async (call) => {
        const { ctx, permit, body } = call;
        const made = await createMachineToken(ctx, permit, loginIn(call), {
          name: body.name,
          description: body.description ?? '',
          grants: grantsIn(body) ?? [grantDraft({})],
          ...expiryIn(body),
          ...limitsIn(body),
        });
        const answer = await withSecret(call, made);
        return created(answer, answer.url);
      },
    }),
    endpoint({
      ...ofToken,
      method: 'GET',
      path: `${path}/{token_id}`,
      operationId: `${names}/get-machine-token`,
      summary: 'A token of a machine account, even a revoked one.',
      need: READ,
      handle: async (call) => ok(await shown(call)),
    }),
    endpoint({
      ...ofToken,
      method: 'PATCH',
      path: `${path}/{token_id}`,
      operationId: `${names}/update-machine-token`,
      summary:
        'Changes a token of a machine account; its secret stays. It can get no right that the token that makes ' +
        'this request lacks.',
      need: WRITE,
      body: Edit,
      handle: async (call) => {
        const { ctx, permit, body } = call;
        await editMachineToken(ctx, permit, nameIn(call), {
          name: body.name,
          description: body.description,
          scopes: body.scopes,
          grants: grantsIn(body),
          ...limitsIn(body),
        });
        return ok(await shown(call));
      },
    }),
    endpoint({
      ...ofToken,
      method: 'POST',
      path: `${path}/{token_id}/regenerate`,
      operationId: `${names}/regenerate-machine-token`,
      summary: 'Gives a token of a machine account a new secret and expiry date. The old secret stops working at once.',
      need: WRITE,
      body: Expiry,
      success: 200,
      handle: async (call) =>
        ok(
          await withSecret(
            call,
            await renewMachineToken(call.ctx, call.permit, nameIn(call), expiryIn(call.body), null),
          ),
        ),
    }),
    endpoint({
      ...ofToken,
      method: 'POST',
      path: `${path}/{token_id}/rotate`,
      operationId: `${names}/rotate-machine-token`,
      summary:
        'Gives a token of a machine account a new secret. The old one works until the new one is first used, or ' +
        'the overlap is over.',
      need: WRITE,
      body: Rotation,
      success: 200,
      handle: async (call) => {
        const { ctx, permit, body } = call;
        const overlapSec = body.overlap_seconds ?? DEFAULT_OVERLAP_SEC;
        return ok(
          await withSecret(call, await renewMachineToken(ctx, permit, nameIn(call), expiryIn(body), overlapSec)),
        );
      },
    }),
    endpoint({
      ...ofToken,
      method: 'DELETE',
      path: `${path}/{token_id}`,
      operationId: `${names}/delete-machine-token`,
      summary: 'Revokes a token of a machine account, at once and everywhere.',
      need: WRITE,
      handle: async (call) => {
        await revokeMachineToken(call.ctx, call.permit, nameIn(call));
        return nothing();
      },
    }),
  ];
}

export const MACHINE_TOKEN_ENDPOINTS: readonly Endpoint[] = [OF_ORGANIZATION, OWN].flatMap(endpointsOf);
