/** Log entries as pages show them: a sentence for each, with its facts behind it. */
import type { VNode } from 'preact';
import type { LogEntry } from '../../../actions/organizations/audit-log.ts';
import { auditSentence } from '../../../rules/audit/sentence.ts';
import { Instant, TimeOfDay, WhenHead } from './components.tsx';
import { usePageContext } from './page-context.ts';

/** Entries of a log, newest first, by day: what happened in a sentence; behind it the event's code and its facts. */
export function AuditTable({ entries, label }: { entries: readonly LogEntry[]; label: string }): VNode {
  const { times } = usePageContext();
  const days = Map.groupBy(entries, ({ line }) => times.date(Number(line['created_at']) / 1000));
  return (
    <div class="lk-scroll" role="region" aria-label={label} tabIndex={0}>
      <table class="lk-table">
        <thead>
          <tr>
            <th scope="col">What happened</th>
            <th scope="col">From</th>
            <WhenHead />
          </tr>
        </thead>
        {[...days].map(([day, ofDay]) => (
          <tbody>
            <tr class="lk-log-day">
              <th colSpan={3} scope="rowgroup">
                {day}
              </th>
            </tr>
            {ofDay.map(({ line }) => (
              <Row line={line} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Row({ line }: Pick<LogEntry, 'line'>): VNode {
  const action = String(line['action']);
  const data = line['data'] as Readonly<Record<string, unknown>>;
  return (
    <tr>
      <td>
        <Sentence action={action} line={line} />
        <By line={line} data={data} />
        <details class="f6 lk-raw">
          <summary class="color-fg-muted">
            <code>{action}</code>
          </summary>
          <Facts data={{ actor: line['actor'], user: line['user'], org: line['org'], repo: line['repo'], ...data }} />
          {line['user_agent'] == null ? null : <Facts data={{ user_agent: line['user_agent'] }} />}
        </details>
      </td>
      <td data-label="From">{String(line['actor_ip'] ?? '—')}</td>
      <td data-label="When">
        <TimeOfDay at={Number(line['created_at']) / 1000} />
      </td>
    </tr>
  );
}

/** Facts that people chose as they liked: in quotes, so that they can't pass for our words. */
const FREE: ReadonlySet<string> = new Set(['name', 'title', 'context', 'branch', 'old_name', 'path', 'reason']);

function Sentence({ action, line }: { action: string; line: LogEntry['line'] }): VNode {
  const parts = auditSentence(action, line);
  if (parts === null) return <strong>{action}</strong>;
  return (
    <span>
      {parts.map(({ fact, text }) =>
        fact === null ? (
          text
        ) : isInstant(fact, text) ? (
          <Instant at={Date.parse(text) / 1000} />
        ) : FREE.has(fact) ? (
          <>
            “<bdi>{text}</bdi>”
          </>
        ) : (
          <bdi class="text-bold">{text}</bdi>
        ),
      )}
    </span>
  );
}

/** The token, and the agent behind it, by which it was done. */
function By({ line, data }: { line: LogEntry['line']; data: Readonly<Record<string, unknown>> }): VNode | null {
  if (line['token_id'] === undefined && data['act'] === undefined && data['ssh_key'] === undefined) return null;
  return (
    <div class="color-fg-muted f6 lk-break">
      {line['token_id'] === undefined ? null : (
        <>
          with the token “<bdi>{String(line['user_programmatic_access_name'] ?? line['token_id'])}</bdi>”
        </>
      )}
      {typeof data['ssh_key'] === 'string' ? (
        <>
          over SSH, with the key <code>{data['ssh_key']}</code>
        </>
      ) : null}
      <Via data={data} />
    </div>
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
function Facts({ data }: { data: Readonly<Record<string, unknown>> }): VNode | null {
  const facts = Object.entries(data).filter(
    ([name, value]) =>
      name !== 'act' &&
      name !== 'ssh_key' &&
      value !== null &&
      value !== undefined &&
      value !== '' &&
      !(Array.isArray(value) && value.length === 0),
  );
  if (facts.length === 0) return null;
  return (
    <div class="color-fg-muted f6 lk-break">
      {facts.map(([name, value], i) => (
        <>
          {i === 0 ? '' : ' · '}
          {name}: <Value name={name} value={value} />
        </>
      ))}
    </div>
  );
}

/** A fact that is an instant is told as one; every other, as it is. */
function Value({ name, value }: { name: string; value: unknown }): VNode {
  if (typeof value === 'number' && name.endsWith('_at')) return <Instant at={value} />;
  if (typeof value !== 'string') return <bdi>{JSON.stringify(value)}</bdi>;
  return isInstant(name, value) ? <Instant at={Date.parse(value) / 1000} /> : <bdi>{value}</bdi>;
}

/** True for an instant of ours, which nobody typed. */
function isInstant(fact: string, text: string): boolean {
  return !FREE.has(fact) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
}
