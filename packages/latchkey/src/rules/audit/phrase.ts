/**
 * The `phrase` by which an audit log is searched, in GitHub's syntax (docs "Reviewing the audit log for your
 * organization"): `action:repo.create -actor:ada created:>=2026-01-01`.
 *
 * Qualifiers of one name widen a search (one of these), of several names narrow it (all of these), a `-` leaves out.
 * Never: free words. GitHub's log isn't searched for text either, and a word that is dropped in silence would show an
 * investigator less than, or other than, what was asked.
 */
import { parseBlock } from '../../base/address.ts';
import { type Problem, problem } from '../../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { OPERATIONS } from '../../catalogue/audit-events.ts';
import { splitFullName } from '../names.ts';

/** Characters of a phrase. */
export const MAX_PHRASE_LENGTH = 1000;
/** Qualifiers of a phrase. */
export const MAX_QUALIFIERS = 50;

/** Seconds from `from`, up to `until`, which is left out. */
export interface TimeRange {
  readonly from: UnixSeconds;
  readonly until: UnixSeconds;
}

export interface Qualifier {
  readonly name: QualifierName;
  /** True for `-name:value`: what fits is left out. */
  readonly without: boolean;
  readonly value: string;
  /** Of `created`. */
  readonly range?: TimeRange;
  /** Of `actor_ip`: the value as a list, made once, since a list is prepared for its look-ups. */
  readonly blocks?: readonly string[];
}

const isWhole = (value: string): boolean => /^[1-9]\d{0,14}$/.test(value);

/** What the values of each qualifier look like, and how to say so. */
const QUALIFIERS = {
  action: { fits: (value) => /^[a-z0-9_]+(?:\.[a-z0-9_]+)?$/.test(value), form: 'an event or a category: repo.create' },
  operation: {
    fits: (value) => (OPERATIONS as readonly string[]).includes(value),
    form: `one of ${OPERATIONS.join(', ')}`,
  },
  actor: { fits: (value) => value.length <= 100, form: 'a login' },
  user: { fits: (value) => value.length <= 100, form: 'a login' },
  org: { fits: (value) => value.length <= 100, form: "an organization's login" },
  repo: { fits: (value) => splitFullName(value) !== null, form: 'a repository with its owner: acme/site' },
  actor_ip: {
    fits: (value) => parseBlock(value) !== null,
    form: 'an address or a block: 192.0.2.0/24',
  },
  actor_id: { fits: isWhole, form: 'a number' },
  user_id: { fits: isWhole, form: 'a number' },
  org_id: { fits: isWhole, form: 'a number' },
  repo_id: { fits: isWhole, form: 'a number' },
  token_id: { fits: isWhole, form: 'the number of the token that it was done with' },
  created: {
    fits: (value) => createdRange(value) !== null,
    form: 'a day or an instant, or a range: >=2026-01-31, 2026-01-01..2026-01-31, <2026-01-31T08:00:00Z',
  },
} as const satisfies Readonly<Record<string, { fits: (value: string) => boolean; form: string }>>;

export type QualifierName = keyof typeof QUALIFIERS;

/** All that a log can be searched for. */
export const QUALIFIER_NAMES = Object.keys(QUALIFIERS) as readonly QualifierName[];

/** A word: `-` or not, a name and a colon or not, then a value in quotes or without; a backslash frees what follows. */
const WORD = /(-?)(?:([A-Za-z_]+):)?("(?:[^"\\]|\\.)*"|(?:[^\s"\\]|\\.)+|(?<=:))(?=\s|$)/suy;

/** The qualifiers of a phrase; none for an empty one. @throws Problem with what is wrong with it, and what to write. */
export function parsePhrase(phrase: string): Qualifier[] {
  if (phrase.length > MAX_PHRASE_LENGTH) throw wrong(`A phrase has at most ${MAX_PHRASE_LENGTH} characters.`);
  const qualifiers: Qualifier[] = [];
  const rest = phrase.trimEnd();
  let at = /^\s*/.exec(rest)?.[0].length ?? 0;
  while (at < rest.length) {
    WORD.lastIndex = at;
    const found = WORD.exec(rest);
    if (found === null)
      throw wrong(`${shown(rest.slice(at))} is no qualifier: a quote is missing, or stands within a value.`);
    qualifiers.push(qualifierOf(found));
    if (qualifiers.length > MAX_QUALIFIERS) throw wrong(`A phrase has at most ${MAX_QUALIFIERS} qualifiers.`);
    at = WORD.lastIndex;
    while (at < rest.length && /\s/.test(rest.charAt(at))) at++;
  }
  return qualifiers;
}

function qualifierOf([word, minus, name, raw = '']: RegExpExecArray): Qualifier {
  const value = (raw.startsWith('"') ? raw.slice(1, -1) : raw).replace(/\\(.)/gsu, '$1');
  if (name === undefined)
    throw wrong(
      `The log isn't searched for words such as ${shown(word)}: say what it is, as in actor:ada. ` +
        `There is ${QUALIFIER_NAMES.join(', ')}.`,
    );
  if (!isQualifier(name))
    throw wrong(`The log isn't searched by ${shown(name)}. There is ${QUALIFIER_NAMES.join(', ')}.`);
  const { fits, form } = QUALIFIERS[name];
  if (value === '' || !fits(value)) throw wrong(`${shown(word)} is not understood: the value is ${form}.`);
  const range = name === 'created' ? createdRange(value) : null;
  return {
    name,
    without: minus === '-',
    value,
    ...(range === null ? {} : { range }),
    ...(name === 'actor_ip' ? { blocks: [value] } : {}),
  };
}

function isQualifier(name: string): name is QualifierName {
  return Object.hasOwn(QUALIFIERS, name);
}

/** `>2026-01-31` begins after that day, `>=` with it; a day alone is all of it, an instant alone its second. */
function createdRange(value: string): TimeRange | null {
  const [, low, high] = /^(\S+)\.\.(\S+)$/.exec(value) ?? [];
  if (low !== undefined && high !== undefined) {
    const from = low === '*' ? { from: 0 } : unitOf(low);
    const until = high === '*' ? { until: Infinity } : unitOf(high);
    return from === null || until === null || (low === '*' && high === '*')
      ? null
      : { from: from.from, until: until.until };
  }
  const [, sign, text = ''] = /^([<>]=?)?(.+)$/su.exec(value) ?? [];
  const unit = unitOf(text);
  if (unit === null) return null;
  if (sign === '>') return { from: unit.until, until: Infinity };
  if (sign === '>=') return { from: unit.from, until: Infinity };
  if (sign === '<') return { from: 0, until: unit.from };
  return sign === '<=' ? { from: 0, until: unit.until } : unit;
}

/** The day, or the second, that a text names; null when it names none. In UTC where no zone is given. */
function unitOf(text: string): TimeRange | null {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?))?$/.exec(text) ?? [];
  const start = Date.parse(`${day}T00:00:00Z`);
  const ms = Date.parse(time === undefined || /Z|[+-]/.test(time) ? text : `${text}Z`);
  // JavaScript reads the 31st of February as a day of March.
  if (Number.isNaN(start) || Number.isNaN(ms) || ms < 0 || new Date(start).toISOString().slice(0, 10) !== day)
    return null;
  const from = Math.floor(ms / 1000);
  return { from, until: from + (time === undefined ? DAY_SEC : 1) };
}

/** What was typed, on one line and not too long. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function wrong(message: string): Problem {
  return problem('invalid', message, 'phrase');
}
