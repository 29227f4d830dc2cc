/**
 * How a resource is called in a request (RFC 8707 section 2), in one spelling: clients differ in the slash at the end,
 * in capitals of the host, and in the port that the scheme implies.
 */

const MAX_RESOURCE_LENGTH = 500;

/** The identifier in one spelling: `https://tools.example.org/mcp`; null for what is none. */
export function canonicalResource(text: string): string | null {
  if (text.length > MAX_RESOURCE_LENGTH || /[^\u0021-\u007e]|[\\#?%]/.test(text)) return null;
  const url = /^https?:\/\/[^/@]+(?:\/|$)/i.test(text) ? URL.parse(text) : null;
  if (url === null || /\/\/|\/\.\.?(?:\/|$)/.test(text.replace(/^https?:\/\//i, ''))) return null;
  return `${url.origin}${url.pathname}`.replace(/\/$/, '');
}
