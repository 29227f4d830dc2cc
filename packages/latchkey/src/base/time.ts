/**
 * Time as the product counts it: whole unix seconds in UTC.
 *
 * Invariant: rules and store never ask what time it is; they are told (`at`), so that a test can freeze it.
 */

/** An instant: whole seconds since 1970-01-01T00:00:00Z. Fields that hold one end in `At`. */
export type UnixSeconds = number;

/** The one place that knows the time. */
export interface Clock {
  now(): UnixSeconds;
  /** Seconds since some moment, by a stopwatch that nobody can set. It shows how far `now` was moved. */
  passed(): number;
}

export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  passed: () => performance.now() / 1000,
};

export const MINUTE_SEC = 60;
export const HOUR_SEC = 60 * MINUTE_SEC;
export const DAY_SEC = 24 * HOUR_SEC;

/** `2026-11-21T08:00:00Z`: the form of GitHub's REST answers. */
export function isoInstant(at: UnixSeconds): string {
  return `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
}

/** `2026-11-21`, in UTC. */
export function isoDate(at: UnixSeconds): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}

/** `21 Nov 2026, 08:00 UTC`: the form of sentences for people. */
export function spokenInstant(at: UnixSeconds): string {
  return `${spokenDate(at)}, ${new Date(at * 1000).toISOString().slice(11, 16)} UTC`;
}

/** The same of an instant as REST writes it, `2026-11-21T08:00:00Z`; of anything else, that it can't be read. */
export function spokenIso(instant: string): string {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? 'a time that can’t be read' : spokenInstant(ms / 1000);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov 2026`, in UTC. */
export function spokenDate(at: UnixSeconds): string {
  const date = new Date(at * 1000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

const SPOKEN = /\b(\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}, \d\d:\d\d UTC)\b/;

/**
 * Words in which instants stand as `spokenInstant` says them, taken apart: those are numbers here, without their
 * seconds, and what is between them stays text.
 */
export function partsOf(words: string): (string | UnixSeconds)[] {
  return words.split(SPOKEN).map((part, index) => {
    const ms = index % 2 === 0 ? Number.NaN : Date.parse(part);
    return Number.isNaN(ms) ? part : ms / 1000;
  });
}

/** The words for instants in one zone. Made once for a page or a mail: making it costs more than a row of a list. */
export interface ZoneWords {
  /** IANA's name of the zone; null = nobody said: UTC. */
  readonly zone: string | null;
  /** `21 Nov 2026, 09:00`; with ` UTC` where the zone isn't known. */
  instant(at: UnixSeconds): string;
  /** `21 Nov 2026` */
  date(at: UnixSeconds): string;
  /** `09:00` */
  time(at: UnixSeconds): string;
}

const IN_UTC: ZoneWords = {
  zone: null,
  instant: spokenInstant,
  date: spokenDate,
  time: (at) => isoInstant(at).slice(11, 16),
};

/** True for a zone that times can be told in. */
export function isTimeZone(text: string): boolean {
  if (text.length > 64 || !/^[A-Z][\w+/-]*$/i.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** @param zone null, or one that isn't known any more = UTC */
export function zoneWords(zone: string | null): ZoneWords {
  if (zone === null || !isTimeZone(zone)) return IN_UTC;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const read = (at: UnixSeconds): { date: string; time: string } => {
    const parts = Object.fromEntries(format.formatToParts(at * 1000).map(({ type, value }) => [type, value]));
    const month = MONTHS[Number(parts['month']) - 1] ?? '';
    return {
      date: `${Number(parts['day'])} ${month} ${parts['year']}`,
      time: `${parts['hour']}:${parts['minute']}`,
    };
  };
  return {
    zone,
    instant: (at) => {
      const { date, time } = read(at);
      return `${date}, ${time}`;
    },
    date: (at) => read(at).date,
    time: (at) => read(at).time,
  };
}

/** For a mail, where nothing can be hovered: `21 Nov 2026, 09:00 Europe/Berlin (08:00 UTC)`. */
export function mailedInstant({ zone, instant, date }: ZoneWords, at: UnixSeconds): string {
  if (zone === null) return spokenInstant(at);
  const utc = spokenInstant(at);
  const time = utc.slice(utc.lastIndexOf(', ') + 2);
  return `${instant(at)} ${zone} (${date(at) === spokenDate(at) ? time : utc})`;
}
