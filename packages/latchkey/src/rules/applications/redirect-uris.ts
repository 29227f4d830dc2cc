/**
 * Where an OAuth application gets its answers: which addresses it may have, and whether an asked one is among them.
 *
 * Sources: RFC 6749 section 3.1.2, RFC 8252 sections 7 and 8.3, RFC 9700 section 2.1.
 * Invariant: an address fits to the letter, but for the port of a loopback address.
 */

export const MAX_REDIRECT_URIS = 20;
const MAX_REDIRECT_URI_LENGTH = 1000;

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** A reversed domain name, or the name of a program: `com.example.app`, `cursor`. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+.-]{1,60}:$/;
/** What a browser runs, opens from the disk or hands to a program of everybody's. */
const NO_APPLICATION: ReadonlySet<string> = new Set([
  'about:',
  'blob:',
  'chrome:',
  'chrome-extension:',
  'data:',
  'file:',
  'filesystem:',
  'ftp:',
  'http:',
  'intent:',
  'javascript:',
  'mailto:',
  'ms-appx:',
  'resource:',
  'sms:',
  'ssh:',
  'tel:',
  'vbscript:',
  'view-source:',
  'ws:',
  'wss:',
]);

/** What is wrong with an address, as a sentence; null when nothing is. */
export function redirectUriProblem(text: string): string | null {
  if (text.length > MAX_REDIRECT_URI_LENGTH)
    return `A callback address has at most ${MAX_REDIRECT_URI_LENGTH} characters.`;
  const url = URL.parse(text);
  if (url === null || /[^\u0021-\u007e]|[\\<>"^`{|}]/.test(text) || !/^[a-z][a-z0-9+.-]*:/.test(text))
    return `${JSON.stringify(text.slice(0, 100))} is no complete address.`;
  if (text.includes('#')) return 'A callback address has no fragment (#).';
  if (url.username !== '' || url.password !== '') return 'A callback address has no user or password in it.';
  if (text.includes('*')) return 'A callback address is exact: it has no * in it.';
  if (/(?:^|[/\\]|%2f)(?:\.|%2e){1,2}(?:[/\\?]|%2f|$)/i.test(text))
    return 'A callback address has no . or .. in its path.';
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:')
    return LOOPBACK_HOSTS.has(url.hostname)
      ? null
      : 'Begin with https://. http:// can only lead to the same machine: 127.0.0.1, [::1] or localhost.';
  return NO_APPLICATION.has(url.protocol) || !PRIVATE_SCHEME.test(url.protocol)
    ? `${url.protocol.slice(0, 40)} leads to no application.`
    : null;
}

/** True when the address leads to a program on the person's own machine. Its port may vary (RFC 8252 section 7.3). */
export function isLoopbackUri(uri: string): boolean {
  const url = URL.parse(uri);
  return url !== null && url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname);
}

/** True when an application that has `registered` may be answered at `asked`. */
export function isRedirectAllowed(registered: readonly string[], asked: string): boolean {
  if (registered.includes(asked)) return true;
  if (!isLoopbackUri(asked) || redirectUriProblem(asked) !== null) return false;
  const portless = withoutPort(asked);
  return registered.some((each) => isLoopbackUri(each) && withoutPort(each) === portless);
}

/** The text without its port, and otherwise to the letter. */
function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/?:]*)):\d{1,5}(?=[/?]|$)/, '$1');
}

/** Where an answer goes, in words: a host, this machine, or a program by its scheme. */
export function redirectPlace(uri: string): string {
  const url = new URL(uri);
  if (isLoopbackUri(uri)) return 'a program on your machine';
  return url.protocol === 'https:' ? url.host : `the program that opens ${url.protocol}`;
}

/** What a page has to allow its forms to lead to (Content-Security-Policy, `form-action`). */
export function formTargetOf(uri: string): string {
  const url = new URL(uri);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : url.protocol;
}
