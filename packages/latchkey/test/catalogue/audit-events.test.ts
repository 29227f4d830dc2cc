/**
 * The catalogue of audit events, compared with the sources that record them. Every test with a context from
 * `test/actions/context.ts` also checks that nothing is recorded with facts that the catalogue doesn't list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  AUDIT_CATEGORIES,
  AUDIT_EVENTS,
  type AuditAction,
  auditEvent,
  OPERATIONS,
} from '../../src/catalogue/audit-events.ts';
import { AUDIT_SENTENCES } from '../../src/catalogue/audit-sentences.ts';
import { auditSentence } from '../../src/rules/audit/sentence.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const ACTIONS = join(ROOT, 'packages/latchkey/src/actions');
const sources = readdirSync(ACTIONS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(ACTIONS, name), 'utf8'))
  .join('\n');
const NAMES = Object.keys(AUDIT_EVENTS);

describe('the catalogue of audit events', () => {
  it('is sorted, and each event is one of a category', () => {
    expect(NAMES).toEqual(NAMES.toSorted());
    expect(NAMES.filter((name) => !/^[a-z_]+\.[a-z_]+$/.test(name))).toEqual([]);
  });

  it('has no event that nothing records', () => {
    // Some names are composed, but their verb is in the sources.
    const verbOf = (name: string): string => name.slice(name.indexOf('.') + 1);
    const put = (name: string): boolean =>
      sources.includes(`'${verbOf(name)}'`) ||
      /_(?:enabled|disabled|set|unset|requirement)$|\.(?:enable|disable)(?:_saml)?$/.test(name);
    expect(NAMES.filter((name) => !sources.includes(`'${name}'`) && !put(name))).toEqual([]);
  });

  it('says when each is written and what it is told, in docs/audit.md', () => {
    const guide = readFileSync(join(ROOT, 'docs/audit.md'), 'utf8');
    for (const [name, { when, operation, data }] of Object.entries(AUDIT_EVENTS)) {
      const facts = data.map((field) => `\`${field}\``).join(', ');
      expect(guide).toContain(`| \`${name}\` | ${when} | ${operation} | ${facts} |`);
      expect(OPERATIONS).toContain(operation);
    }
  });

  it('knows nothing of events that are not in it', () => {
    expect(auditEvent('toString')).toBeUndefined();
    expect(auditEvent('user.login')?.operation).toBe('authentication');
  });
});

describe('the sentences of the audit log', () => {
  const OF_EVERY = ['actor', 'owner', 'user', 'org', 'repo'];

  it('name no fact that their event cannot have', () => {
    const wrong = Object.entries(AUDIT_SENTENCES).flatMap(([action, words]) =>
      [...words.matchAll(/\{([a-z_]+)/g)]
        .map(([, fact]) => fact!)
        .filter((fact) => ![...OF_EVERY, ...AUDIT_EVENTS[action as AuditAction].data].includes(fact))
        .map((fact) => `${action}: ${fact}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are whole without any fact, and with all of them', () => {
    for (const [action, { data }] of Object.entries(AUDIT_EVENTS)) {
      const all = Object.fromEntries(data.map((fact) => [fact, `its ${fact}`]));
      const who = { actor: 'ada', user: 'hal', org: 'octo', repo: 'octo/site' };
      for (const line of [{}, { ...who, data: all }]) {
        const text = auditSentence(action, line)!
          .map((part) => part.text)
          .join('');
        expect([action, text]).toEqual([action, expect.not.stringMatching(/[{}[\]|#]| {2}|undefined|null/)]);
        expect([action, text.length]).toEqual([action, expect.toSatisfy((length: number) => length > 8)]);
      }
    }
  });

  it('say who did it, whose it is where that is somebody else, and count with a noun', () => {
    const say = (action: string, line: Record<string, unknown>): string =>
      auditSentence(action, line)!
        .map(({ fact, text }) => (fact === null ? text : `<${text}>`))
        .join('');
    const granted = { actor: 'grace', actor_id: 1, org: 'acme', data: { name: 'ledger-bot' } };
    expect(say('personal_access_token.access_granted', { ...granted, user: 'teodor' })).toBe(
      '<grace> approved the token <ledger-bot> of <teodor> for <acme>',
    );
    expect(say('personal_access_token.access_granted', { ...granted, user: 'grace' })).toBe(
      '<grace> approved the token <ledger-bot> for <acme>',
    );
    expect(say('user.delete', { actor: 'ada', actor_id: 1, data: { login: 'bob', tokens: 1 } })).toBe(
      '<ada> deleted the account <bob> with 1 token',
    );
    expect(say('org.delete', { actor: 'latchkey', actor_id: null, data: { repositories: 14 } })).toBe(
      '<The server> deleted an organization with 14 repositories',
    );
    expect(auditSentence('nothing.known', {})).toBeNull();
  });

  it('let no fact pass for who acted', () => {
    const line = { actor: 'eve', actor_id: 3, data: { actor: 'ada', name: 'x' } };
    expect(auditSentence('oauth_access.destroy', line)![0]).toEqual({ fact: 'actor', text: 'eve' });
  });

  it('have a word for every category', () => {
    const categories = NAMES.map((name) => name.slice(0, name.indexOf('.')));
    expect(Object.keys(AUDIT_CATEGORIES).sort()).toEqual([...new Set(categories)].sort());
  });
});
