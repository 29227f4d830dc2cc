/** What git's own tests expect of Apache (`t/lib-httpd/apache.conf`): its options, redirections and scripts. */

export interface Command {
  /** The folder with `www`, and with all that the server writes. */
  readonly root: string;
  readonly port: number;
  readonly command: 'version' | 'start' | 'stop' | 'serve';
}

export function commandOf(args: readonly string[]): Command {
  const after = (flag: string): string => args[args.lastIndexOf(flag) + 1] ?? '';
  const command = args.includes('-v') ? 'version' : (after('-k') as Command['command']);
  return { root: after('-d'), port: Number(/:(\d+)/.exec(after('-c'))?.[1] ?? 0), command };
}

export interface Moved {
  readonly status: number;
  readonly location?: string;
}

type Rule = readonly [path: RegExp, status: number, to: string];

const RULES: readonly Rule[] = [
  [/^\/dumb-redir\/(.*)$/, 301, '/dumb/$1'],
  [/^\/smart-redir-perm\/(.*)$/, 301, '/smart/$1'],
  [/^\/smart-redir-temp\/(.*)$/, 302, '/smart/$1'],
  [/^\/smart-redir-auth\/(.*)$/, 301, '/auth/smart/$1'],
  [/^\/smart-redir-limited\/(.*)\/info\/refs$/, 301, '/smart/$1/info/refs'],
  [/^\/ftp-redir\/(.*)$/, 302, 'ftp://localhost:1000/$1'],
  [/^\/loop-redir\/(?:x-){20}(.*)$/, 302, '/$1'],
  [/^\/loop-redir\/(.*)$/, 302, '/loop-redir/x-$1'],
  [/^\/insane-redir\/(.*)$/, 301, '/intern-redir/$1/foo'],
];

/** Where Apache sends the client instead; null when it answers itself. */
export function movedTo(path: string, search: string): Moved | null {
  for (const [form, status, to] of RULES)
    if (form.test(path)) return { status, location: `${path.replace(form, to)}${search}` };
  return null;
}

const SCRIPTS: readonly (readonly [path: RegExp, name: string])[] = [
  [/^\/smart\/incomplete_length\/git-upload-pack(.*)$/, 'incomplete-length-upload-pack-v2-http.sh'],
  [/^\/smart\/incomplete_body\/git-upload-pack(.*)$/, 'incomplete-body-upload-pack-v2-http.sh'],
  [/^\/smart\/no_report\/git-receive-pack(.*)$/, 'error-no-report.sh'],
  [/^\/error_git_upload_pack\/.*\/git-upload-pack()$/, 'error.sh'],
  [/^\/broken_smart(\/.*)$/, 'broken-smart-http.sh'],
  [/^\/error_smart(\/.*)$/, 'error-smart-http.sh'],
  [/^\/error(\/.*)$/, 'error.sh'],
];

/** The script that answers wrongly on purpose, and its PATH_INFO; null for everything that Latchkey answers. */
export function scriptOf(path: string): { readonly name: string; readonly pathInfo: string } | null {
  for (const [form, name] of SCRIPTS) {
    const found = form.exec(path);
    if (found !== null) return { name, pathInfo: found[1] ?? '' };
  }
  return null;
}
