/**
 * Pages below a path (`https://example.org/git`): they are written as if the server had the host for itself, and get
 * the path in front on their way out.
 */

/** A path of ours as browsers know it. What leads elsewhere stays. @param path `/git`; '' = none */
export function publicPathOf(to: string, path: string): string {
  return /^\/(?!\/)/.test(to) ? path + to : to;
}

/**
 * A page with the path in front of every path of ours. Text can't be taken for an attribute: what renders the page
 * writes quotation marks in it as `&quot;`.
 */
export function withPublicPath(html: string, path: string): string {
  return path === '' ? html : html.replace(/( (?:href|src|action|formaction)=")(?=\/(?!\/))/g, `$1${path}`);
}
