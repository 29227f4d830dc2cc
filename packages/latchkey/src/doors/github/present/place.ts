/** Where a repository and its contents are, in the API and on the pages. */

/** Addresses of one repository, without a slash at the end; `apiUrl` is the API's own. */
export interface Place {
  readonly apiUrl: string;
  readonly url: string;
  readonly html: string;
}

/** A path or ref name as a part of a URL: its slashes stay. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
