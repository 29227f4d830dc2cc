/** Log entries as pages show them: a table, and the facts of each entry. */
import type { ComponentChildren, VNode } from 'preact';
import type { LogEntry } from '../../../actions/organizations/audit-log.ts';
import { spokenInstant } from '../../../base/time.ts';
import { Time } from './components.tsx';

/** A log's table with its head; the children are the rows. */
export function LogTable({ label, children }: { label: string; children: ComponentChildren }): VNode {
  return (
    <div class="lk-scroll" role="region" aria-label={label} tabIndex={0}>
      <table class="lk-table">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Who</th>
            <th scope="col">From</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Entries of an audit log, as a table. */
export function AuditTable({ entries, label }: { entries: readonly LogEntry[]; label: string }): VNode {
  return (
    <LogTable label={label}>
      {entries.map(({ line }) => (
        <Row line={line} />
      ))}
    </LogTable>
  );
}

function Row({ line }: Pick<LogEntry, 'line'>): VNode {
  const token = line['user_programmatic_access_name'];
  const data = line['data'] as Readonly<Record<string, unknown>>;
  return (
    <tr>
      <td>
        <strong>{String(line['action'])}</strong>
        <Facts data={data} />
      </td>
      <td data-label="Who">
        {String(line['actor'] ?? 'nobody')}
        <Via data={data} />
        {line['token_id'] === undefined ? null : (
          <span class="color-fg-muted">
            {' '}
            with the token <bdi>{String(token ?? '')}</bdi>
          </span>
        )}
      </td>
      <td data-label="From">{String(line['actor_ip'] ?? '—')}</td>
      <td data-label="When">
        <Time at={Number(line['created_at']) / 1000} />
      </td>
    </tr>
  );
}

/** The agent that acted for somebody: what the program said of itself, and nobody has checked. */
function Via({ data: { act } }: { data: Readonly<Record<string, unknown>> }): VNode | null {
  if (typeof act !== 'object' || act === null) return null;
  const { agent, session } = act as { readonly agent?: unknown; readonly session?: unknown };
  return (
    <span class="lk-break">
      {' '}
      via {typeof agent === 'string' ? <bdi>{agent}</bdi> : 'a derived token'}
      {typeof session === 'string' ? (
        <>
          {' '}
          (session <bdi>{session}</bdi>, as the program told)
        </>
      ) : null}
    </span>
  );
}

/** The further facts of an entry, on one line; instants as people say them. */
export function Facts({ data }: { data: Readonly<Record<string, unknown>> }): VNode | null {
  const facts = Object.entries(data).filter(
    ([name, value]) =>
      name !== 'act' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  if (facts.length === 0) return null;
  const words = (name: string, value: unknown): string =>
    typeof value === 'string'
      ? value
      : typeof value === 'number' && name.endsWith('_at')
        ? spokenInstant(value)
        : JSON.stringify(value);
  return (
    <div class="color-fg-muted f6 lk-break">
      {facts.map(([name, value], i) => (
        <>
          {i === 0 ? '' : ' · '}
          {name}: <bdi>{words(name, value)}</bdi>
        </>
      ))}
    </div>
  );
}
