/**
 * `latchkey check`: whether `latchkey serve` with the same options would do well here.
 *
 * Invariant: it ends with 0 only if nothing fails; a warning alone is no failure.
 */
import { Command } from 'commander';
import type { InstallationFinding } from '../../actions/instance/installation-finding.ts';
import { SettingsProblem } from '../../base/settings/problem.ts';
import { SETTING_NAMES } from '../../base/settings/rows.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { Stopped, spoken, type Terminal } from '../terminal.ts';

/** It takes all options of `serve`. */
export function installationCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description(
      'check whether a server would run well here: settings, database, repositories, certificate, mail, clock, disk',
    )
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) => check(command, terminal, json === true));
  return examples(addSettingOptions(command, SETTING_NAMES), [
    'latchkey check',
    'latchkey check --config /etc/latchkey/latchkey.yaml --json',
  ]);
}

async function check(command: Command, terminal: Terminal, asJson: boolean): Promise<void> {
  const findings: InstallationFinding[] = [];
  const note = (finding: InstallationFinding): void => {
    findings.push(finding);
    if (!asJson) tell(finding, terminal);
  };
  const settings = await readAll(command, terminal, note);
  if (settings !== null) {
    const [{ examineInstallation }, { makeLog }, { systemClock }] = await Promise.all([
      import('../../actions/instance/installation.ts'),
      import('../../base/log.ts'),
      import('../../base/time.ts'),
    ]);
    const place = { settings, env: terminal.env, clock: systemClock, log: makeLog('silent') };
    for await (const finding of examineInstallation(place)) note(finding);
  }
  const failed = findings.filter(({ state }) => state === 'fail').length;
  if (asJson) terminal.print(JSON.stringify({ ok: failed === 0, checks: findings }, null, 2));
  else terminal.print(failed === 0 ? '\nA server would do well here.' : `\n${failed} of these must be mended.`);
  if (settings === null) throw new Stopped(EXIT.usage);
  if (failed > 0) throw new Stopped(EXIT.refused);
}

/** Null when they can't be used; then each complaint is a finding. */
async function readAll(
  command: Command,
  { env }: Terminal,
  note: (finding: InstallationFinding) => void,
): Promise<Settings | null> {
  const { readSettings } = await import('../../base/settings/sources.ts');
  try {
    const settings = readSettings({ flags: settingFlags(command), env });
    const from = settings.config === null ? 'options and variables alone' : `${settings.config}, options and variables`;
    note({ name: 'settings', state: 'ok', found: `from ${from}, for ${settings.publicUrl}`, hint: null });
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsProblem)) throw error;
    for (const { message, hint } of error.complaints) note({ name: 'settings', state: 'fail', found: message, hint });
    return null;
  }
}

/** One line for each part, and what to do below it. What doesn't matter here isn't told. */
function tell({ name, state, found, hint }: InstallationFinding, terminal: Terminal): void {
  if (state === 'skip') return;
  terminal.print(`${state.padEnd(4)}  ${name}: ${spoken(found)}`);
  if (hint !== null) terminal.print(`      ${spoken(hint)}`);
}
