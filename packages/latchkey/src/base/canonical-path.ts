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

/** A path that needs no closer look: plain characters, no empty segment, none that ends in a dot. */
const PLAIN = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@-]*[A-Za-z0-9_~!$&'()*+,=:@-])+$/;
const SUSPICIOUS = /[\u0000-\u0020\u007f\\;#<>"^`{|}]|[\u0080-\uffff]/;

/** Reads a path as it is in a request line, without its query. One slash at the end is removed. */
export function canonicalPath(path: string): CanonicalPath | PathError {
  if (PLAIN.test(path)) return within({ segments: path.slice(1).split('/'), slashes: false });
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
