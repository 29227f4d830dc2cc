/**
 * Filters (RFC 7644 section 3.4.2.2), as far as directories send them: `eq`, several joined by `and`.
 *
 * Invariant: a filter that isn't understood is refused in words, never taken for one that finds everybody.
 */
import type { ProvisionedSearch } from '../../actions/provisioning/people.ts';
import { ScimError } from './answers.ts';

const MAX_FILTER_LENGTH = 1000;

export interface Condition {
  /** The attribute, in lower case, without the schema before it. */
  readonly attribute: string;
  readonly value: string | boolean | number | null;
}

const ATTRIBUTE = /^\s*(?:urn:[\w.:-]+:)?([a-z$][\w$.-]*(?:\[[^\]]*\](?:\.[a-z$]\w*)?)?)\s+/i;
const EQUALS = /^eq\s+/i;
const VALUE = /^("(?:[^"\\]|\\.)*"|true|false|null|-?\d{1,15}(?:\.\d+)?)\s*/i;
const AND = /^and\s+/i;

/** What has to hold, all of it. @throws ScimError */
export function conditionsIn(filter: string): Condition[] {
  if (filter.length > MAX_FILTER_LENGTH)
    throw new ScimError(400, 'invalidFilter', `A filter has at most ${MAX_FILTER_LENGTH} characters.`);
  const conditions: Condition[] = [];
  let rest = filter;
  /** The next piece, taken off. */
  const take = (form: RegExp): string => {
    const [whole, part = ''] = form.exec(rest) ?? [];
    if (whole === undefined)
      throw new ScimError(400, 'invalidFilter', 'Filters are: ATTRIBUTE eq "VALUE", joined by and.');
    rest = rest.slice(whole.length);
    return part;
  };
  for (;;) {
    const attribute = take(ATTRIBUTE).toLowerCase();
    take(EQUALS);
    conditions.push({ attribute, value: valueOf(take(VALUE)) });
    if (rest === '') return conditions;
    take(AND);
  }
}

function valueOf(text: string): Condition['value'] {
  try {
    return JSON.parse(text.startsWith('"') ? text : text.toLowerCase()) as Condition['value'];
  } catch {
    throw new ScimError(400, 'invalidFilter', 'A value of the filter is no text as JSON has it.');
  }
}

const SEARCHES: Readonly<Record<string, keyof ProvisionedSearch>> = {
  id: 'id',
  username: 'userName',
  externalid: 'externalId',
  emails: 'address',
  'emails.value': 'address',
};
const WORK_ADDRESS = /^emails\[\s*(?:type\s+eq\s+"work"|primary\s+eq\s+true)\s*\](?:\.value)?$/;

/** Whom to look for; null = nobody, since no value is the right one. @throws ScimError */
export function searchIn(filter: string | undefined): ProvisionedSearch | null {
  if (filter === undefined) return {};
  const search: { -readonly [Key in keyof ProvisionedSearch]: ProvisionedSearch[Key] } = {};
  let finds = true;
  for (const { attribute, value } of conditionsIn(filter)) {
    const key = WORK_ADDRESS.test(attribute)
      ? 'address'
      : Object.hasOwn(SEARCHES, attribute)
        ? SEARCHES[attribute]
        : undefined;
    if (key === undefined)
      throw new ScimError(
        400,
        'invalidFilter',
        `People are found by id, userName, externalId and emails.value, not by ${attribute.slice(0, 60)}.`,
      );
    if (typeof value !== 'string') {
      finds = false;
      continue;
    }
    const wanted = key === 'id' ? idIn(value) : value;
    if (wanted === null || (search[key] !== undefined && search[key] !== wanted)) finds = false;
    else Object.assign(search, { [key]: wanted });
  }
  return finds ? search : null;
}

/** The id in a path or a filter; null when it can't be one. */
export function idIn(text: string): number | null {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}
