/**
 * Which of several routes a request means, told by its headers and its body.
 *
 * Invariant: of a batch, every message has a route, and the caller must be allowed all of them. A body that can't be
 * looked at is a fault, never the route that asks for least.
 */
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import type { Demand } from '../../catalogue/route-maps/conditions.ts';
import type { FoundFork } from '../../catalogue/route-maps/finder.ts';
import type { Reading } from '../../catalogue/route-maps/fork.ts';
import { type BodyFault, fieldOf, messagesOf, type SentBody } from './messages.ts';

/** What a request brings besides its address, as it is asked for. */
export interface RequestContent {
  /** By name in lower case; null = not sent. `unclear`: several times, or spelled in a second way. */
  header(name: string): Reading;
  /** Asked for only where a route looks at the body. */
  body(): MaybePromise<SentBody | BodyFault>;
}

/** The same, with a body that has come. */
export interface KnownContent extends RequestContent {
  body(): SentBody | BodyFault;
}

/** Of a request that somebody describes. @param json undefined = no body */
export function describedContent(headers: Readonly<Record<string, string>>, json: unknown): KnownContent {
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    header: (name) => {
      const text = named.get(name);
      return text === undefined ? null : { text: text.trim() };
    },
    body: () =>
      json === undefined
        ? 'body_missing'
        : { type: 'application/json', encoding: null, bytes: Buffer.from(JSON.stringify(json)) },
  };
}

/** Why no route can be told. `field`: what could not be read, in the map's words. */
export interface TellingFault {
  readonly error: BodyFault | 'header_unclear' | 'route_unknown' | 'target_unknown';
  readonly field: string | null;
}

export interface ToldRow {
  readonly row: FoundFork['fork']['rows'][number];
  /** What told it, for a log: ` tools/call search`. */
  readonly said: string;
}

/** The routes that are meant, each once. */
export function told(fork: FoundFork['fork'], content: KnownContent): readonly ToldRow[] | TellingFault {
  if (!fork.needsBody) return rowsFor(fork, content, [{}]);
  const body = content.body();
  const messages = typeof body === 'string' ? body : messagesOf(body);
  return typeof messages === 'string' ? { error: messages, field: null } : rowsFor(fork, content, messages);
}

/** The content with its body, once that has come; at once where no route looks at it. */
export function knownContent(fork: FoundFork['fork'], content: RequestContent): MaybePromise<KnownContent> {
  return andThen(fork.needsBody ? content.body() : 'body_missing', (body) => ({
    header: (name: string) => content.header(name),
    body: () => body,
  }));
}

function rowsFor(
  fork: FoundFork['fork'],
  content: RequestContent,
  messages: readonly Readonly<Record<string, unknown>>[],
): readonly ToldRow[] | TellingFault {
  const rows = new Map<string, ToldRow>();
  for (const message of messages) {
    const read = readerOf(content, message);
    const chosen = fork.choose(read);
    if (chosen === null) return { error: 'route_unknown', field: null };
    if ('unclear' in chosen) {
      const { in: place, name } = chosen.unclear;
      return { error: place === 'json' ? 'body_ambiguous' : 'header_unclear', field: name };
    }
    const said = (chosen.conditions ?? []).flatMap((demand) => textOf(read(demand))).join(' ');
    rows.set(`${fork.rows.indexOf(chosen)} ${said}`, { row: chosen, said: said === '' ? '' : ` ${said}` });
  }
  return [...rows.values()];
}

/** Reads each field once, since several rows look at the same. */
function readerOf(content: RequestContent, message: Readonly<Record<string, unknown>>): (demand: Demand) => Reading {
  const known = new Map<string, Reading>();
  return (demand) => {
    const key = `${demand.in} ${demand.name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const reading = demand.in === 'json' ? fieldOf(message, demand) : plainHeader(content.header(demand.name));
    known.set(key, reading);
    return reading;
  };
}

/** A list is what several headers of that name become, and `=?` begins a text in another encoding (RFC 2047). */
function plainHeader(reading: Reading): Reading {
  return reading !== null && reading !== 'unclear' && /,|^=\?/.test(reading.text) ? 'unclear' : reading;
}

const textOf = (reading: Reading): string[] => (reading === null || reading === 'unclear' ? [] : [reading.text]);
