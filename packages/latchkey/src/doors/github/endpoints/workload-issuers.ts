/** Issuers of workload identities over REST, for administrators of the instance. GitHub has no API for them. */
import {
  addIssuer,
  editIssuer,
  listIssuers,
  readIssuer,
  removeIssuer,
  tryIssuer,
} from '../../../actions/federation/issuers.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { PRESET_NAMES } from '../../../catalogue/workloads/issuers.ts';
import { created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { workloadIssuer } from '../present/workloads.ts';
import { closed } from './own-token-bodies.ts';

const PATH = '/enterprise/workload-issuers';
const READ: Need = { sets: [{ instance_policies: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ instance_policies: 'write' }], publicRead: false, writes: true };
const describe = { target: { kind: 'instance' }, resource: 'WorkloadIssuer' } as const;
const optional = Type.Optional;
const orNull = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()]);

const KEYS = {
  jwks: optional(
    Type.Union([Type.Object({ keys: Type.Array(Type.Object({}), { maxItems: 1000 }) }), Type.Null()], {
      description: 'Its public keys (a JWK set), if they cannot be fetched.',
    }),
  ),
  ca: optional(orNull(Type.String({ description: 'The certificate authority that signed its certificate, in PEM.' }))),
  max_life: optional(
    Type.Integer({ description: 'The longest lifetime of its tokens in seconds, 300 to 86400; 3600 when left out.' }),
  ),
};
const Keys = Type.Object(KEYS, closed);

function keysIn({ jwks, ca, max_life }: Static<typeof Keys>) {
  return {
    jwks: jwks === undefined || jwks === null ? jwks : JSON.stringify(jwks),
    ca,
    maxLifeSec: max_life,
  };
}

export const WORKLOAD_ISSUER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'GET',
    path: PATH,
    operationId: 'enterprise/list-workload-issuers',
    summary: 'The trusted issuers of workload identities, by name.',
    need: READ,
    handle: async ({ ctx, permit, apiUrl }) =>
      ok((await listIssuers(ctx, permit)).map((issuer) => workloadIssuer(apiUrl, issuer))),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: PATH,
    operationId: 'enterprise/add-workload-issuer',
    summary: 'Trusts an issuer. Its tokens open nothing until owners write rules for them.',
    need: WRITE,
    body: Type.Object(
      {
        name: optional(Type.String({ maxLength: 100, description: "Left out: the preset's." })),
        preset: Type.String({ maxLength: 40, description: `One of ${PRESET_NAMES.join(', ')}.` }),
        issuer: optional(
          Type.String({ maxLength: 300, description: 'The exact `iss` of its tokens; some presets know it.' }),
        ),
        ...KEYS,
      },
      closed,
    ),
    handle: async ({ ctx, permit, apiUrl, body }) => {
      const { name, preset, issuer, ...keys } = body;
      const made = await addIssuer(ctx, permit, { name, preset, issuer, ...keysIn(keys) });
      const shown = workloadIssuer(apiUrl, { ...made, rules: 0 });
      return created(shown, shown.url);
    },
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/{issuer}`,
    operationId: 'enterprise/get-workload-issuer',
    summary: 'A trusted issuer.',
    need: READ,
    handle: async ({ ctx, permit, apiUrl, params }) =>
      ok(workloadIssuer(apiUrl, await readIssuer(ctx, permit, parameter(params, 'issuer')))),
  }),
  endpoint({
    ...describe,
    method: 'PATCH',
    path: `${PATH}/{issuer}`,
    operationId: 'enterprise/update-workload-issuer',
    summary: 'Changes the keys, certificate authority or token lifetime of an issuer. Its rules stay.',
    need: WRITE,
    body: Keys,
    handle: async ({ ctx, permit, apiUrl, params, body }) => {
      const name = parameter(params, 'issuer');
      await editIssuer(ctx, permit, name, keysIn(body));
      return ok(workloadIssuer(apiUrl, await readIssuer(ctx, permit, name)));
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: `${PATH}/{issuer}`,
    operationId: 'enterprise/remove-workload-issuer',
    summary: 'Stops trusting an issuer. Its rules, and every token that they gave, end at once.',
    need: WRITE,
    handle: async ({ ctx, permit, params }) => {
      await removeIssuer(ctx, permit, parameter(params, 'issuer'));
      return nothing();
    },
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{issuer}/test`,
    operationId: 'enterprise/test-workload-issuer',
    summary: 'Fetches the keys of an issuer now, and lists their ids or says why it failed.',
    need: WRITE,
    success: 200,
    handle: async ({ ctx, permit, params }) => ok({ keys: await tryIssuer(ctx, permit, parameter(params, 'issuer')) }),
  }),
];
