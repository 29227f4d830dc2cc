/** Where a person's commands keep their files. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder for data: `$XDG_DATA_HOME/latchkey`, otherwise `~/.local/share/latchkey` (XDG Base Directory
 * Specification); on Windows `%LOCALAPPDATA%\latchkey`.
 * @throws Fault when the person has no home folder
 */
export function userDataFolder(env: Environment): string {
  const xdg = env['XDG_DATA_HOME'];
  if (xdg !== undefined && xdg.startsWith('/')) return join(xdg, 'latchkey');
  if (process.platform === 'win32' && env['LOCALAPPDATA'] !== undefined) return join(env['LOCALAPPDATA'], 'latchkey');
  const home = env['HOME'] ?? homedir();
  if (home === '')
    throw new Fault('there is no home folder to keep credentials in', { hint: 'set HOME, or XDG_DATA_HOME' });
  return join(home, '.local', 'share', 'latchkey');
}
