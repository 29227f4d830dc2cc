/** `docs/permissions.md`: every permission, and what it opens. */

import { permissionSentence } from '../src/catalogue/permission-sentences.ts';
import {
  type Level,
  PERMISSION_GROUPS,
  PERMISSIONS,
  type Permission,
  type PermissionName,
  wholeOf,
} from '../src/catalogue/permissions.ts';
import { githubRoutes } from '../src/catalogue/routes/github.ts';
import { ENDPOINTS } from '../src/doors/github/endpoints.ts';

const HEAD = `<!-- Written by \`npm run docs\` from packages/latchkey/src/catalogue. Edit that, not this. -->

# What each permission opens

A fine-grained token holds permissions, each at a level: \`read\` < \`write\` < \`admin\`; a level includes the ones
before it. An operation needs every permission of at least one of its alternatives. Git itself takes
\`contents: read\` to clone and fetch, \`contents: write\` to push, and \`workflows: write\` beside it when a push
changes files under \`.github/workflows\`.

**here** marks what this server answers itself, under \`/api/v3\`; all other endpoints are decided for servers that
stand behind it. *with …* names permissions that are needed at the same time, *public* that public resources can be
read without.
`;

const GROUP_TITLES = {
  account: 'Account permissions',
  repository: 'Repository permissions',
  organization: 'Organization permissions',
  instance: 'Instance permissions',
} as const;

/** One line of a permission: an endpoint that needs it. */
interface Opened {
  readonly level: Level;
  readonly method: string;
  readonly path: string;
  readonly beside: string;
  readonly isPublic: boolean;
  readonly isHere: boolean;
}

/** The whole document. */
export function permissionsDoc(): string {
  const opened = openedBy();
  return [
    HEAD,
    ...PERMISSION_GROUPS.map((group) => {
      const permissions = PERMISSIONS.filter((permission) => permission.group === group);
      return [
        `## ${GROUP_TITLES[group]}\n`,
        ...permissions.map((permission) => sectionOf(permission, opened.get(permission.name) ?? [])),
      ].join('\n');
    }),
  ].join('\n');
}

function sectionOf({ name, title, levels }: Permission, rows: readonly Opened[]): string {
  const lines = rows.map(({ level, method, path, beside, isPublic, isHere }) =>
    [
      `- ${level}: \`${method} ${path}\``,
      ...(beside === '' ? [] : [`*with ${beside}*`]),
      ...(isPublic ? ['*public*'] : []),
      ...(isHere ? ['**here**'] : []),
    ].join(', '),
  );
  const list = lines.length === 0 ? 'No endpoint of this API takes it alone.' : lines.join('\n');
  const says = levels.map((level) => `- **${level}**: ${permissionSentence({ name, title }, level)}`);
  return `### ${title}: \`${name}\`\n\n${says.join('\n')}\n\n${list}\n`;
}

function openedBy(): ReadonlyMap<PermissionName, Opened[]> {
  const here = new Set(ENDPOINTS.map(({ method, path }) => `${method} ${path}`));
  const github = githubRoutes();
  const known = new Set(github.map(({ method, path }) => `${method} ${path}`));
  const all = [...github, ...ENDPOINTS.filter(({ method, path }) => !known.has(`${method} ${path}`))];
  const found = new Map<PermissionName, Opened[]>();
  for (const { method, path, need } of all) {
    for (const set of need.sets) {
      const members = (Object.entries(set) as [PermissionName, Level][]).map(
        ([part, level]) => [wholeOf(part), level] as const,
      );
      for (const [name, level] of members) {
        const beside = members
          .filter(([other]) => other !== name)
          .map(([other, its]) => `${other}: ${its}`)
          .join(', ');
        const rows = found.get(name) ?? [];
        rows.push({ level, method, path, beside, isPublic: need.publicRead, isHere: here.has(`${method} ${path}`) });
        found.set(name, rows);
      }
    }
  }
  for (const rows of found.values())
    rows.sort((a, b) => a.path.localeCompare(b.path, 'en') || a.method.localeCompare(b.method, 'en'));
  return found;
}
