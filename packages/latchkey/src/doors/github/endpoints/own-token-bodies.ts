/**
 * What a request about one's own tokens may contain, and how it is read.
 *
 * Fields are GitHub's if its forms and answers have them (`target_name`, `expires_in`, `repository_selection`).
 */
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import { LEVELS } from '../../../catalogue/permissions.ts';
import { type GrantDraft, ownerNamed } from '../../../rules/grant-draft.ts';
import type { RepositorySelection } from '../../../rules/model.ts';
import { instantOf } from '../input.ts';
import { SELECTION_WORDS } from '../present/tokens.ts';

/** No other fields. */
export const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const Instant = Type.Union([Type.String(), Type.Null()]);

const GRANT = {
  target_name: optional(
    Type.String({
      maxLength: 100,
      description:
        'Resource owner: a login, or `instance`. Left out: the owner in the full names of `repositories`, or else you.',
    }),
  ),
  repository_selection: optional(
    Type.Union([Type.Literal('none'), Type.Literal('all'), Type.Literal('subset')], {
      description: '`none`: only public repositories, read-only.',
    }),
  ),
  repositories: optional(
    Type.Array(Type.String({ maxLength: 150 }), { maxItems: 1000, description: 'Names, with a `subset`.' }),
  ),
  permissions: optional(Type.Record(Type.String(), Type.String(), { description: 'Each permission with its level.' })),
  reason: optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'Why you need it, for the owners of an organization that approves tokens.',
    }),
  ),
};
const Grant = Type.Object(GRANT, closed);
export const RefRules = Type.Array(
  Type.Object(
    {
      pattern: Type.String({
        maxLength: 300,
        description: '`agent/**`, `refs/tags/v*`; `{token}` and `{login}` stand for names.',
      }),
      allow: optional(
        Type.Array(Type.String({ maxLength: 20 }), {
          maxItems: 10,
          description:
            'Any of `create`, `update`, `force`, `delete`; or only `ask`: the owner of the token approves each ' +
            'move. Left out: `create` and `update`; empty: nothing.',
        }),
      ),
    },
    closed,
  ),
  { maxItems: 100 },
);
const LIMITS = {
  ref_rules: optional(
    Type.Union([RefRules, Type.Null()], {
      description: 'Which refs it may move. The first pattern that matches decides. Left out or `null`: any ref.',
    }),
  ),
  not_before: optional(Instant),
  allowed_addresses: optional(Type.Union([Type.Array(Type.String({ maxLength: 60 })), Type.Null()])),
  uses_left: optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'How many requests it may make in all, of every kind. A clone or push makes two or more.',
    }),
  ),
};
const EXPIRY = {
  expires_in: optional(
    Type.Union([Type.Integer(), Type.Literal('none'), Type.Null()], { description: 'Days, 1 to 366, or `none`.' }),
  ),
  expires_at: optional(Type.String({ description: 'Instead of days: a date and time in ISO 8601.' })),
};
export const NewToken = Type.Object(
  {
    name: Type.String(),
    description: optional(Type.String()),
    ...GRANT,
    grants: optional(
      Type.Array(Grant, { maxItems: 100, description: 'Instead of the one above, for several resource owners.' }),
    ),
    ...EXPIRY,
    ...LIMITS,
  },
  closed,
);
export const Edit = Type.Object(
  {
    name: optional(Type.String()),
    description: optional(Type.String()),
    scopes: optional(Type.Array(Type.String(), { maxItems: 200, description: 'The scopes of a classic token.' })),
    ...GRANT,
    grants: optional(Type.Array(Grant, { maxItems: 100 })),
    ...LIMITS,
  },
  closed,
);
export const Expiry = Type.Object(EXPIRY, closed);
export const Rotation = Type.Object(
  {
    ...EXPIRY,
    overlap_seconds: optional(
      Type.Integer({
        description:
          'How many seconds the old secret works beside the new one, at most: 60 to 604800; 3600 when left out.',
      }),
    ),
  },
  closed,
);
const Needs = Type.Record(Type.String(), Type.Union(LEVELS.map((level) => Type.Literal(level))));
/** One of `permission`, `permissions`, `git` and `path`. */
export const Check = Type.Object(
  {
    method: optional(Type.String({ maxLength: 20 })),
    path: optional(
      Type.String({ maxLength: 8_000, description: 'Path and query of a request to this server or to `host`.' }),
    ),
    host: optional(Type.String({ maxLength: 300, description: 'The host of the service behind a proxy.' })),
    destination: optional(
      Type.String({ maxLength: 8_000, description: 'The `Destination` header of `COPY` and `MOVE`.' }),
    ),
    headers: optional(
      Type.Record(Type.String({ maxLength: 60 }), Type.String({ maxLength: 8_000 }), {
        description: 'Headers of a request to `host`, where its route map looks at them.',
      }),
    ),
    body: optional(Type.Unknown({ description: 'The JSON of such a request, where the route map looks at that.' })),
    git: optional(
      Type.String({ maxLength: 10, description: '`clone`, `fetch` or `push`: what git does with `repository`.' }),
    ),
    permission: optional(Type.String({ maxLength: 100 })),
    level: optional(Type.String({ maxLength: 10, description: 'The level of `permission`; `read` when left out.' })),
    permissions: optional(
      Type.Union([Needs, Type.Array(Needs, { minItems: 1, maxItems: 20 })], {
        description: 'A set, `{"contents": "write"}`, or a list of sets, any one of which is enough.',
      }),
    ),
    repository: optional(Type.String({ maxLength: 200 })),
    organization: optional(Type.String({ maxLength: 100 })),
    account: optional(Type.String({ maxLength: 100 })),
    instance: optional(Type.Literal(true)),
    public: optional(
      Type.Boolean({
        description: 'With `permissions`: public things may be read without them; `false` when left out.',
      }),
    ),
    writes: optional(Type.Boolean({ description: 'With `permissions`: the request changes the repository.' })),
    address: optional(Type.String({ maxLength: 60 })),
    ref: optional(Type.String({ maxLength: 300, description: 'The branch, or the full ref, that would move.' })),
    act: optional(
      Type.String({ maxLength: 10, description: '`create`, `update` (when left out), `force`, `delete`.' }),
    ),
  },
  closed,
);

const SELECTIONS: Readonly<Record<string, RepositorySelection>> = Object.fromEntries(
  Object.entries(SELECTION_WORDS).map(([selection, word]) => [word, selection as RepositorySelection]),
);

export function grantDraft(grant: Static<typeof Grant>): GrantDraft {
  const {
    target_name: owner = '',
    repository_selection: word,
    repositories = [],
    permissions = {},
    reason = null,
  } = grant;
  return {
    owner: ownerNamed(owner, repositories),
    selection: present(SELECTIONS[word ?? (repositories.length > 0 ? 'subset' : 'none')], 'the selection of a word'),
    repositories,
    permissions,
    justification: reason,
  };
}

/** The grants of a body: one by its own fields, or several under `grants`. Undefined when neither is there. */
export function grantsIn(body: Static<typeof Edit> | Static<typeof NewToken>): GrantDraft[] | undefined {
  const own = Object.keys(GRANT).filter((field) => body[field as keyof typeof GRANT] !== undefined);
  if (body.grants !== undefined && own.length > 0)
    throw problem('invalid', `${own.join(', ')} stands beside grants: say it in one place.`, 'grants');
  if (body.grants !== undefined) return body.grants.map(grantDraft);
  return own.length === 0 ? undefined : [grantDraft(body)];
}

export function expiryIn({ expires_in: days, expires_at: at }: Static<typeof Expiry>) {
  if (days !== undefined && at !== undefined)
    throw problem('invalid', 'expires_in and expires_at say the same thing: give one.', 'expires_in');
  return {
    expiresInDays: days === 'none' ? null : days,
    expiresAt: at === undefined ? undefined : instantOf(at, 'expires_at'),
  };
}

export function limitsIn({
  not_before: from,
  allowed_addresses: allowedAddresses,
  uses_left: usesLeft,
  ref_rules: refRules,
}: Static<typeof Edit>) {
  return {
    notBeforeAt: typeof from === 'string' ? instantOf(from, 'not_before') : from,
    allowedAddresses,
    usesLeft,
    refRules,
  };
}

/** The number in a path. @throws Problem when it isn't one, as for a missing token */
export function idIn(text: string | undefined): number {
  const id = Number(text);
  if (!/^\d{1,15}$/.test(text ?? '') || id < 1)
    throw problem('not_found', `There is no ${String(text).slice(0, 40)}.`, 'id');
  return id;
}
