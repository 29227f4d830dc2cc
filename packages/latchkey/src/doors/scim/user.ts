/**
 * A person as SCIM writes one (RFC 7643 section 4.1), read and written.
 *
 * Invariant: `"False"` is false. Entra sends booleans as text; taken for a text that is there, it would leave everybody
 * active who has left.
 */
import type { PersonView, PersonWish } from '../../actions/provisioning/people.ts';
import { isoInstant } from '../../base/time.ts';
import { type Json, ScimError } from './answers.ts';

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const PREFIX = '/scim/v2';

const NAMES = ['formatted', 'givenName', 'familyName'] as const;

/** As it is answered. */
export function presentUser({ userId, person, active, createdAt, updatedAt }: PersonView, publicUrl: string): Json {
  const { userName, externalId, displayName, name, emails } = person;
  const names = Object.fromEntries(NAMES.flatMap((each) => (name[each] === null ? [] : [[each, name[each]]])));
  return {
    schemas: [USER_SCHEMA],
    id: String(userId),
    ...(externalId === null ? {} : { externalId }),
    userName,
    ...(Object.keys(names).length === 0 ? {} : { name: names }),
    ...(displayName === null ? {} : { displayName }),
    emails: emails.map(({ value, type, primary }) => ({ value, ...(type === null ? {} : { type }), primary })),
    active,
    meta: {
      resourceType: 'User',
      created: isoInstant(createdAt),
      lastModified: isoInstant(updatedAt),
      location: `${publicUrl}${PREFIX}/Users/${userId}`,
    },
  };
}

/** A resource as the caller wants it; what is left out is empty, but `active`, which stays. @throws ScimError */
export function readUser(body: unknown): PersonWish {
  const user = objectIn(body, 'The body');
  const name = of(user, 'name');
  const names = name == null ? {} : objectIn(name, 'name');
  const active = of(user, 'active');
  return {
    userName: textIn(of(user, 'userName'), 'userName') ?? '',
    externalId: textIn(of(user, 'externalId'), 'externalId'),
    displayName: textIn(of(user, 'displayName'), 'displayName'),
    name: {
      formatted: textIn(of(names, 'formatted'), 'name.formatted'),
      givenName: textIn(of(names, 'givenName'), 'name.givenName'),
      familyName: textIn(of(names, 'familyName'), 'name.familyName'),
    },
    emails: readEmails(of(user, 'emails')),
    active: active == null ? null : booleanIn(active, 'active'),
  };
}

/** Addresses, without those that have no value. At most one is primary: the last that says so. @throws ScimError */
export function readEmails(value: unknown): PersonWish['emails'] {
  if (value == null) return [];
  const list = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  const emails = list.flatMap((each) => {
    if (typeof each === 'string') return [{ value: each, type: null, primary: false }];
    const email = objectIn(each, 'An address of emails');
    const address = textIn(of(email, 'value'), 'emails.value');
    const primary = of(email, 'primary');
    const type = textIn(of(email, 'type'), 'emails.type');
    return address === null
      ? []
      : [{ value: address, type, primary: primary == null ? false : booleanIn(primary, 'emails.primary') }];
  });
  const main = emails.findLastIndex(({ primary }) => primary);
  return emails.map((email, i) => ({ ...email, primary: i === main }));
}

/** An attribute; its name is compared regardless of case (RFC 7643 section 2.1). Undefined when it is left out. */
export function of(object: Json, attribute: string): unknown {
  const key = keyOf(object, attribute);
  return key === undefined ? undefined : object[key];
}

export function keyOf(object: Json, attribute: string): string | undefined {
  if (Object.hasOwn(object, attribute)) return attribute;
  const wanted = attribute.toLowerCase();
  return Object.keys(object).find((key) => key.toLowerCase() === wanted);
}

/** @throws ScimError */
export function objectIn(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new ScimError(400, 'invalidSyntax', `${what} is a JSON object.`);
}

/** Null for what is left out or empty. @throws ScimError */
export function textIn(value: unknown, attribute: string): string | null {
  if (value == null || value === '') return null;
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  throw new ScimError(400, 'invalidValue', `${attribute} is a text.`);
}

/** @throws ScimError */
export function booleanIn(value: unknown, attribute: string): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new ScimError(400, 'invalidValue', `${attribute} is true or false.`);
}
