/**
 * The catalogue of audit events, compared with the sources that record them. Every test with a context from
 * `test/actions/context.ts` also checks that nothing is recorded with facts that the catalogue doesn't list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AUDIT_EVENTS, auditEvent, OPERATIONS } from '../../src/catalogue/audit-events.ts';

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
