/** The audit log of an organization and of the instance: searched, and exported as JSON lines. */
import type { ComponentChildren, VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  exportLog,
  isSearch,
  type LogEntry,
  type LogScope,
  readLog,
  searchLog,
} from '../../../actions/organizations/audit-log.ts';
import { Problem } from '../../../base/errors.ts';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, type WebPage } from '../frame/web-page.ts';
import { AuditTable } from '../parts/audit-entries.tsx';
import { Blankslate, NextPage, Notice, Subhead } from '../parts/components.tsx';
import { isNarrowed, LogFilter, logFilterOf } from '../parts/log-filter.tsx';
import { nextPagePath, numberIn, OrganizationArea, organizationPath, organizationPermit } from './area.tsx';

const ON_A_PAGE = 50;

/** The entries of the page that is asked for, and the id to go on with; or what is wrong with the phrase. */
async function entriesOf(
  visit: Visit,
  permit: Permit,
  scope: LogScope,
): Promise<{ entries: readonly LogEntry[]; next: number | null; wrong: string | null }> {
  const beforeId = numberIn(visit.query, 'before');
  try {
    const input = logFilterOf(visit.query, organizationOf(scope));
    if (isSearch(input)) {
      const page = { order: 'desc', after: beforeId, before: null, limit: ON_A_PAGE, skip: 0 } as const;
      return { ...(await searchLog(visit.ctx, permit, scope, input, page)), wrong: null };
    }
    const entries = await readLog(visit.ctx, permit, scope, input, { beforeId, limit: ON_A_PAGE });
    return { entries, next: entries.length < ON_A_PAGE ? null : (entries.at(-1)?.id ?? null), wrong: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { entries: [], next: null, wrong: error.message };
  }
}

async function show(
  visit: Visit,
  permit: Permit,
  scope: LogScope,
  path: string,
  frame: (children: ComponentChildren) => VNode,
): Promise<Answer> {
  const { entries, next, wrong } = await entriesOf(visit, permit, scope);
  return page(
    scope.of === 'organization' ? `Audit log of ${scope.name}` : 'Audit log',
    frame(
      <>
        <Subhead title="Audit log" level={1}>
          <a class="btn btn-sm" href={`${path}.jsonl${new URL(visit.url, 'http://localhost').search}`} download>
            Export as JSON lines
          </a>
        </Subhead>
        <LogFilter query={visit.query} path={path} people />
        {wrong === null ? null : (
          <Notice tone="error" role="alert">
            {wrong}
          </Notice>
        )}
        {entries.length === 0 ? (
          wrong === null && (
            <Blankslate heading={isNarrowed(visit.query) ? 'No entry matches' : 'Nothing has happened yet'}>
              {next === null ? null : 'Nothing so far. Older entries are on the next page.'}
            </Blankslate>
          )
        ) : (
          <AuditTable entries={entries} label="Audit log" />
        )}
        <NextPage href={nextPagePath(visit, 'before', next ?? undefined)} />
      </>,
    ),
  );
}

function download(visit: Visit, permit: Permit, scope: LogScope): Answer {
  return file(
    'application/x-ndjson; charset=utf-8',
    exportLog(visit.ctx, permit, scope, logFilterOf(visit.query, organizationOf(scope))),
    `audit-log-${scope.of === 'organization' ? scope.name : 'instance'}.jsonl`,
  );
}

const organizationOf = (scope: LogScope): string | null => (scope.of === 'organization' ? scope.name : null);
const scopeOf = (visit: Visit): LogScope => ({ of: 'organization', name: visit.param('org') });
const ORGANIZATION = '/organizations/:org/settings/audit-log';
const INSTANCE = '/instance/audit-log';
const ofOrganization = (visit: Visit): Promise<Permit> =>
  organizationPermit(visit, { organization_audit_log: 'read' }, false);
const ofInstance = (visit: Visit): Promise<Permit> =>
  visit.permit({ sets: [{ instance_audit_log: 'read' }], publicRead: false, writes: false }, { kind: 'instance' });

export const auditLogPages: readonly WebPage[] = [
  {
    path: ORGANIZATION,
    access: 'signed-in',
    get: async (visit) =>
      show(
        visit,
        await ofOrganization(visit),
        scopeOf(visit),
        organizationPath(visit.param('org'), 'audit-log'),
        (children) => <OrganizationArea visit={visit}>{children}</OrganizationArea>,
      ),
  },
  {
    path: `${ORGANIZATION}.jsonl`,
    access: 'signed-in',
    get: async (visit) => download(visit, await ofOrganization(visit), scopeOf(visit)),
  },
  {
    path: INSTANCE,
    access: 'administrator',
    get: async (visit) =>
      show(visit, await ofInstance(visit), { of: 'instance' }, INSTANCE, (children) => (
        <WithMenu visit={visit} menu={INSTANCE_MENU}>
          {children}
        </WithMenu>
      )),
  },
  {
    path: `${INSTANCE}.jsonl`,
    access: 'administrator',
    get: async (visit) => download(visit, await ofInstance(visit), { of: 'instance' }),
  },
];
