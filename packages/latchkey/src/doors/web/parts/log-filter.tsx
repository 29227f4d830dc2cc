/** How a log is narrowed on its page: by what happened, who did it, where and when. All of it is in the address. */
import type { VNode } from 'preact';
import type { LogFilterInput } from '../../../actions/organizations/audit-log.ts';
import { problem } from '../../../base/errors.ts';
import { DAY_SEC, spokenDate, type UnixSeconds } from '../../../base/time.ts';
import { AUDIT_CATEGORIES, AUDIT_EVENTS, type AuditAction } from '../../../catalogue/audit-events.ts';
import { MAX_PHRASE_LENGTH, parsePhrase } from '../../../rules/audit/phrase.ts';
import { eventWords } from '../../../rules/audit/sentence.ts';
import { splitFullName } from '../../../rules/names.ts';
import { FilterChips } from './table-tools.tsx';

/** @throws Problem with what is wrong with a day, a repository or the phrase */
export function logFilterOf(query: URLSearchParams, organization: string | null): LogFilterInput {
  const text = (name: string): string => (query.get(name) ?? '').trim();
  const from = dayIn(text('from'));
  const to = dayIn(text('to'));
  return {
    action: text('action') || undefined,
    actor: text('actor') || undefined,
    ...(from === null ? {} : { since: from }),
    ...(to === null ? {} : { until: to + DAY_SEC }),
    qualifiers: [...repositoryIn(text('repo'), organization), ...parsePhrase(text('phrase'))],
  };
}

function repositoryIn(typed: string, organization: string | null): NonNullable<LogFilterInput['qualifiers']> {
  if (typed === '') return [];
  const value = organization !== null && !typed.includes('/') ? `${organization}/${typed}` : typed;
  if (splitFullName(value) === null)
    throw problem('invalid', 'Enter a repository with its owner, such as acme/site.', 'repo');
  return [{ name: 'repo', value, without: false }];
}

function dayIn(typed: string): UnixSeconds | null {
  if (typed === '') return null;
  const at = /^\d{4}-\d{2}-\d{2}$/.test(typed) ? Date.parse(`${typed}T00:00:00Z`) / 1000 : NaN;
  if (Number.isNaN(at)) throw problem('invalid', 'Enter a day such as 2026-01-31.', 'from');
  return at;
}

/** True when the address narrows the list. */
export function isNarrowed(query: URLSearchParams): boolean {
  return Object.keys(FIELD_LABELS).some((name) => (query.get(name) ?? '').trim() !== '');
}

const FIELD_LABELS = {
  action: 'What happened',
  actor: 'Who',
  repo: 'Repository',
  from: 'From',
  to: 'To',
  phrase: 'Search',
} as const;

function wordsOf(name: string, typed: string): string {
  if (name === 'from' || name === 'to') {
    const at = Date.parse(`${typed}T00:00:00Z`) / 1000;
    return Number.isNaN(at) ? typed : spokenDate(at);
  }
  if (name !== 'action') return typed;
  if (Object.hasOwn(AUDIT_EVENTS, typed)) return eventWords(typed as AuditAction);
  return Object.hasOwn(AUDIT_CATEGORIES, typed) ? AUDIT_CATEGORIES[typed as keyof typeof AUDIT_CATEGORIES] : typed;
}

/** @param people false in a log of one person */
export function LogFilter({ query, path, people }: { query: URLSearchParams; path: string; people: boolean }): VNode {
  const value = (name: string): string => query.get(name) ?? '';
  const set = Object.entries(FIELD_LABELS).flatMap(([name, label]) => {
    const typed = value(name).trim();
    return typed === '' ? [] : [{ name, label, value: wordsOf(name, typed) }];
  });
  return (
    <>
      <form method="get" class="lk-filter mb-3" role="search">
        <div>
          <label for="log-action" class="f6">
            What happened
          </label>
          <Events chosen={value('action')} />
        </div>
        {people ? <Line name="actor" label="Who" value={value('actor')} placeholder="login" /> : null}
        {people ? <Line name="repo" label="Repository" value={value('repo')} placeholder="acme/site" /> : null}
        <Line name="from" label="From day (UTC)" value={value('from')} type="date" />
        <Line name="to" label="To day (UTC)" value={value('to')} type="date" />
        {people ? (
          <Line name="phrase" label="Search" value={value('phrase')} placeholder="actor:ada -action:git" />
        ) : null}
        <div class="d-flex lk-gap">
          <button type="submit" class="btn btn-sm">
            Apply
          </button>
          {isNarrowed(query) ? (
            <a class="btn btn-sm btn-invisible" href={path}>
              Clear
            </a>
          ) : null}
        </div>
      </form>
      <FilterChips visit={{ path, query }} set={set} />
    </>
  );
}

function Line({
  name,
  label,
  value,
  type = 'text',
  placeholder,
}: {
  name: string;
  label: string;
  value: string;
  type?: 'text' | 'date';
  placeholder?: string;
}): VNode {
  return (
    <div>
      <label for={`log-${name}`} class="f6">
        {label}
      </label>
      <input
        id={`log-${name}`}
        name={name}
        type={type as 'text'}
        class="form-control input-sm"
        value={value}
        maxLength={name === 'phrase' ? MAX_PHRASE_LENGTH : 100}
        spellcheck={false}
        autocomplete="off"
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    </div>
  );
}

/** Every event in words, by its category. What the address says and the list lacks stays chosen. */
function Events({ chosen }: { chosen: string }): VNode {
  const option = (value: string, words: string): VNode => (
    <option value={value} selected={value === chosen}>
      {words}
    </option>
  );
  const known = chosen === '' || chosen in AUDIT_CATEGORIES || chosen in AUDIT_EVENTS;
  return (
    <select id="log-action" name="action" class="form-select select-sm">
      {option('', 'Everything')}
      {known ? null : option(chosen, chosen)}
      {Object.entries(AUDIT_CATEGORIES).map(([category, words]) => (
        <optgroup label={words}>
          {option(category, `${words}: all`)}
          {(Object.keys(AUDIT_EVENTS) as AuditAction[])
            .filter((action) => action.startsWith(`${category}.`))
            .map((action) => option(action, eventWords(action)))}
        </optgroup>
      ))}
    </select>
  );
}
