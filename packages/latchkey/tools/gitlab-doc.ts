/** `docs/gitlab-api.md`: what `/api/v4` answers, and what each endpoint takes. */

import { acceptedPermissions, demandsNoPermission } from '../src/catalogue/needs.ts';
import { GITLAB_ROUTES, type GitlabRoute } from '../src/catalogue/routes/gitlab.ts';
import { scopesOf, scopesOpening } from '../src/catalogue/scopes/scopes.ts';

const HEAD = `\
<!-- Written by \`npm run docs\` from packages/latchkey/src/catalogue/routes/gitlab.ts. Edit that, not this. -->

# GitLab's REST dialect: \`/api/v4\`

Clients written for GitLab talk to Latchkey under \`/api/v4\`, with any kind of token:
\`PRIVATE-TOKEN: TOKEN\` or \`Authorization: Bearer TOKEN\`. A token in the URL is refused, since logs would keep it.
Projects and groups are named by number or by URL-encoded path (\`acme%2Fsite\`).

Errors have GitLab's form and, next to it, \`reason\` (a stable code), \`detail\` (the cause in a sentence), \`missing\`
and \`fix\` (what to do, with a link):

\`\`\`json
{
  "error": "insufficient_scope",
  "error_description": "The request requires higher privileges than provided by the access token.",
  "scope": "api read_api",
  "reason": "scope_missing",
  "detail": "The token \\"ci\\" lacks the scope read_api.",
  "missing": { "metadata": "read" },
  "fix": {
    "text": "Its scopes are fixed; create another with those it needs:",
    "url": "https://HOST/-/user_settings/personal_access_tokens?name=ci&scopes=read_api",
    "command": null
  }
}
\`\`\`

Lists come in pages (\`page\`, \`per_page\` up to 100) with GitLab's headers: \`X-Page\`, \`X-Next-Page\`,
\`X-Total\`, \`Link\` and the rest; commits and trees are not counted, as on GitLab.

## Rotation

\`POST /personal_access_tokens/self/rotate\` (or \`/:id/rotate\`) gives a scoped token a successor with another id and
ends the token before at once; both belong to a family. Of two rotations at the same time, one succeeds. Without
\`expires_at\` the new token gets the same lifetime as the one before; a token can't give itself more. Fine-grained
and classic tokens keep their id and get another secret. \`latchkey\` and the pages can also rotate with an overlap.

If a rotated secret is used again, its owner gets an alert, wherever that happens: git, \`/api/v3\`, \`/api/v4\`. When
someone tries to rotate it again, more than a minute after it was replaced, the working token of its family is revoked,
too, as on GitLab.

## Endpoints

*Scopes*: GitLab's scopes, any one of which is enough; "any" is any token that works. *Permission*: what a fine-grained
token needs. *Public*: works without a token for what is public.
`;

/** The whole document. */
export function gitlabDoc(): string {
  const rows = GITLAB_ROUTES.map(
    (route) =>
      `| \`${route.method} ${route.path}\` | ${scopesIn(route)} | ${permissionIn(route)} | ` +
      `${route.need.publicRead ? 'yes' : ''} |`,
  );
  const scopes = scopesOf('scoped').map(({ name, description }) => `| \`${name}\` | ${description} |`);
  return [
    HEAD,
    '| endpoint | scopes | permission | public |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '## Scopes',
    '',
    'Only the owner’s own rights are ever reached: a scope opens nothing that its owner may not do.',
    '',
    '| scope | what for |',
    '| --- | --- |',
    ...scopes,
    '',
  ].join('\n');
}

function scopesIn({ need }: GitlabRoute): string {
  if (need.gitlabScopes?.length === 0) return 'any';
  const scopes = scopesOpening(need);
  return scopes.map((scope) => `\`${scope}\``).join(scopes.includes('admin_mode') ? ' with ' : ', ');
}

function permissionIn({ need }: GitlabRoute): string {
  return demandsNoPermission(need) ? 'none' : `\`${acceptedPermissions(need)}\``;
}
