/**
 * The target of a request line, in the one form that all doors read.
 *
 * Invariant: done once, before any door looks, so no two doors take the same request for different ones. Never: for
 * forward authorization, whose paths are for another server to read.
 */

/**
 * The origin form of a target (RFC 9112 section 3.2): without the scheme and host that clients send to a proxy, and
 * with single slashes, since people paste `https://host//owner/name.git` and configure base URLs that end in a slash.
 * The query is unchanged.
 */
export function originForm(target: string): string {
  if (!target.includes('//')) return target;
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const mark = relative.indexOf('?');
  const [path, query] = mark < 0 ? [relative, ''] : [relative.slice(0, mark), relative.slice(mark)];
  const single = path.replace(/\/{2,}/g, '/');
  return `${single === '' ? '/' : single}${query}`;
}

/**
 * The target as it is without the path that the server lies below. A proxy may take the path away, or pass it on: both
 * arrive as the same, since no account has the name of its first segment.
 * @param path `/git`; '' = none
 */
export function withoutPublicPath(target: string, path: string): string {
  if (path === '' || !target.startsWith(path)) return target;
  const rest = target.slice(path.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : target;
}
