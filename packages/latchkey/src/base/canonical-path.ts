/**
 * The one reading of a URL's path that everybody agrees on, or none.
 *
 * A proxy, this server and the service behind it may each parse a path differently, and a path that two of them read
 * differently gets past the check. So a path is decoded once, and refused if anything in it allows a second reading
 * (RFC 3986 sections 2.1, 5.2.4 and 6.2).
 *
 * Invariant: no segment of the result is empty, `.` or `..`, ends in a dot or a space, or contains a backslash, a
 * semicolon, a control character or anything that would decode again.
 */

/** What can be wrong with a path. */
export type PathError = 'path_absolute' | 'path_ambiguous' | 'path_undecodable' | 'path_too_deep';

export interface CanonicalPath {
  /** Decoded. A segment sent with `%2F` contains a slash: see `slashes`. */
  readonly segments: readonly string[];
  /** True when a slash was sent in encoded form. Only some servers take that for a slash. */
  readonly slashes: boolean;
}

/** Paths with more segments are refused. */
const MAX_PATH_SEGMENTS = 64;

/** Characters that mean the same to everybody, and of those the ones that a segment may end in: all but the dot. */
const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~!$&'()*+,=:@-";
const [OTHER, WITHIN, ANYWHERE] = [0, 1, 2];
/** By character code. */
const PLAINNESS: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return PLAIN.includes(char) ? ANYWHERE : char === '.' ? WITHIN : OTHER;
});
const SUSPICIOUS = /[\u0000-\u0020\u007f\\;#<>"^`{|}]|[\u0080-\uffff]/;

/** Reads a path as it is in a request line, without its query. One slash at the end is removed. */
export function canonicalPath(path: string): CanonicalPath | PathError {
  const plain = plainSegments(path);
  if (plain !== null) return within({ segments: plain, slashes: false });
  if (path === '/') return { segments: [], slashes: false };
  if (!path.startsWith('/')) return 'path_absolute';
  if (SUSPICIOUS.test(path)) return 'path_ambiguous';
  const segments: string[] = [];
  let slashes = false;
  for (const sent of (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/')) {
    const segment = decoded(sent);
    if (segment === null) return 'path_undecodable';
    if (!isPlain(segment)) return 'path_ambiguous';
    slashes ||= segment.includes('/');
    segments.push(segment);
  }
  return within({ segments, slashes });
}

/**
 * The segments of a path that needs no closer look: plain characters, no empty segment, none that ends in a dot. Null
 * for any other. One pass, since every request to every service begins here.
 */
function plainSegments(path: string): string[] | null {
  if (path.charCodeAt(0) !== SLASH) return null;
  const segments: string[] = [];
  let start = 1;
  let last = OTHER;
  for (let at = 1; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === SLASH) {
      if (last !== ANYWHERE) return null;
      segments.push(path.slice(start, at));
      start = at + 1;
      last = OTHER;
    } else {
      last = PLAINNESS[code] ?? OTHER;
      if (last === OTHER) return null;
    }
  }
  if (last !== ANYWHERE) return null;
  segments.push(path.slice(start));
  return segments;
}

const SLASH = 0x2f;

function within(path: CanonicalPath): CanonicalPath | PathError {
  return path.segments.length > MAX_PATH_SEGMENTS ? 'path_too_deep' : path;
}

function decoded(segment: string): string | null {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** True when the decoded segment, and each part between encoded slashes, means the same to every server. */
function isPlain(segment: string): boolean {
  if (/[\u0000-\u001f\u007f\\;]|%[0-9a-f]{2}/i.test(segment)) return false;
  return segment.split('/').every((part) => part !== '' && !/[. ]$/.test(part));
}
