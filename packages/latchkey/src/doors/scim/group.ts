/**
 * A group as SCIM writes one (RFC 7643 section 4.2), read, written and patched.
 *
 * Members are people of the same directory. Entra adds and removes them with `members` as the path and a list as the
 * value, Okta with a filter in the path or a whole list, both without a path as well.
 */
import type { GroupView, GroupWish } from '../../actions/provisioning/groups.ts';
import { isoInstant } from '../../base/time.ts';
import { type Json, ScimError } from './answers.ts';
import { conditionsIn, idIn } from './filter.ts';
import type { Operation } from './patch.ts';
import { keyOf, objectIn, of, PREFIX, textIn } from './user.ts';

export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** As it is answered. @param withMembers false leaves them out, where there may be thousands */
export function presentGroup({ group, members }: GroupView, publicUrl: string, withMembers = true): Json {
  const { id, externalId, name, createdAt, updatedAt } = group;
  return {
    schemas: [GROUP_SCHEMA],
    id: String(id),
    ...(externalId === null ? {} : { externalId }),
    displayName: name,
    ...(withMembers
      ? {
          members: members.map((member) => ({
            value: String(member),
            $ref: `${publicUrl}${PREFIX}/Users/${member}`,
            type: 'User',
          })),
        }
      : {}),
    meta: {
      resourceType: 'Group',
      created: isoInstant(createdAt),
      lastModified: isoInstant(updatedAt),
      location: `${publicUrl}${PREFIX}/Groups/${id}`,
    },
  };
}

/** A resource as the caller wants it. Without `members`, nobody is in it. @throws ScimError */
export function readGroupBody(body: unknown): GroupWish {
  const group = objectIn(body, 'The body');
  return {
    name: textIn(of(group, 'displayName'), 'displayName') ?? '',
    externalId: textIn(of(group, 'externalId'), 'externalId'),
    members: membersIn(of(group, 'members')),
  };
}

/** @throws ScimError */
function membersIn(value: unknown): number[] {
  if (value == null) return [];
  const list = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  return [...new Set(list.map(memberIn))];
}

function memberIn(value: unknown): number {
  const member = typeof value === 'string' ? { value } : objectIn(value, 'A member');
  if (textIn(of(member, 'type'), 'members.type')?.toLowerCase() === 'group')
    throw new ScimError(400, 'invalidValue', 'Groups in groups are not taken: send the people who are in them.');
  const id = idIn(textIn(of(member, 'value'), 'members.value') ?? '');
  if (id === null) throw new ScimError(400, 'invalidValue', 'members.value is the id of a person, as /Users says it.');
  return id;
}

/** What the operations make of a group. @throws ScimError */
export function patchedGroup({ group, members }: GroupView, operations: readonly Operation[]): GroupWish {
  const wish = { name: group.name, externalId: group.externalId, members: new Set(members) };
  for (const { verb, path, value } of operations) {
    if (path !== null) applyTo(wish, verb, path, value);
    else
      for (const [key, one] of Object.entries(objectIn(value, 'The value of an operation without a path')))
        applyTo(wish, verb, key, one);
  }
  return { ...wish, members: [...wish.members] };
}

interface Draft {
  name: string;
  externalId: string | null;
  members: Set<number>;
}

const PATH = /^([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?$/s;
const KEPT = { displayName: null, externalId: null, members: null };

function applyTo(wish: Draft, verb: Operation['verb'], path: string, value: unknown): void {
  const prefix = `${GROUP_SCHEMA}:`;
  const own = path.toLowerCase().startsWith(prefix.toLowerCase()) ? path.slice(prefix.length) : path;
  if (/^urn:/i.test(own)) return;
  const [whole, attribute = '', filter, sub] = PATH.exec(own.trim()) ?? [];
  if (whole === undefined)
    throw new ScimError(400, 'invalidPath', 'path is displayName, externalId, members, or members[value eq "ID"].');
  const kept = keyOf(KEPT, attribute);
  // The id, which Okta repeats, and what isn't kept here.
  if (kept === undefined) return;
  if (kept === 'members') return changeMembers(wish, { verb, filter, sub, value });
  if (kept === 'displayName' && verb === 'remove')
    throw new ScimError(400, 'mutability', 'displayName is always needed.');
  const text = verb === 'remove' ? null : textIn(value, kept);
  if (kept === 'displayName') wish.name = text ?? '';
  else wish.externalId = text;
}

function changeMembers(
  wish: Draft,
  {
    verb,
    filter,
    sub,
    value,
  }: Pick<Operation, 'verb' | 'value'> & { readonly filter: string | undefined; readonly sub: string | undefined },
): void {
  if (sub !== undefined && sub.toLowerCase() !== 'value') return;
  const meant = filter === undefined ? membersIn(value) : filteredIn(filter);
  if (verb === 'add') for (const id of meant) wish.members.add(id);
  else if (verb === 'replace') wish.members = new Set(filter === undefined ? meant : [...wish.members, ...meant]);
  else if (filter === undefined && value == null) wish.members.clear();
  else for (const id of meant) wish.members.delete(id);
}

/** @throws ScimError */
function filteredIn(filter: string): number[] {
  return conditionsIn(filter).map(({ attribute, value }) => {
    const id = attribute === 'value' && typeof value === 'string' ? idIn(value) : null;
    if (id === null) throw new ScimError(400, 'invalidFilter', 'Members are found by: members[value eq "ID"].');
    return id;
  });
}
