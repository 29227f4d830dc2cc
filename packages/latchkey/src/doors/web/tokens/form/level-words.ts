/** The levels of permissions, as forms and tables call them. */
import type { Level, Permission } from '../../../../catalogue/permissions.ts';

const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  read: 'Read-only',
  write: 'Read and write',
  admin: 'Admin',
};

/** Like `LEVEL_WORDS`, but also for permissions that can't be read. */
export function levelWords({ levels }: Permission, level: Level): string {
  return level === 'write' && !levels.includes('read') ? 'Write' : LEVEL_WORDS[level];
}
