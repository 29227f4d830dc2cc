/** An entry of the audit log as a sentence: the catalogue's words with the entry's facts. */
import { auditSentenceOf } from '../../catalogue/audit-sentences.ts';

/** A part of a sentence: our words, or a fact by its name. */
export interface SentencePart {
  /** Null for our own words. */
  readonly fact: string | null;
  readonly text: string;
}

export type SentenceFacts = Readonly<Record<string, unknown>>;

const OPTIONAL = /\[([^\]]*)\]|([^[]+)/g;
const PIECE = /\{([a-z_]+)(?:#([a-z]+)|\|([^}]*))?\}|([^{]+)/g;
/** Facts of a line that its `data` may not replace. */
const OF_LINE = ['actor', 'org', 'repo', 'user'] as const;

/** The parts of the sentence about an entry; null for an event that this release doesn't know. */
export function auditSentence(action: string, line: SentenceFacts): SentencePart[] | null {
  const words = auditSentenceOf(action);
  if (words === null) return null;
  const facts = factsOf(line);
  const parts: SentencePart[] = [];
  for (const [, optional, always] of words.matchAll(OPTIONAL)) {
    const made = partsOf(optional ?? always ?? '', facts);
    if (optional === undefined || made.every(({ text }) => text !== '')) parts.push(...made);
  }
  return parts.filter(({ text }) => text !== '');
}

/** Facts as a list of events says them. */
const ANY: Readonly<Record<string, string>> = {
  org: 'an organization',
  repo: 'a repository',
  user: 'somebody',
  through_id: 'n',
  after_id: 'n',
  approval: 'n',
};

/** What an event says of no entry in particular, for a choice among them: `Pushed to a repository`. */
export function eventWords(action: string): string {
  const words =
    auditSentenceOf(action)
      ?.replaceAll(/\[[^\]]*\]/g, '')
      .replace('{actor} ', '') ?? action;
  const said = [...words.matchAll(PIECE)].map(([, fact, noun, otherwise, text]) => {
    if (fact === undefined) return text ?? '';
    return ANY[fact] ?? (otherwise === 'without a name' ? '' : (otherwise ?? noun ?? fact.replaceAll('_', ' ')));
  });
  const sentence = said
    .join('')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/\bthe ((?:classic |derived )?token)\b/g, 'a $1')
    .replaceAll(/\bthe application\b/g, 'an application')
    .trim();
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

function factsOf(line: SentenceFacts): SentenceFacts {
  const data = (typeof line['data'] === 'object' && line['data'] !== null ? line['data'] : {}) as SentenceFacts;
  const own = Object.fromEntries(OF_LINE.flatMap((name) => (line[name] == null ? [] : [[name, line[name]]])));
  const facts: SentenceFacts = { ...own, ...data, actor: actorOf(line) };
  return facts['user'] === undefined || facts['user'] === facts['actor'] ? facts : { ...facts, owner: facts['user'] };
}

/** Who acted: a login, or words for the server, its operator and strangers, who have none. */
function actorOf({ actor, actor_id: id }: SentenceFacts): string {
  if (typeof actor !== 'string' || actor === '') return 'Somebody unknown';
  return id == null && Object.hasOwn(NO_PERSON, actor) ? (NO_PERSON[actor] ?? actor) : actor;
}

const NO_PERSON: Readonly<Record<string, string>> = { latchkey: 'The server', operator: 'The operator' };

function partsOf(words: string, facts: SentenceFacts): SentencePart[] {
  return [...words.matchAll(PIECE)].map(([, fact, noun, otherwise, text]) => {
    if (fact === undefined) return { fact: null, text: text ?? '' };
    const value = facts[fact];
    const known = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    if (known === '') return { fact: null, text: otherwise ?? '' };
    if (noun === undefined) return { fact, text: known };
    return { fact: null, text: `${known} ${known === '1' ? noun : plural(noun)}` };
  });
}

function plural(noun: string): string {
  return noun.endsWith('y') && !noun.endsWith('ay') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}
