/** Opens the data for one admin command, and closes it again. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import type { Circumstances } from '../../actions/instance/open.ts';
import { closeToOthers } from '../file-modes.ts';
import { ADMIN_SETTINGS, addSettingOptions, settingFlags } from '../setting-options.ts';
import { type Terminal, UsageError } from '../terminal.ts';

/** Adds the options that say where the data is to a command. */
export function withDataOptions(command: Command): Command {
  return addSettingOptions(command, ADMIN_SETTINGS);
}

/** Runs `act` as the operator, on the data that the command's options point to. Nothing listens meanwhile. */
export async function withData<T>(
  command: Command,
  terminal: Terminal,
  act: (ctx: Context, permit: Permit) => Promise<T>,
  circumstances: Circumstances = {},
): Promise<T> {
  const [{ readSettings }, { makeLog }, { openContext }, { operatorPermit }] = await Promise.all([
    import('../../base/settings/sources.ts'),
    import('../../base/log.ts'),
    import('../../actions/instance/open.ts'),
    import('../../actions/decision/authorize.ts'),
  ]);
  const settings = readSettings({ flags: settingFlags(command), env: terminal.env, purpose: 'admin' });
  closeToOthers(settings);
  if (!existsSync(settings.data)) terminal.say(`made a new data folder: ${settings.data}`);
  // Messages only: a server's routine log lines don't belong in a command's output.
  const ctx = await openContext(settings, makeLog(settings.logLevel === 'info' ? 'warn' : settings.logLevel), null, {
    ...circumstances,
    isCommand: true,
  });
  try {
    return await act(ctx, operatorPermit());
  } finally {
    await ctx.close();
  }
}

/** Splits `owner/name`. @throws UsageError when it has another form */
export function fullNameOf(text: string): { owner: string; name: string } {
  const [owner = '', name = '', ...rest] = text.split('/');
  if (owner === '' || name === '' || rest.length > 0)
    throw new UsageError(`a repository is named OWNER/NAME, not ${JSON.stringify(text)}`, 'for example: acme/site');
  return { owner, name };
}
