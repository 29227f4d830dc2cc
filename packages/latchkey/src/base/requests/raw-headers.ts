/**
 * Single headers from Node's raw list (`name, value, name, value …`), for doors whose hot path can't afford the
 * parsed map.
 */

/**
 * The value of a header by its lower-case name; several are joined with `, ` (RFC 9110 section 5.3). Undefined when
 * there is none.
 */
export function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!isNamed(rawHeaders[i] ?? '', name)) continue;
    const value = rawHeaders[i + 1] ?? '';
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/**
 * The same for a header that may appear only once. A list when it appears more often: the sender contradicts itself.
 */
export function onceHeaderOf(rawHeaders: readonly string[], name: string): string | readonly string[] | undefined {
  let found: string | string[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!isNamed(rawHeaders[i] ?? '', name)) continue;
    const value = rawHeaders[i + 1] ?? '';
    found = found === undefined ? value : typeof found === 'string' ? [found, value] : [...found, value];
  }
  return found;
}

function isNamed(candidate: string, name: string): boolean {
  return candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name);
}
