/** The person's browser. */
import { spawn } from 'node:child_process';

/**
 * Opens an address in `$BROWSER`, or with the system's command. Without a browser nothing happens: the address was
 * printed.
 */
export function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): void {
  const chosen = env['BROWSER'];
  const [program, args]: readonly [string, readonly string[]] =
    chosen !== undefined && chosen !== ''
      ? [chosen, [url]]
      : process.platform === 'darwin'
        ? ['open', [url]]
        : process.platform === 'win32'
          ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
          : ['xdg-open', [url]];
  spawn(program, args, { stdio: 'ignore', detached: true, env: { ...env } })
    .on('error', () => {})
    .unref();
}
