/** `--public`, `--internal`, `--private`: who sees a new repository. */
import { type Command, Option } from 'commander';
import { VISIBILITIES, type Visibility } from '../../../rules/model.ts';

/** Flags that say who sees a repository. */
export type VisibilityFlags = Readonly<Partial<Record<Visibility, true>>>;

const SEEN_BY: Readonly<Record<Visibility, string>> = {
  public: 'everybody may read it',
  internal: 'everybody who has an account may read it',
  private: 'only those who were let in may see it; this is the default',
};

/** Adds them to a command. */
export function withVisibilityOptions(command: Command): Command {
  for (const visibility of VISIBILITIES) {
    command.addOption(
      new Option(`--${visibility}`, SEEN_BY[visibility]).conflicts(
        VISIBILITIES.filter((other) => other !== visibility),
      ),
    );
  }
  return command;
}

/** What they say. */
export const visibilityOf = (flags: VisibilityFlags): Visibility =>
  VISIBILITIES.find((visibility) => flags[visibility]) ?? 'private';
