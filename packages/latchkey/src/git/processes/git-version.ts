/** Which git this machine has, asked without a repository. */
import { gitEnvironment } from './environment.ts';
import { readGit } from './git-process.ts';

/** The oldest that serves everything that this server offers: README. */
export const OLDEST_GIT = [2, 32] as const;

export interface GitVersion {
  /** As git says it: `2.39.5` */
  readonly text: string;
  readonly isTooOld: boolean;
}

/** Null when there is no git on the path, or what is there is none. */
export async function gitVersion(): Promise<GitVersion | null> {
  const environment = gitEnvironment({ homeFolder: '/', hooksFolder: null, protocol: undefined });
  const said = await readGit({ args: ['--version'], environment, cwd: '/' }).catch(() => null);
  const [, text = '', major = '', minor = ''] =
    /^git version ((\d+)\.(\d+)\S*)/.exec(said?.toString('utf8') ?? '') ?? [];
  if (text === '') return null;
  const [oldestMajor, oldestMinor] = OLDEST_GIT;
  const isTooOld = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  return { text, isTooOld };
}
