/**
 * PATCH (RFC 7644 section 3.5.2) in the forms that directories send: with a path, with a filter in it, and without one,
 * where the value is an object whose keys are paths.
 *
 * Invariant: an operation that isn't understood is refused, and then nothing of the request was done. An attribute that
 * isn't kept here is passed over, as servers may: directories map many.
 */
import type { PersonView, PersonWish } from '../../actions/provisioning/people.ts';
import { type Json, ScimError } from './answers.ts';
import { type Condition, conditionsIn } from './filter.ts';
import { booleanIn, keyOf, objectIn, of, readEmails, textIn, USER_SCHEMA } from './user.ts';

const MAX_OPERATIONS = 1000;

type Verb = 'add' | 'replace' | 'remove';

export interface Operation {
  readonly verb: Verb;
  readonly path: string | null;
  readonly value: unknown;
}

type Email = PersonWish['emails'][number];

/** The operations of a body. @throws ScimError */
export function operationsIn(body: unknown): Operation[] {
  const list = of(objectIn(body, 'The body'), 'Operations');
  if (!Array.isArray(list) || list.length === 0)
    throw new ScimError(400, 'invalidSyntax', 'Operations is a list with at least one operation.');
  if (list.length > MAX_OPERATIONS)
    throw new ScimError(400, 'invalidSyntax', `A request has at most ${MAX_OPERATIONS} operations.`);
  return list.map((each: unknown) => {
    const operation = objectIn(each, 'An operation');
    const verb = String(of(operation, 'op')).toLowerCase();
    if (verb !== 'add' && verb !== 'replace' && verb !== 'remove')
      throw new ScimError(400, 'invalidSyntax', 'op is add, replace or remove.');
    const path = of(operation, 'path');
    if (path != null && typeof path !== 'string') throw new ScimError(400, 'invalidPath', 'path is a text.');
    if (path == null && verb === 'remove') throw new ScimError(400, 'invalidPath', 'remove needs a path.');
    return { verb, path: path == null || path === '' ? null : path, value: of(operation, 'value') };
  });
}

/** What the operations make of a person. @throws ScimError */
export function patched({ person, active }: PersonView, operations: readonly Operation[]): PersonWish {
  return operations.reduce<PersonWish>(
    (wish, { verb, path, value }) =>
      path === null
        ? Object.entries(objectIn(value, 'The value of an operation without a path')).reduce(
            (next, [key, one]) => applied(next, verb, key, one),
            wish,
          )
        : applied(wish, verb, path, value),
    { ...person, active },
  );
}

const PATH = /^([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?$/s;

function applied(wish: PersonWish, verb: Verb, path: string, value: unknown): PersonWish {
  const own = path.toLowerCase().startsWith(`${USER_SCHEMA.toLowerCase()}:`)
    ? path.slice(USER_SCHEMA.length + 1)
    : path;
  // Of another schema, such as the enterprise extension.
  if (/^urn:/i.test(own)) return wish;
  const [whole, attribute = '', filter, sub] = PATH.exec(own.trim()) ?? [];
  if (whole === undefined)
    throw new ScimError(400, 'invalidPath', 'path is ATTRIBUTE, ATTRIBUTE.SUB, or ATTRIBUTE[FILTER].SUB.');
  const kept = keyOf(SETTERS, attribute);
  if (kept === undefined) return wish;
  return SETTERS[kept as keyof typeof SETTERS](wish, { verb, filter, sub: sub?.toLowerCase(), value });
}

interface Place {
  readonly verb: Verb;
  readonly filter: string | undefined;
  readonly sub: string | undefined;
  readonly value: unknown;
}

const SETTERS = {
  userName: (wish: PersonWish, { verb, value }: Place): PersonWish => {
    if (verb === 'remove') throw new ScimError(400, 'mutability', 'userName is always needed.');
    return { ...wish, userName: textIn(value, 'userName') ?? '' };
  },
  externalId: (wish: PersonWish, place: Place): PersonWish => ({ ...wish, externalId: textOf(place, 'externalId') }),
  displayName: (wish: PersonWish, place: Place): PersonWish => ({ ...wish, displayName: textOf(place, 'displayName') }),
  active: (wish: PersonWish, { verb, value }: Place): PersonWish => {
    if (verb === 'remove') throw new ScimError(400, 'mutability', 'active is true or false, and is not removed.');
    return { ...wish, active: booleanIn(value, 'active') };
  },
  name: (wish: PersonWish, place: Place): PersonWish => ({ ...wish, name: nameAfter(wish.name, place) }),
  emails: (wish: PersonWish, place: Place): PersonWish => ({ ...wish, emails: emailsAfter(wish.emails, place) }),
};

function textOf({ verb, value }: Place, attribute: string): string | null {
  return verb === 'remove' ? null : textIn(value, attribute);
}

const NO_NAME: PersonWish['name'] = { formatted: null, givenName: null, familyName: null };

function nameAfter(name: PersonWish['name'], place: Place): PersonWish['name'] {
  const { verb, sub, value } = place;
  if (sub === undefined) {
    if (verb === 'remove') return NO_NAME;
    const given = objectIn(value, 'name');
    return Object.entries(given).reduce(
      (next, [key, one]) => nameAfter(next, { ...place, sub: key.toLowerCase(), value: one }),
      name,
    );
  }
  const key = keyOf(name, sub);
  return key === undefined ? name : { ...name, [key]: textOf(place, `name.${key}`) };
}

function emailsAfter(emails: readonly Email[], place: Place): readonly Email[] {
  const { verb, filter, sub, value } = place;
  if (filter === undefined && sub === undefined) {
    if (verb === 'add') return merged(emails, readEmails(value));
    if (verb === 'replace') return readEmails(value);
    const gone = new Set(readEmails(value).map((email) => email.value.toLowerCase()));
    return value == null ? [] : emails.filter((email) => !gone.has(email.value.toLowerCase()));
  }
  const conditions = filter === undefined ? [] : conditionsIn(filter);
  const isMeant = (email: Email): boolean => conditions.every((condition) => holds(email, condition));
  // An address without a value is none.
  if (verb === 'remove' && (sub === undefined || sub === 'value')) return emails.filter((email) => !isMeant(email));
  const change = changeBy(place);
  if (emails.some(isMeant)) {
    const after = emails.map((email) => (isMeant(email) ? { ...email, ...change } : email));
    return change.primary === true ? onePrimary(after, isMeant) : after;
  }
  // Directories set what isn't there yet by the same words: then it has what the filter asks for.
  const made = { ...readEmail(conditions), ...change };
  return verb === 'remove' || made.value === '' ? emails : merged(emails, [made]);
}

function changeBy({ verb, sub, value }: Place): Partial<Email> {
  if (sub === undefined) return readEmails(value)[0] ?? {};
  switch (sub) {
    case 'value':
      return { value: textIn(value, 'emails.value') ?? '' };
    case 'type':
      return { type: verb === 'remove' ? null : textIn(value, 'emails.type') };
    case 'primary':
      return { primary: verb !== 'remove' && booleanIn(value, 'emails.primary') };
    default:
      return {};
  }
}

function readEmail(conditions: readonly Condition[]): Email {
  const one = Object.fromEntries(conditions.map(({ attribute, value }) => [attribute, value])) as Json;
  return {
    value: typeof one['value'] === 'string' ? one['value'] : '',
    type: typeof one['type'] === 'string' ? one['type'] : null,
    primary: one['primary'] === true,
  };
}

function holds(email: Email, { attribute, value }: Condition): boolean {
  const has = (email as unknown as Json)[attribute];
  return typeof has === 'string' && typeof value === 'string'
    ? has.toLowerCase() === value.toLowerCase()
    : has === value;
}

/** Addresses that are there already are replaced by those of the same value. */
function merged(emails: readonly Email[], more: readonly Email[]): readonly Email[] {
  const values = new Set(more.map(({ value }) => value.toLowerCase()));
  const kept = emails.filter(({ value }) => !values.has(value.toLowerCase()));
  const all = [...kept, ...more];
  return more.some(({ primary }) => primary) ? onePrimary(all, (email) => more.includes(email)) : all;
}

function onePrimary(emails: readonly Email[], isNew: (email: Email) => boolean): readonly Email[] {
  const main = emails.findLastIndex((email) => email.primary && isNew(email));
  return emails.map((email, i) => ({ ...email, primary: main < 0 ? email.primary : i === main }));
}
